"""The CPU time of a photo's stages, over all threads, measured in functions of the library as they are.

Every function that a stage names is watched wherever it was imported. A stage has its functions' own time
without that of other stages within them, so that all of them and `other` are the time of the whole.
"""

import importlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from unittest import mock

import project  # noqa: F401  (so that the library is found)

FUNCTIONS = {
    "decode": ("images.files.open_photo",),
    "resize": ("preprocessing.pixels.resize", "preprocessing.pixels.resize_scores"),
    "clean-up": (
        "confidence.parts.parts_of",
        "confidence.parts.faint_parts",
        "preprocessing.second_pass.SecondPassView.region",
        "preprocessing.second_pass.SecondPassView.keep",
    ),
    "judging": ("confidence.estimator.ConfidenceEstimator.__call__",),
    "alpha": ("outputs.alpha.soft_alpha",),
    "decontamination": ("images.decontamination.decontaminate",),
    "cutout": ("outputs.cutout_style.with_alpha",),
    "review picture": ("reports.review.draw", "confidence.doubts.encode_doubts"),
    "encode": ("images.files.write_image",),
    "record": ("outputs.publishing.Publisher.__call__", "outputs.manifest.Manifest.key"),
}
NETWORKS = {False: "first pass", True: "second pass"}  # by whether there is a pass before it
ORDER = (
    *("decode", "first pass", "second pass", "resize", "clean-up", "judging", "alpha"),
    *("decontamination", "cutout", "encode", "review picture", "record", "other"),
)
BOUND = ("decode", "first pass", "second pass", "encode")  # what no program can do without


class Stages:
    """The CPU seconds of each stage so far, of a process that works on one photo at a time."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._open: list[list] = []  # of [stage, since when]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the block as a stage, and no longer as the one around it."""
        now = time.process_time()
        if self._open:
            outer, since = self._open[-1]
            self.seconds[outer] += now - since
        self._open.append([name, now])
        try:
            yield
        finally:
            now = time.process_time()
            _, since = self._open.pop()
            self.seconds[name] += now - since
            if self._open:
                self._open[-1][1] = now

    def watched(self, name: str, function: Callable) -> Callable:
        """Return the function as a stage."""

        @wraps(function)
        def call(*arguments, **named):
            with self.stage(name):
                return function(*arguments, **named)

        return call

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the functions of all stages, and the networks that are loaded meanwhile."""
        with ExitStack() as stack:
            for name, places in FUNCTIONS.items():
                for place in places:
                    _watch(stack, place, lambda function, name=name: self.watched(name, function))
            _watch(stack, "inference.engines.openvino_engine.openvino_network", self._of_network)
            yield

    def _of_network(self, load: Callable) -> Callable:
        @wraps(load)
        def loaded(bundle, *arguments, **named):
            network, chosen = load(bundle, *arguments, **named)
            return self.watched(NETWORKS[bundle.first is not None], network), chosen

        return loaded


def _watch(stack: ExitStack, place: str, watched: Callable[[Callable], Callable]) -> None:
    """Put the watched function in place of one of the library, in every module that has it."""
    module, *names = _module_and_names(f"segmentation.{place}")
    owner = module
    for name in names[:-1]:
        owner = getattr(owner, name)
    function = getattr(owner, names[-1])
    if owner is not module:
        stack.enter_context(mock.patch.object(owner, names[-1], watched(function)))
        return
    replacement = watched(function)
    for name, other in list(sys.modules.items()):
        if name.startswith("segmentation.") and vars(other).get(names[-1]) is function:
            stack.enter_context(mock.patch.object(other, names[-1], replacement))


def _module_and_names(place: str) -> list:
    parts = place.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            return [importlib.import_module(".".join(parts[:length])), *parts[length:]]
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError(place)


def draw_chart(before: Path, after: Path, chart: Path) -> None:
    """Draw the stages of two files of `predict_folder.py --json` beside each other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for place, (label, path) in enumerate((("before", before), ("after", after))):
        stages = json.loads(path.read_text())
        heights = [row + (place - 0.5) * 0.38 for row in range(len(ORDER))]
        taken = [1000 * stages.get(name, 0.0) for name in ORDER]
        bars = axes.barh(heights, taken, 0.36, label=f"{label}: {sum(taken):.0f} ms")
        axes.bar_label(bars, [f"{value:.0f}" for value in taken], padding=2, fontsize=8)
    axes.set_yticks(range(len(ORDER)), ORDER)
    axes.invert_yaxis()
    axes.set_xlabel("CPU time of a photo, ms")
    axes.legend()
    axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasAgg(figure).print_png(chart)
