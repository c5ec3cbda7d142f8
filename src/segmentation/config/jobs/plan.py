"""Options of `plan`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.jobs.train import TrainOptions
from segmentation.config.options import JobOptions, same_option
from segmentation.config.run import RunConfig


@dataclass(frozen=True, kw_only=True)
class PlanOptions(JobOptions):
    """Plan a training by the photos and this machine, with a reason for each choice, without training."""

    data: tuple[Path, ...] = same_option(TrainOptions, "data")
    exclude: Path | None = same_option(TrainOptions, "exclude")
    augmentation: str | None = same_option(TrainOptions, "augmentation")
    model: str | None = same_option(TrainOptions, "model")
    second_pass: tuple[str, ...] = same_option(TrainOptions, "second_pass")
    minutes: int = same_option(TrainOptions, "minutes")
    run: RunConfig = RunConfig()
