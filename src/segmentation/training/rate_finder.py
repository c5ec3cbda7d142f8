"""The rate finder: a short training whose learning rate rises, and the rate that it suggests (Smith 2017)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.training import RunConfig
from segmentation.core.errors import TrainingError
from segmentation.core.events import Tell, counting, ignore
from segmentation.core.types import BINARY, LabelMap, Sample
from segmentation.training.fit import choose_batch_size, prepare_training
from segmentation.training.freezing import phases
from segmentation.training.network import compile_network

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 120

_SMOOTHING = 0.9  # share of the past in the smoothed loss
_WARM_UP = 10  # steps before a loss counts, while the network leaves its first weights
_BELOW = 10  # times the suggestion lies below the rate of the lowest loss


@dataclass(frozen=True)
class RateSearch:
    """The losses of the steps at rising `rates`, as they were and smoothed.

    The `suggested` rate is a tenth of that of the lowest smoothed loss; at the `steepest` it falls fastest.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggested: float
    steepest: float


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

    The arguments are as in `fit`; nothing is kept of the network. Raises what `fit` raises before its first
    epoch, TrainingError for a loss that never falls, and KeyboardInterrupt once `stop()` is true.
    """
    config = config.replace(average=0)  # it would lag behind
    ready = prepare_training(config, train, labels, start, first, tell=tell, stop=stop)
    batches = ready.batches(config, choose_batch_size(config, ready))
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
        if _runs_away(smoothed(losses)):
            break
    keras.utils.clear_session()
    return suggest(rates, losses)


def suggest(rates: Sequence[float], losses: Sequence[float]) -> RateSearch:
    """Return what losses at rising rates suggest. Raises TrainingError where they never fall."""
    curve = smoothed(losses)
    if len(curve) <= _WARM_UP + 1 or curve[_WARM_UP:].min() >= curve[_WARM_UP]:
        raise TrainingError(
            "`find_rate`: expected a loss that falls at some rate, received one that never does; check the "
            "pairs, or try another loss or optimizer"
        )
    lowest = _WARM_UP + int(curve[_WARM_UP:].argmin())
    slopes = np.gradient(curve, np.log(rates))
    steepest = _WARM_UP + int(slopes[_WARM_UP : lowest + 1].argmin())
    return RateSearch(
        tuple(rates), tuple(losses), tuple(curve.tolist()), rates[lowest] / _BELOW, rates[steepest]
    )


def smoothed(losses: Sequence[float]) -> np.ndarray:
    """Return the exponential average of the losses, float64 [N], without the pull of its beginning."""
    average, curve = 0.0, []
    for count, loss in enumerate(losses, start=1):
        average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
        curve.append(average / (1 - _SMOOTHING**count))
    return np.array(curve)


def _runs_away(curve: np.ndarray) -> bool:
    """Whether the loss has risen again by as much as it had fallen."""
    if len(curve) <= 2 * _WARM_UP:
        return False
    began, lowest = curve[_WARM_UP], curve[_WARM_UP:].min()
    return bool(curve[-1] > began + (began - lowest) and lowest < began)
