"""The given options of `predict` and `serve` that mean nothing, by the names under which they were given."""

from segmentation.config.files import FileOptions, TriageOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.serve import ServeOptions
from segmentation.config.options import fields_by_name
from segmentation.core.errors import ConfigError
from segmentation.inference.suitability import options_of_masks
from segmentation.stores.address import Address

_ABOUT_FILES = ("output", "binary", "overwrite", "dry_run", "on")  # and those of FileOptions


def about_files(options: PredictOptions) -> list[str]:
    """Return the given options that do nothing without `save`."""
    names = (*_ABOUT_FILES, *vars(FileOptions()))
    return [f"`{_typed(options, name)}`" for name in dict.fromkeys(names) if name in options.given]


def check_place(options: PredictOptions) -> None:
    """Raise ConfigError for a place of the results that does not fit how they are made or looked at."""
    in_store = isinstance(options.output, Address)
    if in_store and options.review:
        raise ConfigError(
            f"`review`: expected results in a folder, received {options.output}; give another `output`"
        )
    if options.review and (addresses := [one for one in options.photos.input if isinstance(one, Address)]):
        raise ConfigError(
            f"`review`: expected photos on this machine, received {addresses[0]}; copy them into a folder"
        )
    if options.on and not in_store:
        raise ConfigError(
            f"`on={options.on}`: expected results at an address that every machine of the cluster reaches, "
            f"received {options.output}; give `output=s3://BUCKET/FOLDER`, or `output=file:///FOLDER` of a "
            "drive that all of them have"
        )


def about_cutouts(options: PredictOptions | ServeOptions) -> list[str]:
    """Return the given options that mean nothing where classes are marked; overlays are written anyway."""
    every = (*vars(FileOptions()), *vars(TriageOptions()), "review")
    names = (name for name in every if name != "overlay")
    given = [f"`{_typed(options, name)}`" for name in names if name in options.given]
    return [*options_of_masks(options.given), *given]


def _typed(options: PredictOptions | ServeOptions, name: str) -> str:
    """Return the name under which an option was given; one that is on by default may have been turned off."""
    found = fields_by_name(type(options))[name]
    return f"no_{name}" if found.value_in(options) is False and found.default else name
