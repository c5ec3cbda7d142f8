"""The folder of the models that come with the program."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]

INSTALLED = _PACKAGE / "bundled"
"""The folder of models in an installed package, which are never changed."""


def bundled_models() -> Path:
    """Return the folder of the models that come with the program.

    It is part of the installed package; in a source checkout, which an editable installation leads to, it is
    the checkout's own folder of models.
    """
    in_checkout = _PACKAGE.parent.name == "src" and not INSTALLED.exists()
    return _PACKAGE.parents[1] / "models" if in_checkout else INSTALLED
