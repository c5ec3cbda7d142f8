"""Options of `recipe`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option, registered


@dataclass(frozen=True, kw_only=True)
class RecipeOptions(JobOptions):
    """Make a model by a recorded recipe, one training after another."""

    recipe: str = option(
        MISSING,
        "one of the recipes below",
        choices=registered("jobs.recipes", "RECIPES"),
        positional=True,
    )
    data: Path = option(MISSING, "folder of the data sets", metavar="DIR")
    name: str | None = option(
        None,
        "name of the model; those that it is built on are called NAME-...",
        shown="my-RECIPE",
        metavar="NAME",
    )
    print: bool = option(False, "print the commands instead of running them", shown="off")
