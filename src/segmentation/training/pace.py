"""The pace of a training and the memory that it takes: a few real steps of it, timed."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

import keras

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.run import RunConfig
from segmentation.core.events import Tell, ignore
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.memory import peak_bytes
from segmentation.core.samples import Sample
from segmentation.training.batches import Batches
from segmentation.training.freezing import phases
from segmentation.training.network import compile_network
from segmentation.training.optimizers import on_graphics_card
from segmentation.training.preparing import Ready, judging_pairs, plan_training, prepare_training

_PHOTOS = 8  # that are read and shown again and again
_ENOUGH = 64  # times that each is shown, more than the steps take
_LONG_S = 30.0  # after which a single step that was timed is enough
_FIRST, _TIMED = 2, 4  # steps: the first ones build the graph
_SAVED_S = 1.0  # an epoch: its weights and figures are written
_EXPORTED_S = 25.0  # the export and what compares its precisions
_JUDGED = 9  # times that a held-out photo is scored at the end, by three engines and for a confidence


@dataclass(frozen=True)
class Pace:
    """Seconds to `begin`, to `read` a pair, for a `step`, and to `check` a held-out photo after an epoch.

    `memory_bytes` are the `peak_bytes` of the process, or those of the graphics card where there is one.
    """

    batch_size: int
    begin: float
    read: float
    step: float
    check: float
    memory_bytes: int

    def minutes(self, steps: int, epochs: int, train: int, val: int) -> float:
        """Return the minutes of a training of so many `epochs` of `steps`, with `train` and `val` photos."""
        reading = self.read * (train + val)
        learning = epochs * (steps * self.step + val * self.check + _SAVED_S)
        judging = _EXPORTED_S + val * (3 * self.read + _JUDGED * self.check)
        return (self.begin + reading + learning + judging) / 60


def measure_pace(
    config: RunConfig,
    train: Sequence[Sample],
    *,
    labels: LabelMap = BINARY,
    start: ModelBundle | None = None,
    first: ModelBundle | None = None,
    tell: Tell = ignore,
    stop: Callable[[], bool] = lambda: False,
) -> Pace:
    """Train a completed configuration for some steps, on few of the photos, and forget the network.

    The arguments are as in `TrainingRequest`. A second pass is shown the ground truth as if it were
    first-pass scores. Raises what `fit` raises before its first epoch, and KeyboardInterrupt once `stop()` is
    true.
    """
    places = sorted({place * len(train) // _PHOTOS for place in range(_PHOTOS)})
    few = [dataclasses.replace(train[place], source=0) for place in places]
    if first:
        few = [dataclasses.replace(sample, first_scores=sample.truth) for sample in few]
    config = config.replace(mix=None, repeats=_ENOUGH)
    begun = time.perf_counter()
    ready = prepare_training(config, few, labels, start, first, tell=tell, stop=stop)
    plan = plan_training(config, ready)
    built = time.perf_counter()
    for _image in ready.pairs.images(config.training.workers):
        pass  # they are kept
    read = (time.perf_counter() - built) / len(few)
    compile_network(config, ready.model, ready.loss, phases(config.training)[0].frozen)
    clock, compiled = _Clock(stop), time.perf_counter()
    batches = ready.batches(config, plan.batch_size)
    ready.model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[clock])
    if stop():
        raise KeyboardInterrupt
    step = fmean(after - before for before, after in pairwise(clock.times[_FIRST - 1 :]))
    batches.close()
    check = _check_seconds(config, few, ready, labels, first)
    memory = plan.memory_bytes if on_graphics_card() else peak_bytes()
    ready.pairs.release()
    keras.utils.clear_session()
    begin = built - begun + clock.times[0] - compiled
    return Pace(plan.batch_size, begin, read, step, check, memory)


class _Clock(keras.callbacks.Callback):
    """Notes when each step has ended, and ends the training after enough of them."""

    def __init__(self, stop: Callable[[], bool]):
        super().__init__()
        self.times: list[float] = []
        self._stop = stop
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):  # noqa: ARG002
        self.times.append(time.perf_counter())
        timed = len(self.times) - _FIRST
        late = timed > 0 and self.times[-1] - self._began > _LONG_S
        if self._stop() or timed >= _TIMED or late:
            self.model.stop_training = True


def _check_seconds(
    config: RunConfig, few: Sequence[Sample], ready: Ready, labels: LabelMap, first: ModelBundle | None
) -> float:
    """The seconds that it takes to judge a held-out photo at the network's size."""
    pairs = judging_pairs(config, few, ready.pairs.preprocessing, labels, first)
    batches = Batches(pairs, len(few), workers=config.training.workers)
    ready.model.evaluate(batches, verbose=0)  # builds the graph, and reads the pairs
    began = time.perf_counter()
    ready.model.evaluate(batches, verbose=0)
    batches.close()
    pairs.release()
    return (time.perf_counter() - began) / len(few)
