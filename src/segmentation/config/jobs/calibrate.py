"""Options of `calibrate`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.faults import FaultOptions
from segmentation.config.options import JobOptions, option


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions(JobOptions):
    """Fit a model's confidence on pairs that it was not trained on."""

    model: str | None = option(
        None,
        "model in the models folder, or the path of one",
        shown="the one named default, or else the only one",
        metavar="NAME",
    )
    name: str | None = option(
        None,
        "calibrate a copy of the model, which gets this name in the models folder",
        shown="none: the model itself",
        metavar="NAME",
    )
    data: tuple[Path, ...] = option(
        (),
        "folder of pairs; can be repeated",
        shown="the one that the model was trained on, unless `synthetic` is given",
        metavar="DIR",
    )
    exclude: Path | None = option(
        None,
        "leave out the pairs that this table excludes, as in `train`",
        shown="none",
        metavar="FILE",
    )
    fold_model: tuple[str, ...] = option(
        (),
        "model trained in the same way, but on a fold (`train folds=K fold=N`), which predicts the photos "
        "held out of it; can be repeated",
        shown="none, so that photos that the model was trained on are left out",
        metavar="NAME",
    )
    synthetic: int = option(0, "drawn garments to add, from three viewpoints each")
    faults: FaultOptions = FaultOptions()
