"""Checks of options that exclude each other, in any job."""

from segmentation.config.options import JobOptions
from segmentation.core.errors import ConfigError


def check_alone(options: JobOptions, name: str, other: str) -> None:
    """Raise ConfigError where two options are given that exclude each other."""
    if getattr(options, name) and getattr(options, other):
        raise ConfigError(f"`{name}`: expected without `{other}`, received both; leave one of them out")
