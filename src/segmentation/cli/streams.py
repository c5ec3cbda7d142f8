"""The standard streams: any terminal shows any name, and errors of the standard output are recognised."""

import io
import os
import sys
from typing import Any

from segmentation.core.errors import STANDARD_OUTPUT


class _StandardOutput(io.FileIO):
    """A stream whose errors name it, as those of files name the file."""

    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except OSError as error:
            error.filename = STANDARD_OUTPUT
            raise


def prepare_streams() -> None:
    """Open streams that the caller closed, and let the others take any name."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, mode), encoding="utf-8"))
    assert isinstance(sys.stdout, io.TextIOWrapper)
    assert isinstance(sys.stderr, io.TextIOWrapper)
    sys.stderr.reconfigure(errors="backslashreplace")
    is_its_own = sys.stdout is sys.__stdout__  # the process's own stream stays open
    if is_its_own and isinstance(getattr(sys.stdout.buffer, "raw", sys.stdout.buffer), io.FileIO):
        sys.stdout.flush()
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_StandardOutput(sys.stdout.fileno(), "wb", closefd=False)),
            encoding=sys.stdout.encoding,
            line_buffering=sys.stdout.line_buffering,
            write_through=sys.stdout.write_through,
        )
    sys.stdout.reconfigure(errors="backslashreplace")


def silence_standard_output() -> None:
    """Discard whatever is still to be written there, after it has failed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
