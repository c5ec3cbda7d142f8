"""Options of `recipe`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option, registered


@dataclass(frozen=True, kw_only=True)
class RecipeOptions(JobOptions):
    """Make a model, or the tables of a study, by a recorded recipe, one step after another."""

    recipe: str = option(
        MISSING,
        "one of the recipes below",
        choices=registered("jobs.recipes", "RECIPES"),
        positional=True,
    )
    data: Path = option(MISSING, "folder of the data sets", metavar="DIR")
    name: str | None = option(
        None,
        "name of the model; those that it is built on are called NAME-...; of a study the folder in results",
        shown="my-RECIPE",
        metavar="NAME",
    )
    questions: tuple[str, ...] = option(
        (),
        "questions to answer by the recipe study: some that come with the program, or TOML files of the same "
        "form; can be repeated",
        shown="all that come with the program",
        metavar="FILE|NAME",
    )
    quick: bool = option(False, "for the recipe study: the short form of the same questions", shown="off")
    print: bool = option(False, "print the commands instead of running them", shown="off")
