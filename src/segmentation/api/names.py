"""Models by name or by path, as Python code passes them."""

import os
from pathlib import Path
from typing import Any

Name = str | os.PathLike[str]


def as_text(model: Any) -> Any:
    """Return a model, or several, as text for the options; a `Path` becomes absolute, never a name."""
    if isinstance(model, list | tuple):
        return [as_text(member) for member in model]
    return str(Path(model).absolute()) if isinstance(model, os.PathLike) else model
