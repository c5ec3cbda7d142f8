"""A digest of a set of pairs, by which a bundle records its training data."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from segmentation.core.digests import sha256_of_photo
from segmentation.core.parallel import map_in_threads
from segmentation.core.samples import GroundTruth, Sample
from segmentation.datasets.discover import Dataset
from segmentation.datasets.ground_truth import FromTable


def fingerprint(samples: Iterable[Sample]) -> str:
    """Return the sha256 (64 hex digits) of the ids, file sizes and file contents of photos and masks.

    What the values of label maps become counts as well, and of a table only the photo's own rows. Neither
    the order of the samples nor the place of their folder matters. Raises DataError when a file cannot be
    read.
    """
    lines = map_in_threads(_describe, sorted(samples, key=lambda sample: sample.id))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def pair_digest(sample: Sample) -> str:
    """Return the sha256 of the files of a pair, whatever it is called and its labels become.

    Of a table only the photo's own rows count, as they are written. Raises DataError when a file cannot be
    read.
    """
    truth = sample.truth
    if isinstance(truth, FromTable):
        described = (_describe_file(sample.photo), f"rows {truth.written()!r}")
    else:
        described = (_describe_file(sample.photo), _describe_truth(truth))
    return hashlib.sha256(repr(described).encode()).hexdigest()


def sides_digest(datasets: Iterable[Dataset]) -> str:
    """Return the sha256 of which garment each photo shows, and which side its folder puts it on.

    That decides, with the options, what is held out. The order of the samples does not matter.
    """
    lines = []
    for number, dataset in enumerate(datasets):
        split = dataset.folder_split
        sides = {"": dataset.samples} if split is None else {"train": split.train, "val": split.val}
        for side, samples in sides.items():
            lines += [repr((number, sample.id, sample.group, side)) for sample in samples]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _describe(sample: Sample) -> str:
    described = (sample.id, _describe_file(sample.photo), _describe_truth(sample.truth))
    coding = sample.truth.coding if sample.truth else None
    if coding is None:
        return repr(described)
    meaning: tuple[tuple[int, ...], ...] = (coding.values, coding.targets)
    if {*coding.targets} <= {0, 255}:  # as earlier versions, which knew garments alone, described it
        garment = (value for value, target in zip(coding.values, coding.targets, strict=True) if target)
        meaning = (tuple(garment),)
    return repr((*described, *meaning, coding.colours) if coding.colours else (*described, *meaning))


def _describe_truth(truth: GroundTruth | None) -> str:
    if truth is None:
        return "none"
    if isinstance(truth, FromTable):  # the rest of the table may change
        return f"rows {hashlib.sha256(truth.read().data).hexdigest()}"
    return _describe_file(truth.path)


def _describe_file(path: Path) -> str:
    digest = sha256_of_photo(path)
    return f"{path.stat().st_size} {digest}"
