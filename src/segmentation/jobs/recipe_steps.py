"""Steps and requests of recipes.

Standard library and options only, since `--help` lists the recipes.
"""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.options import JobOptions


@dataclass(frozen=True)
class Request:
    """The request to a recipe: the folder of data sets, and the name of what it makes.

    `results` is the folder in which it may write anything but models. For the recipe of a study, `questions`
    are those to answer, or all of them if empty, and `quick` asks for their short form.
    """

    data: Path
    name: str
    results: Path = Path("results")
    questions: tuple[str, ...] = ()
    quick: bool = False


@dataclass(frozen=True)
class Step:
    """A job of a recipe, and the name of what it makes: a model, or something in the folder of results."""

    name: str
    options: JobOptions

    @property
    def output(self) -> Path | None:
        """The folder or file that it writes; None for a model."""
        return getattr(self.options, "output", None)
