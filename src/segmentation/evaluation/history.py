"""The course of a training, epoch by epoch, and whether it was still improving when it ended."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.names import HISTORY
from segmentation.core.errors import BundleError

History = Mapping[str, Sequence[float]]
"""One value an epoch by name, as Keras does: `loss`, `val_loss`, `dice`, `val_dice`, ..."""

FLAT = 0.005
"""A validation figure that rose by no more than this over the last quarter of the epochs has flattened."""

_LARGEST_HISTORY_BYTES = 16 * 2**20


@dataclass(frozen=True)
class LastQuarter:
    """The rise of the best value of `measure`, in [0, 1], over the last quarter of the epochs.

    `slowed` is whether the learning rate fell there below a twentieth of its highest, which flattens any
    curve.
    """

    measure: str
    rise: float
    flattened: bool
    slowed: bool = False


def read_history(bundle: ModelBundle) -> History:
    """Read the training's figures by epoch, empty where the bundle holds none. Raises BundleError."""
    path = bundle.path / HISTORY
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read(_LARGEST_HISTORY_BYTES)
        rows = list(csv.DictReader(text.splitlines(), strict=True))
        return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else {})}
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise BundleError(
            f"{path}: expected a line of numbers for each epoch, received another file ({error}); remove it"
        ) from error


def last_quarter(history: History, measure: str) -> LastQuarter | None:
    """Return what the last quarter of the epochs, rounded up, added to the best value of `measure`.

    None for a history without the measure, or with a single epoch.
    """
    values = np.array(history.get(measure, ()), np.float64)
    before = len(values) - -(-len(values) // 4)
    known = np.where(np.isfinite(values), values, -np.inf)
    if before < 1 or np.isinf(known[:before].max()):
        return None
    rise = float(known.max() - known[:before].max())
    rates = np.array(history.get("learning_rate", ()), np.float64)
    slowed = len(rates) == len(values) and bool(rates[before:].min() < 0.05 * rates.max())
    return LastQuarter(measure, rise, rise <= FLAT, slowed)
