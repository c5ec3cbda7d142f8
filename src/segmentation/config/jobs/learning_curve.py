"""Options of `learning-curve`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.jobs.fold_network import EPOCHS, FoldNetworkOptions
from segmentation.config.options import JobOptions, option


@dataclass(frozen=True, kw_only=True)
class LearningCurveOptions(JobOptions):
    """Train on growing parts of the pairs, and tell what more pairs are likely to bring."""

    data: Path = option(MISSING, "folder of pairs", metavar="DIR")
    more: int = option(50, "how many more photos to ask about", minimum=1)
    steps: int = option(4, "how many sizes to train on, each half of the next", minimum=3, maximum=8)
    folds: int = option(3, "trainings at each size, each of which holds other photos out", minimum=2)
    network: FoldNetworkOptions = FoldNetworkOptions()
    epochs: int = option(
        EPOCHS, "epochs; fewer pairs are shown more often in each, so that all take as many steps", minimum=1
    )
    workers: int = option(
        1, "trainings at the same time, as in the command experiment", minimum=1, maximum=64
    )
    output: Path | None = option(
        None, "folder of the results", shown="results/learning-curve/DATA", metavar="DIR"
    )
