"""Options of `compare`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.faults import FaultOptions
from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import ScoringOptions, parse_threshold

MOST_IMAGES = 100  # photos in one picture


@dataclass(frozen=True)
class Reference:
    """A published figure, in [0, 1], to show beside the models; written as NAME=VALUE."""

    name: str
    value: float

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read "capstone=0.99". Raises ValueError."""
        name, _, value = text.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not (name.strip() and name.isprintable() and 0 <= number <= 1):
            raise ValueError(
                f"expected NAME=VALUE with a figure from 0 to 1, such as capstone=0.99, received {text!r}"
            )
        return cls(name.strip(), number)

    def __str__(self) -> str:
        return f"{self.name}={self.value!r}"


@dataclass(frozen=True, kw_only=True)
class CompareOptions(JobOptions):
    """Compare models on the same photos, with intervals, a test, and a report."""

    models: tuple[str, ...] = option(
        MISSING,
        "two or more models, by name in the models folder or by path; the first is the baseline",
        metavar="MODEL",
        positional=True,
    )
    data: Path | None = option(
        None,
        "folder of pairs; those that a model was trained on are left out",
        shown="the one that the first model was trained on",
        metavar="DIR",
    )
    threshold: float | None = option(
        None,
        "score from which a pixel is garment, between 0 and 1",
        parse=parse_threshold,
        shown="auto, each model's own",
        metavar="auto|X",
    )
    reference: tuple[Reference, ...] = option(
        (),
        "a published figure to show beside the models, such as capstone=0.99: a mean Dice, or the mean IoU "
        "of all pixels of models of several classes; can be repeated",
        shown="none",
        metavar="NAME=VALUE",
    )
    faults: FaultOptions = FaultOptions()
    report_images: int = option(
        6,
        "photos in the report, from the worst to the best; they are scored again",
        maximum=MOST_IMAGES,
    )
    output: Path | None = option(
        None, "folder of the results", shown="results/compare/MODEL-MODEL...", metavar="DIR"
    )
    scoring: ScoringOptions = ScoringOptions()
