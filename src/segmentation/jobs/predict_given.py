"""The given options of `predict` that mean nothing in a run, by the names under which they were given."""

from segmentation.config.files import FileOptions, TriageOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.options import fields_by_name
from segmentation.inference.scorer import options_of_masks

_ABOUT_FILES = ("output", "binary", "overwrite", "dry_run")  # and those of FileOptions


def about_files(options: PredictOptions) -> list[str]:
    """Return the given options that do nothing without `save`."""
    names = (*_ABOUT_FILES, *vars(FileOptions()))
    return [f"`{_typed(options, name)}`" for name in dict.fromkeys(names) if name in options.given]


def about_cutouts(options: PredictOptions) -> list[str]:
    """Return the given options that mean nothing where classes are marked; overlays are written anyway."""
    every = (*vars(FileOptions()), *vars(TriageOptions()), "review")
    names = (name for name in every if name != "overlay")
    given = [f"`{_typed(options, name)}`" for name in names if name in options.given]
    return [*options_of_masks(options.given), *given]


def _typed(options: PredictOptions, name: str) -> str:
    """Return the name under which an option was given; one that is on by default may have been turned off."""
    found = fields_by_name(PredictOptions)[name]
    return f"no_{name}" if found.value_in(options) is False and found.default else name
