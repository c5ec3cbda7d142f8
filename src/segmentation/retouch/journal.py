"""The journal of a review: a line for everything that was done, from which all else follows.

A line is on the disk before its effect is seen, so that a process which is killed loses nothing that a person
saw. A line that was torn at the end is cut off.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from segmentation.core.errors import DataError, system_reason
from segmentation.core.line_file import append_line
from segmentation.core.writable import not_writable

Fields = dict[str, Any]
"""The fields of a line: `photo` is the stem of its results, `did` what was done."""


class Journal:
    """A journal that is open for appending; one process holds it at a time, which the caller sees to.

    `left_out` counts the whole lines that do not belong in a journal.
    """

    def __init__(self, path: Path):
        self.path = path
        self.left_out = 0
        self._lock = threading.Lock()
        self._lines: list[Fields] = []

    def __enter__(self) -> Self:
        try:
            self._file = self.path.open("a+b", buffering=0)
        except OSError as error:
            raise not_writable(self.path.parent, error) from error
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        self._file.truncate(whole)
        for line in content[:whole].splitlines():
            if (fields := parse(line)) is None:
                self.left_out += 1
            else:
                self._lines.append(fields)
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def earlier(self) -> Iterator[Fields]:
        """Yield the lines that were there when the journal was opened, once."""
        lines, self._lines = self._lines, []
        yield from lines

    def append(self, fields: Fields) -> None:
        """Write a line to the disk. Any thread may call it. Raises DataError; then nothing was written."""
        line = json.dumps(fields, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                append_line(self._file, line, sync=True)
            except OSError as error:
                raise DataError(
                    f"{self.path}: cannot be written ({system_reason(error)}); what was done before is kept: "
                    "make space and do the last step again"
                ) from error


def parse(line: bytes) -> Fields | None:
    """Return the fields of a line; None for one that does not belong in a journal."""
    try:
        fields = json.loads(line)
        sound = isinstance(fields["photo"], str) and isinstance(fields["did"], str)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return fields if sound else None
