"""One short text that stands for a set of pairs, so that a bundle can say which data it saw."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from segmentation.data.parallel import map_in_threads
from segmentation.errors import DataError
from segmentation.types import Sample


def fingerprint(samples: Iterable[Sample]) -> str:
    """The sha256 (64 hex digits) over ids, file sizes and file contents of photos and masks.

    The values of label maps that are garment count as well. Neither the order of the samples nor the
    place of their folder matters. Raises DataError when a file cannot be read.
    """
    lines = map_in_threads(_describe, sorted(samples, key=lambda sample: sample.id))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _describe(sample: Sample) -> str:
    mask = _describe_file(sample.mask_path) if sample.mask_path else "none"
    described = (sample.id, _describe_file(sample.image_path), mask)
    return repr(described if sample.garment_labels is None else (*described, sample.garment_labels))


def _describe_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return f"{path.stat().st_size} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        raise DataError(f"{path}: expected a readable file, received {error.strerror}; restore it") from error
