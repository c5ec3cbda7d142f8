"""The loss of quality of the masks on disturbed photos."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation.core.errors import ConfigError, DataError
from segmentation.core.files import write_text
from segmentation.core.labels import HALF
from segmentation.core.predictions import ScoreFn
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.core.tables import write_csv
from segmentation.evaluation.disturbances import DISTURBANCES, Disturbance
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.metrics import masks as metrics
from segmentation.preprocessing.pixels import resize_scores

if TYPE_CHECKING:
    from rich.console import Console

CASES = tuple((name, level) for name, kind in DISTURBANCES.items() for level in kind.levels)
"""Every (disturbance, level)."""

SMALL_CHANGE = 0.003
"""A change of the mean Dice that is half of the difference between two retouchers' cutouts of one photo."""

_AS_IT_IS = Disturbance("", (0,), lambda photo, _level: photo, 0)
_STEPS = ((_AS_IT_IS, 0), *((DISTURBANCES[name], level) for name, level in CASES))

_EVERYDAY: dict[str, set[tuple[str, float]]] = {
    "flipped": {("flip", 1)},
    "shifted by 5%": {(name, level) for name in ("shift right", "shift down") for level in (-0.05, 0.05)},
    "rescaled by 10%": {("scale", 0.9), ("scale", 1.1)},
}


@dataclass(frozen=True)
class LevelFigures:
    """All photos under one level of one disturbance.

    `dice_mean` and `dice_min` (of the worst photo) are against the ground truth, `change_mean` is the mean
    Dice less that of the undisturbed photos: below 0 is worse. `change_error` is its standard
    error over the photos, None for one photo. `agreement_mean` is the mean Dice between the masks of the
    disturbed and the undisturbed photo, which needs no ground truth.
    """

    disturbance: str
    level: float
    dice_mean: float
    change_mean: float
    change_error: float | None
    dice_min: float
    agreement_mean: float


