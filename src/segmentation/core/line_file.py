"""Files of lines that grow at their end: a line is there whole, or not at all."""

import os
from contextlib import suppress
from typing import BinaryIO


def append_line(file: BinaryIO, line: bytes, *, sync: bool = False) -> None:
    """Write a line to the end of an open file without a buffer; with `sync` it is on the disk afterwards.

    Raises OSError; what was written of the line until then is cut off again.
    """
    end = file.seek(0, os.SEEK_END)
    try:
        while line:  # a nearly full disk takes a part first
            line = line[file.write(line) :]
        if sync:
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(end)
        raise
