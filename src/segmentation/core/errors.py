"""Errors that a user can cause; each message says what was expected, what was received and what to do."""

import errno
import os
from pathlib import Path

STANDARD_OUTPUT = "standard output"
"""The name in a system error, in place of a file's, when the standard output has failed."""

_LONGEST_NAME = 255  # bytes of the name of a file or a folder, on nearly every file system
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOTHING_MORE_CAN_BE_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


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


class MachineError(SegmentationError):
    """A machine of a cluster that cannot go on, while others may."""


class MissingExtraError(SegmentationError):
    """An optional library that the job needs and that is not installed."""


def printable(text: str) -> str:
    """Return `text` as one line: line breaks and other unprintable characters of file names as escapes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def system_error(failure: Exception) -> OSError | None:
    """Return the error of the system that a failure is or comes from; None where the file is at fault.

    A decoder that is led astray may ask for what no system has: a negative place in a file, for one.
    """
    cause = failure if isinstance(failure, OSError) else failure.__cause__
    return cause if isinstance(cause, OSError) and cause.errno not in (None, errno.EINVAL) else None


def is_full(failure: Exception) -> bool:
    """Return whether a failure comes from a disk on which nothing more can be written."""
    error = system_error(failure)
    return error is not None and error.errno in _NOTHING_MORE_CAN_BE_WRITTEN


def system_reason(error: OSError) -> str:
    """Return in words what the system says of an error: "no space left on device"."""
    return (error.strerror or str(error)).lower()


def remedy_for(path: Path, error: BaseException) -> str:
    """Return what to do where a file of a photo cannot be written because of an OSError."""
    if getattr(error, "errno", None) != errno.ENAMETOOLONG:
        return "check the folder and its free space"
    if part := _too_long_part(path):
        what, name = ("it", "the photo") if part == path else (f"its folder {printable(part.name)}", "that")
        return f"{what} has {_size_of(part)}: give {name} a shorter name"
    return f"the whole path has {_bytes(path.absolute())} bytes: give a shorter `output`"


def unwritable(error: OSError, path: Path | None = None) -> str:
    """Return an error of the system as a message that names the file and what to do about it.

    The file is that of `path`, if it is given: the error may be of another one that was needed for it.
    """
    place = path or (Path(error.filename) if error.filename else None)
    reason = f"{'a file' if place is None else printable(str(place))}: {system_reason(error)}"
    if error.filename == STANDARD_OUTPUT:
        return f"{reason}; send it to another file or program"
    if error.errno in _FULL and place:
        return f"{reason}; make space in {place.parent}"
    if error.errno == errno.ENAMETOOLONG and place and (part := _too_long_part(place)):
        return f"{printable(str(part))}: {system_reason(error)} ({_size_of(part)}); give it a shorter name"
    return f"{reason}; check the path, its permissions and the free space"


def _too_long_part(path: Path) -> Path | None:
    """Return a path up to its first name that is too long for a file system; None where there is none."""
    return next((part for part in reversed((path, *path.parents)) if _bytes(part.name) > _LONGEST_NAME), None)


def _size_of(part: Path) -> str:
    return f"{_bytes(part.name)} bytes, of at most {_LONGEST_NAME}"


def _bytes(name: str | Path) -> int:
    return len(os.fsencode(name))
