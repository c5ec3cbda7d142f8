"""The names of bundles: which are allowed, and which are in a folder."""

import reprlib
from pathlib import Path

from segmentation.bundle.schema import is_name
from segmentation.core.errors import ConfigError

DESCRIPTION = "bundle.json"
"""The file that makes a folder a bundle."""

HISTORY = "history.csv"
"""The figures of its training, a row for each epoch."""


def check_name(name: str) -> str:
    """Return `name` if it can name a bundle, else raise ConfigError."""
    if not is_name(name):
        raise ConfigError(
            "model name: expected at most 100 letters, digits and '._-' after a letter or digit, "
            f"received {reprlib.repr(name)}"
        )
    return name


def names_in(folder: Path) -> list[str]:
    """Return the names of the bundles in a folder in their order; none of a folder that cannot be read."""
    try:
        found = [file.parent.name for file in folder.glob(f"*/{DESCRIPTION}")]
    except (OSError, ValueError):  # the folder's own name may be one that cannot be looked up
        return []
    return sorted(name for name in found if is_name(name))


def choices(folder: Path) -> str:
    """Return in words which bundles a folder has, or how to come to one."""
    names = names_in(folder)
    return (
        f"models there: {', '.join(names)}"
        if names
        else "`train data=DIR name=NAME` makes one, and default comes with the program"
    )
