"""The network of a review, which finds what strokes mean: loaded once, when it is first wanted."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.errors import DataError, SegmentationError, printable
from segmentation.inference.scoring import Passes, load_passes
from segmentation.preprocessing.second_pass import in_8_bits
from segmentation.retouch.hints import find_hint
from segmentation.retouch.operations import Hint, Stroke
from segmentation.retouch.photos import CutPhoto

Found = TypeVar("Found")

_KEPT = 2  # photos whose first scores are kept


class Network:
    """The model that hints are given to, found and loaded when it is first wanted; any thread may use it.

    `find` returns the model, and may raise SegmentationError. One photo is scored at a time.
    """

    def __init__(self, find: Callable[[], ModelBundle]):
        self._find = find
        self._lock = threading.Lock()
        self._bundle: ModelBundle | None = None
        self._passes: Passes | None = None
        self._first_scores: OrderedDict[str, np.ndarray] = OrderedDict()  # uint8 [H, W, 1], by photo

    def check(self) -> None:
        """Raise DataError where there is no network that takes hints; the model is not loaded for it."""
        with self._lock:
            self._checked()

    def prepare(self, photo: CutPhoto, pixels: np.ndarray) -> None:
        """Be ready for hints on a photo, uint8 RGB [H, W, 3]. Raises DataError."""
        with self._lock:
            self._scored(photo, pixels)

    def hint(
        self,
        photo: CutPhoto,
        pixels: np.ndarray,
        stroke: Stroke,
        alpha: np.ndarray,
        settled: np.ndarray,
    ) -> Hint | None:
        """Return a mask after a stroke, see `find_hint`. Raises DataError."""
        with self._lock:
            passes, first_scores = self._scored(photo, pixels)
            threshold = self._threshold(photo)
            return _told_of_failures(
                lambda: find_hint(stroke, pixels, first_scores, passes, threshold, alpha, settled)
            )

    def _checked(self) -> ModelBundle:
        if self._bundle is None:
            self._bundle = _told_of_failures(self._find)
        bundle = self._bundle
        if not bundle.first:
            raise DataError(
                f"smart strokes need a model with two passes, and {bundle.name} has one; "
                f"`train second_pass={bundle.name}` adds the second"
            )
        if not bundle.preprocessing.guided:
            raise DataError(
                f"smart strokes need a second pass that sees first scores, which that of {bundle.name} does "
                "not; train one with `guide=held-out`"
            )
        return bundle

    def _scored(self, photo: CutPhoto, pixels: np.ndarray) -> tuple[Passes, np.ndarray]:
        bundle = self._checked()
        passes = self._passes = self._passes or _told_of_failures(lambda: load_passes(bundle))
        assert passes  # for a model that was checked
        name = f"{photo.id} {photo.sha256}"
        found = self._first_scores.pop(name, None)
        if found is None:
            found = in_8_bits(_told_of_failures(lambda: passes.first(pixels)))
        self._first_scores[name] = found
        while len(self._first_scores) > _KEPT:
            self._first_scores.popitem(last=False)
        return passes, found

    def _threshold(self, photo: CutPhoto) -> float:
        """Return the threshold that the mask was made with where it is of this model."""
        bundle, chosen = self._checked(), photo.key.get("threshold")
        own = bundle.digest in digests_of(photo)
        return chosen if own and isinstance(chosen, float) and 0 < chosen < 1 else bundle.threshold


def digests_of(photo: CutPhoto) -> list[Any]:
    """Return the digests of the models that predict made the mask of a photo with."""
    found = photo.key.get("model")
    return found if isinstance(found, list) else [found]


def _told_of_failures(work: Callable[[], Found]) -> Found:
    """Return the result of some work on the network; any failure becomes a message of one line."""
    try:
        return work()
    except SegmentationError:
        raise
    except Exception as error:
        reason = printable(f"{type(error).__name__}: {error}"[:300])
        raise DataError(
            f"the network failed ({reason}); nothing was changed: draw with the brush, or start review again"
        ) from error
