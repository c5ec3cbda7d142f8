"""Options of `learning-curve`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option
from segmentation.core.size import Size


@dataclass(frozen=True, kw_only=True)
class LearningCurveOptions(JobOptions):
    """Train on growing parts of the pairs, and tell what more pairs are likely to bring."""

    data: Path = option(MISSING, "folder of pairs", metavar="DIR")
    more: int = option(50, "how many more photos to ask about", minimum=1)
    steps: int = option(4, "how many sizes to train on, each half of the next", minimum=3, maximum=8)
    folds: int = option(3, "trainings at each size, each of which holds other photos out", minimum=2)
    model: str | None = option(
        None,
        "start from this model, which must not have been trained on these pairs",
        shown="from weights of ImageNet",
        metavar="NAME",
    )
    architecture: str | None = option(
        None,
        "architecture",
        shown="unet-efficientnet-lite0, or that of `model`",
        metavar="NAME",
        common=False,
    )
    filters: int | None = option(
        None, "filters of the first level", minimum=1, shown="those of the architecture", common=False
    )
    input_size: Size | None = option(
        None,
        "input size of the models",
        shown="192x288, turned to the proportions of the photos, or that of `model`",
        common=False,
    )
    epochs: int = option(
        14, "epochs; fewer pairs are shown more often in each, so that all take as many steps", minimum=1
    )
    batch_size: int = option(8, "photos in a batch", minimum=1, common=False)
    workers: int = option(
        1, "trainings at the same time, as in the command experiment", minimum=1, maximum=64
    )
    output: Path | None = option(
        None, "folder of the results", shown="results/learning-curve/DATA", metavar="DIR"
    )
