"""Errors that a user can cause; each message says what was expected, what was received and what to do."""

import errno
from pathlib import Path

STANDARD_OUTPUT = "standard output"
"""What an error of the system names in place of a file where the standard output has failed."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class SegmentationError(Exception):
    """Base of every error that is shown to the user as one line, without a traceback."""


class ConfigError(SegmentationError):
    """An option or a combination of options that cannot work."""


class DataError(SegmentationError):
    """A folder or a set of photos that cannot be used as it is."""


class ImageError(SegmentationError):
    """A file that cannot be read or written as an image."""


class BundleError(SegmentationError):
    """A model bundle that is missing, incomplete or not what it claims to be."""


class TrainingError(SegmentationError):
    """A training run that cannot start, go on or be resumed."""


class ExportError(SegmentationError):
    """A model that cannot be written in another program's format."""


class MissingExtraError(SegmentationError):
    """An optional library that the job needs and that is not installed."""


def printable(text: str) -> str:
    """Return `text` as one line: line breaks and other unprintable characters of file names as escapes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def system_reason(error: OSError) -> str:
    """Return in words what the system says of an error: "no space left on device"."""
    return (error.strerror or str(error)).lower()


def unwritable(error: OSError) -> str:
    """Return an error of the system as a message that names the file and, if it is full, the folder."""
    reason = f"{error.filename or 'a file'}: {system_reason(error)}"
    if error.filename == STANDARD_OUTPUT:
        return f"{reason}; send it to another file or program"
    if error.errno in _FULL and error.filename:
        return f"{reason}; make space in {Path(error.filename).parent}"
    return f"{reason}; check the path, its permissions and the free space"
