"""The part of a summary that names files which a person had changed."""

from collections.abc import Sequence

from segmentation.core.counting import counted
from segmentation.core.errors import printable
from segmentation.outputs.publishing import SAVED

_MOST_NAMED = 20  # files in a line


def changed_lines(kept: Sequence[str], replaced: Sequence[str], outdated: Sequence[str]) -> list[str]:
    """Return lines about the files that were kept, saved and replaced, and made from an earlier photo."""
    lines = []
    if outdated:
        files = counted(len(outdated), "file that was", "files that were")
        them = "it" if len(outdated) == 1 else "them"
        lines.append(
            f"kept {files} made from an earlier photo of the same name, which deliver and collect refuse: "
            f"{_named(outdated)}; move {them} away and run predict again"
        )
    if kept := [output for output in kept if output not in outdated]:
        lines.append(f"kept {_named(kept)}, changed since written; `overwrite` saves and replaces them")
    if replaced:
        lines.append(f"replaced {_named(replaced)}; what had been changed there is in FILE{SAVED}")
    return lines


def _named(files: Sequence[str]) -> str:
    more = len(files) - _MOST_NAMED
    names = ", ".join(printable(name) for name in files[:_MOST_NAMED])
    return f"{names}{f' and {more} more' if more > 0 else ''}"
