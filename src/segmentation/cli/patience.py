"""The time that a command has after Ctrl-C, however deep in a library it is."""

from segmentation.cli.wording import as_typed
from segmentation.core.signals import Deadline

_SECONDS = 8  # a person waits for ten; the process itself takes one or two to end


def seconds_left() -> Deadline:
    """Return a context in which a command ends soon after Ctrl-C, whatever it is doing."""
    return Deadline(
        _SECONDS,
        as_typed(
            "interrupted in the middle of a long step; no half-written file was left, and finished epochs "
            "are kept: `train name=NAME resume` continues"
        ),
    )
