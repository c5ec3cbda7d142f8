"""Options of `eval`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.faults import FaultOptions
from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import ModelOptions, ScoringOptions
from segmentation.core.file_kinds import DRAWN, REFINEMENTS, TRIMAPS


@dataclass(frozen=True, kw_only=True)
class MatteEvaluationOptions:
    """The mattes that are measured in the place of masks, and the trimaps that they are given."""

    matte: tuple[str, ...] = option(
        (),
        "measure a matte, a model of `train target=alpha` or one of "
        f"{', '.join(REFINEMENTS[1:])}, by the usual error measures; can be repeated: the first is what "
        "the others are compared with; with + between models, such as those of folds, each photo is left to "
        "those that were not trained on it",
        shown="masks are measured",
        metavar="NAME",
    )
    trimaps: str = option(
        DRAWN,
        "trimaps for the mattes: a folder beside the photos, such as trimap1; drawn, made of the true alpha; "
        f"or what `model` finds on its own, by {', '.join(TRIMAPS[:-1])} or {TRIMAPS[-1]}",
        metavar="NAME",
        common=False,
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(JobOptions):
    """Evaluate a model, or several as one, at full resolution, and write a report."""

    models: ModelOptions = ModelOptions()
    data: Path | None = option(
        None, "folder of pairs", shown="the one that the first model was trained on", metavar="DIR"
    )
    split: str = option(
        "held-out",
        "held-out, photos that no model was trained on; train, those that one was trained on; or all",
        choices=("held-out", "train", "all"),
    )
    size: int | None = option(None, "score N photos chosen at random", minimum=1, shown="all")
    seed: int = option(0, "seed of the random choice", common=False)
    tolerance_px: float = option(
        2.0, "distance that counts as on the boundary, in pixels of the photo", common=False
    )
    faults: FaultOptions = FaultOptions()
    report_images: int = option(40, "photos in the report, worst first, and faults, largest first")
    mattes: MatteEvaluationOptions = MatteEvaluationOptions()
    robustness: bool = option(
        False,
        "score every photo some 40 times more, with its light, sharpness, compression, framing and size "
        "disturbed, and report how much worse the masks become",
    )
    save_alpha: bool = option(
        False,
        "write the alpha that was found of each photo as well, as alpha/PHOTO.png; of several mattes into a "
        "folder each",
        shown="off",
        common=False,
    )
    output: Path | None = option(
        None,
        "folder of the results",
        shown="results/MODEL/eval, of several models results/MODEL+MODEL/eval",
        metavar="DIR",
    )
    scoring: ScoringOptions = ScoringOptions()
