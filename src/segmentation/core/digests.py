"""Digests of files, by which a photo is known wherever it lies and whatever it is called."""

import hashlib
from functools import lru_cache
from pathlib import Path

from segmentation.core.errors import DataError, printable

CONTENT_DIGITS = 16
"""Hexadecimal digits of a content digest, few enough to record one for each photo of a training."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits. Raises OSError where it cannot be read."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


def content_of(path: Path) -> str:
    """Return the digest by which a photo is known, `CONTENT_DIGITS` of the SHA-256 of its file.

    Raises DataError where it cannot be read.
    """
    return sha256_of_photo(path)[:CONTENT_DIGITS]


def sha256_of_photo(path: Path) -> str:
    """Return what `sha256_of` returns of a file of the user's. Raises DataError where it cannot be read."""
    try:
        return sha256_of(path)
    except OSError as error:
        raise DataError(
            f"{printable(str(path))}: expected a readable file, received {error.strerror}; restore it"
        ) from error


def read_sha256(path: Path) -> str:
    """Read a file anew and return its SHA-256, whatever its size and time say. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=100_000)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    """Return the digest, remembered during this run; a file that changes has another size or time."""
    return read_sha256(path)
