"""The rate finder: a short training whose learning rate rises, and the rate that it suggests (Smith 2017)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.run import RunConfig
from segmentation.core.errors import TrainingError
from segmentation.core.events import Tell, counting, ignore
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.samples import Sample
from segmentation.training.freezing import phases
from segmentation.training.network import compile_network
from segmentation.training.preparing import plan_training, prepare_training

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 120

_SMOOTHING = 7  # steps, a third of a decade of rates: the deviation of the bell that smooths the losses
_LEARNS_NOTHING = 20  # steps at rates so low that they show where the loss begins, and its noise


@dataclass(frozen=True)
class RateSearch:
    """The losses of the steps at rising `rates`, as they were and smoothed.

    The `suggested` rate is where the smoothed loss falls fastest; at the `lowest` it is lowest, which with
    normalisation in the network may be far too high a rate to train with.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggested: float
    lowest: float


def find_rate(
    config: RunConfig,
    train: Sequence[Sample],
    *,
    labels: LabelMap = BINARY,
    start: ModelBundle | None = None,
    first: ModelBundle | None = None,
    tell: Tell = ignore,
    stop: Callable[[], bool] = lambda: False,
) -> RateSearch:
    """Train for at most `STEPS` steps with rates from `LOWEST` to `HIGHEST`, until the loss runs away.

    The arguments are as in `TrainingRequest`; nothing is kept of the network. Raises what `fit` raises before
    its first epoch, TrainingError for a loss that never falls, and KeyboardInterrupt once `stop()` is true.
    """
    config = config.replace(average=0)  # an average would lag behind
    ready = prepare_training(config, train, labels, start, first, tell=tell, stop=stop)
    batches = ready.batches(config, plan_training(config, ready).batch_size)
    model = ready.model
    compile_network(config, model, ready.loss, phases(config.training)[0].frozen)
    progress = counting(tell, "rising rates")
    rates: list[float] = []
    losses: list[float] = []
    for step in range(STEPS):
        if stop():
            raise KeyboardInterrupt
        batches.epoch, index = divmod(step, batches.num_batches)
        rate = LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1))
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        loss = float(model.train_on_batch(*batches[index], return_dict=True)["loss"])
        progress(step + 1, STEPS)
        if not math.isfinite(loss):
            break
        rates.append(rate)
        losses.append(loss)
        if _runs_away(losses):
            break
    batches.close()
    keras.utils.clear_session()
    return suggest(rates, losses)


def suggest(rates: Sequence[float], losses: Sequence[float]) -> RateSearch:
    """Return what losses at rising rates suggest. Raises TrainingError where none makes them fall."""
    curve = smoothed(losses)
    if len(curve) <= _LEARNS_NOTHING or _fall(losses, curve) <= 0:
        raise TrainingError(
            "`find_rate`: expected a loss that falls at some rate, received one that never does; check the "
            "pairs, or try another loss or optimizer"
        )
    lowest = _LEARNS_NOTHING + int(curve[_LEARNS_NOTHING:].argmin())
    slopes = np.gradient(curve, np.log(rates))
    steepest = _LEARNS_NOTHING + int(slopes[_LEARNS_NOTHING : lowest + 1].argmin())
    return RateSearch(tuple(rates), tuple(losses), tuple(curve.tolist()), rates[steepest], rates[lowest])


def smoothed(losses: Sequence[float]) -> np.ndarray:
    """Return the losses smoothed over a few steps to both sides, float64 [N]."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(np.array(losses, np.float64), _SMOOTHING, mode="nearest")


def _fall(losses: Sequence[float], curve: np.ndarray) -> float:
    """Return how far the smoothed loss has fallen below its beginning, less what noise alone can do."""
    first = np.array(losses[:_LEARNS_NOTHING])
    return float(first.mean() - curve.min(initial=np.inf, where=_later(curve)) - first.std())


def _later(curve: np.ndarray) -> np.ndarray:
    return np.arange(len(curve)) >= _LEARNS_NOTHING


def _runs_away(losses: Sequence[float]) -> bool:
    """Return whether the loss has fallen, and has then risen by as much above its beginning."""
    curve = smoothed(losses)
    if len(curve) <= _LEARNS_NOTHING or (fall := _fall(losses, curve)) <= 0:
        return False
    return bool(curve[-1] > np.mean(losses[:_LEARNS_NOTHING]) + fall)
