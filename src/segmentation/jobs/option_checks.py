"""Options that exclude each other, in whichever job."""

from segmentation.config.options import JobOptions
from segmentation.core.errors import ConfigError


def check_alone(options: JobOptions, one: str, other: str) -> None:
    """Raise ConfigError where two options are given that exclude each other."""
    if getattr(options, one) and getattr(options, other):
        raise ConfigError(f"`{one}`: expected without `{other}`, received both; leave one of them out")
