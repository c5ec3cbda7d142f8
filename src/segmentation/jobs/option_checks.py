"""Checks of options that exclude each other, in any job."""

from collections.abc import Iterable

from segmentation.config.files import CutoutOptions
from segmentation.config.options import JobOptions, fields_by_name
from segmentation.core.errors import ConfigError


def check_alone(options: JobOptions, name: str, other: str) -> None:
    """Raise ConfigError where two options are given that exclude each other."""
    known = fields_by_name(type(options))
    if known[name].value_in(options) and known[other].value_in(options):
        raise ConfigError(f"`{name}`: expected without `{other}`, received both; leave one of them out")


_OF_FORMATS = {"subsampling": ("jpg",), "jpeg_quality": ("jpg", "webp")}


def check_cutouts(options: JobOptions, files: CutoutOptions) -> None:
    """Raise ConfigError where an option of cutouts is given that does nothing without another."""
    check_with(options, ("margin", "align"), "canvas")
    for name, formats in _OF_FORMATS.items():
        if name in options.given and not {*formats} & {*files.format}:
            raise ConfigError(
                f"`{name}`: expected with `format={' or '.join(formats)}`, received "
                f"{','.join(files.format)}; add that format, or leave it out"
            )


def check_with(options: JobOptions, names: Iterable[str], other: str) -> None:
    """Raise ConfigError where one of the options is given that does nothing without another."""
    given = [name for name in names if name in options.given]
    if given and not fields_by_name(type(options))[other].value_in(options):
        raise ConfigError(f"`{given[0]}`: expected with `{other}`, received alone; add that, or leave it out")
