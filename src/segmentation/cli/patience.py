"""The time that a command has after Ctrl-C, however deep in a library it is."""

from segmentation.cli.wording import as_typed
from segmentation.core.deadline import Deadline

EPOCHS_KEPT = "finished epochs are kept, and the same command with `resume` continues"
STEPS_KEPT = "finished epochs are kept, and the same command continues"

_SECONDS = 8  # a person waits for ten; the process itself takes one or two to end


def seconds_left(kept: str = "") -> Deadline:
    """Return a context in which a command ends soon after Ctrl-C, whatever it is doing.

    `kept` says what of its work is kept, and how it is continued.
    """
    message = "interrupted in the middle of a long step; no half-written file was left"
    return Deadline(_SECONDS, as_typed(f"{message}; {kept}" if kept else message))
