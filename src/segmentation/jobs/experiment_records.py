"""The figures of a cell as a file, from which the table is made, and made again."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.experiment import Repeat
from segmentation.core.errors import DataError
from segmentation.core.files import write_text
from segmentation.core.tables import write_csv
from segmentation.datasets.exclusion import EXCLUDE, ID, YES
from segmentation.evaluation.experiment_figures import CellFigures, PhotoFigures
from segmentation.evaluation.history import read_history
from segmentation.evaluation.set_figures import Evaluation

_DEVIATIONS = 2  # below the mean, from which a photo is an outlier


def figures_of_cell(
    repeat: Repeat, bundle: ModelBundle, evaluation: Evaluation, stopped: int = 0
) -> CellFigures:
    """Return the figures of a cell whose model was judged; `stopped` is as in `CellFigures`."""
    recorded = bundle.provenance
    cost = recorded.get("cost", {})
    several = evaluation.classes is not None
    measure = "iou" if several else "dice"
    return CellFigures(
        repeat=repeat,
        model=bundle.name,
        photos={
            row.id: PhotoFigures(row.group, getattr(row, measure), row.boundary_f1, row.fault_count)
            for row in evaluation.rows
        },
        threshold=None if several else evaluation.threshold,
        seconds=recorded.get("training_seconds"),
        gflop=cost.get("gflop"),
        parameters=cost.get("parameters"),
        epochs=recorded.get("epochs"),
        best_epoch=recorded.get("best_epoch"),
        stopped=stopped,
        history=read_history(bundle),
    )


def write_record(path: Path, figures: CellFigures) -> None:
    """Write the figures of a cell, atomically."""
    write_text(path, json.dumps(dataclasses.asdict(figures)) + "\n")


def read_record(path: Path) -> CellFigures | None:
    """Read the figures of a cell; None where there are none yet. Raises DataError for a damaged file."""
    try:
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        photos = {name: PhotoFigures(**one) for name, one in plain.pop("photos").items()}
        return CellFigures(**{**plain, "repeat": Repeat(**plain["repeat"]), "photos": photos})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: expected the figures of a cell, received a damaged file ({error}); remove it, and the "
            "same command makes it again"
        ) from error


def write_outliers(path: Path, cells: Sequence[CellFigures]) -> list[str]:
    """Write a table that excludes the photos two deviations below the mean, and return their ids.

    Where a cell failed there is no table, not that of an earlier run either: the cells that need it fail as
    well, and are run again with it.
    """
    if any(cell.failure for cell in cells):
        path.unlink(missing_ok=True)
        return []
    found: dict[str, list[float]] = {}
    for cell in cells:
        for name, one in cell.photos.items():
            found.setdefault(name, []).append(one.quality)
    means = {name: fmean(values) for name, values in found.items()}
    limit = fmean(means.values()) - _DEVIATIONS * stdev(means.values()) if len(means) > 1 else 0.0
    outliers = sorted(name for name, value in means.items() if value < limit)
    write_csv(path, [(ID, EXCLUDE), *((name, YES) for name in outliers)])
    return outliers
