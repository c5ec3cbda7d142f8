"""Models by name or by path, as a program has them."""

import os
from pathlib import Path
from typing import Any

Name = str | os.PathLike[str]


def as_text(model: Any) -> Any:
    """Return a model, or several, as options name them; a `Path` is one even without a separator in it."""
    if isinstance(model, list | tuple):
        return [as_text(one) for one in model]
    return str(Path(model).absolute()) if isinstance(model, os.PathLike) else model
