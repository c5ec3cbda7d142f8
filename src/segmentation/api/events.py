"""The default receiver of a job's events."""

import warnings

from segmentation.core.events import Caution


def warn(event: object) -> None:
    """Turn a Caution into a Python warning, and let every other event pass."""
    if isinstance(event, Caution):
        warnings.warn(event.text, stacklevel=2)
