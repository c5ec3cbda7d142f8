"""Options of `experiment`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option

_MOST_WORKERS = 64


@dataclass(frozen=True, kw_only=True)
class ExperimentOptions(JobOptions):
    """Train variants of a model, several times each, and tell which differences could be chance."""

    experiment: str = option(
        MISSING,
        "a TOML file that says what varies, or one of the experiments below",
        metavar="FILE|NAME",
        positional=True,
    )
    data: tuple[Path, ...] = option(
        MISSING,
        "folder of pairs to train on; no photos are held out from further ones",
        metavar="DIR",
    )
    quick: bool = option(
        False, "the short form of the same experiment, as its table quick has it", shown="off"
    )
    workers: int = option(
        1,
        "trainings at the same time, each in a process of its own where there are several; two of a small "
        "network on two cores take less time than one after the other",
        minimum=1,
        maximum=_MOST_WORKERS,
    )
    print: bool = option(False, "print the variants and their options instead of training them", shown="off")
    output: Path | None = option(
        None,
        "folder of the table, the report and the models; what is finished there is not trained again",
        shown="results/experiments/NAME",
        metavar="DIR",
    )