@dataclass(frozen=True)
class Robustness:
    """Dice of the undisturbed photos, and the figures of every level, in the order of CASES."""

    images: int
    threshold: float
    dice_mean: float
    dice_min: float
    levels: tuple[LevelFigures, ...]

    def of(self, disturbance: str) -> list[LevelFigures]:
        """Return the figures of one disturbance by rising level."""
        return [figures for figures in self.levels if figures.disturbance == disturbance]

    def everyday(self) -> dict[str, LevelFigures]:
        """Return for each everyday change the level that changes the mean Dice most, up or down."""
        return {
            name: max(
                (figures for figures in self.levels if (figures.disturbance, figures.level) in cases),
                key=lambda figures: abs(figures.change_mean),
            )
            for name, cases in _EVERYDAY.items()
        }

    def summary(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        levels = {
            name: [
                {key: value for key, value in asdict(figures).items() if key != "disturbance"}
                for figures in self.of(name)
            ]
            for name in DISTURBANCES
        }
        return {
            "images": self.images,
            "threshold": self.threshold,
            "undisturbed": {"dice_mean": self.dice_mean, "dice_min": self.dice_min},
            "small_change": SMALL_CHANGE,
            "largest_change": {name: figures.change_mean for name, figures in self.everyday().items()},
            "disturbances": {
                name: {"unit": kind.unit, "neutral": kind.neutral, "levels": levels[name]}
                for name, kind in DISTURBANCES.items()
            },
        }

    def write(self, folder: Path) -> None:
        """Write robustness.json and robustness.csv, one line for each level, atomically."""
        write_text(folder / "robustness.json", json.dumps(self.summary(), indent=2) + "\n")
        heading = [field.name for field in fields(LevelFigures)]
        undisturbed = ["none", None, self.dice_mean, None, None, self.dice_min, None]
        levels = [{**asdict(figures), "level": f"{figures.level:g}"}.values() for figures in self.levels]
        write_csv(folder / "robustness.csv", [heading, undisturbed, *levels])


def measure_robustness(
    score: ScoreFn,
    samples: Sequence[Sample],
    threshold: float,
    *,
    target_threshold: float = 0.5,
    on_progress: Callable[[int, int], None] | None = None,
) -> Robustness:
    """Score each photo as it is and under every level of DISTURBANCES, at its own size, one at a time.

    `threshold` in [0, 1] turns scores into masks; ground truth is garment where its alpha, moved with the
    photo, is at least `target_threshold`. `on_progress` is called with (done, total) after each scored
    picture. For the agreement the undisturbed mask is moved as the photo is, so that both have the same
    frame. Raises as `evaluate` does.
    """
    if not 0 <= threshold <= 1:
        raise ConfigError(f"threshold: expected a number from 0 to 1, received {threshold}; 0.5 is usual")
    if not samples:
        raise DataError("robustness: expected at least one photo with its ground truth, received none")
    done, pictures = 0, len(samples) * (1 + len(CASES))
    dice, agreement = np.ones((2, len(samples), 1 + len(CASES)))  # the undisturbed photo first
    for row, sample in enumerate(samples):
        photo, alpha = read_pair(sample)
        for column, (kind, level) in enumerate(_STEPS):
            scores, _ = score_photo(score, changed := kind.change(photo, level), sample)
            if changed.shape != photo.shape:
                scores = resize_scores(scores, Size(*alpha.shape))
            mask = scores[..., 0] >= float(threshold)
            if column == 0:
                undisturbed = mask.astype(np.uint8) * 255
            dice[row, column] = _dice(mask, kind.move(alpha, level) >= target_threshold * 255)
            agreement[row, column] = _dice(mask, kind.move(undisturbed, level) >= HALF)
            done += 1
            if on_progress:
                on_progress(done, pictures)
    return _condensed(dice, agreement, threshold)


def print_robustness(robustness: Robustness, console: "Console") -> None:
    """Print a line for each level, and the largest change of each everyday disturbance."""
    from rich.table import Table

    table = Table(title=f"Dice of disturbed photos; undisturbed {robustness.dice_mean:.4f}")
    for heading in ("disturbance", "level", "mean", "change", "worst", "agreement"):
        table.add_column(heading, justify="left" if heading == "disturbance" else "right")
    for name, kind in DISTURBANCES.items():
        rows = robustness.of(name)
        labels = (name, kind.unit, *[""] * len(rows))
        for figures, label in zip(rows, labels, strict=False):
            table.add_row(
                label,
                f"{figures.level:g}",
                f"{figures.dice_mean:.4f}",
                f"{figures.change_mean:+.4f}",
                f"{figures.dice_min:.4f}",
                f"{figures.agreement_mean:.4f}",
                end_section=figures is rows[-1],
            )
    console.print(table)
    for name, figures in robustness.everyday().items():
        verdict = "less than" if abs(figures.change_mean) < SMALL_CHANGE else "not less than"
        error = "" if figures.change_error is None else f", standard error {figures.change_error:.4f}"
        console.print(
            f"{name}: mean Dice {figures.change_mean:+.4f} at most ({figures.disturbance} "
            f"{figures.level:g}{error}), {verdict} {SMALL_CHANGE:g}",
            soft_wrap=True,
        )


def _dice(mask: np.ndarray, target: np.ndarray) -> float:
    return metrics.dice(metrics.counts(mask, target))


def _condensed(dice: np.ndarray, agreement: np.ndarray, threshold: float) -> Robustness:
    """Return the means over the photos of their figures, [photos, 1 + CASES]."""
    change = dice - dice[:, :1]
    error = change.std(axis=0, ddof=1) / np.sqrt(len(dice)) if len(dice) > 1 else None
    levels = tuple(
        LevelFigures(
            disturbance=name,
            level=level,
            dice_mean=float(dice[:, column].mean()),
            change_mean=float(change[:, column].mean()),
            change_error=None if error is None else float(error[column]),
            dice_min=float(dice[:, column].min()),
            agreement_mean=float(agreement[:, column].mean()),
        )
        for column, (name, level) in enumerate(CASES, start=1)
    )
    return Robustness(len(dice), float(threshold), float(dice[:, 0].mean()), float(dice[:, 0].min()), levels)
