"""Match photos with their ground truth by their names."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from segmentation.core.counting import counted
from segmentation.core.errors import printable
from segmentation.core.labels import Coding
from segmentation.core.samples import GroundTruth
from segmentation.core.walking import walk
from segmentation.datasets.check import Problem
from segmentation.datasets.coco import CocoObjects, CocoPhoto, read_coco
from segmentation.datasets.ground_truth import LabelFile, MaskFile, TableRows
from segmentation.datasets.ids import id_of
from segmentation.datasets.layouts import Part
from segmentation.datasets.matlab import SUFFIX as MATLAB_SUFFIX
from segmentation.datasets.run_table import PhotoRows, index_table
from segmentation.images.formats import IMAGE_SUFFIXES, OTHER_SUFFIXES, describe_unread


@dataclass(frozen=True)
class Pair:
    """Files that belong together, or a photo and its rows in a table of run lengths."""

    id: str
    photo: Path
    mask: Path | PhotoRows | CocoPhoto
    part: Part

    def truth(self, coding: Coding | None) -> GroundTruth:
        """Return the ground truth; `coding` is what the values of a label map become, None for a mask."""
        if isinstance(self.mask, PhotoRows):
            assert coding  # the rows of a table are of classes
            return TableRows(self.mask, coding)
        if isinstance(self.mask, CocoPhoto):
            assert coding
            return CocoObjects(self.mask, coding)
        return LabelFile(self.mask, coding) if coding else MaskFile(self.mask)


def match(part: Part, problems: list[Problem], counts: Counter[str], notes: list[str]) -> Iterator[Pair]:
    """Yield the pairs of a part; files without a partner become problems, and are counted all the same.

    `counts` gains "photos" and "masks", `notes` what a table holds that is not read. Raises DataError for an
    invalid table.
    """
    if part.layout.table:
        yield from _match_rows(part, problems, counts, notes)
        return
    photos = files_by_id(part.photos, problems)
    masks = files_by_id(part.masks, problems, (MATLAB_SUFFIX,) if part.layout.labels else ())
    counts["photos"] += sum(map(len, photos.values()))
    counts["masks"] += sum(map(len, masks.values()))
    for name in [name for name in masks if name not in photos and name.removesuffix("_mask") in photos]:
        masks.setdefault(name.removesuffix("_mask"), []).extend(masks.pop(name))
    for name in sorted(photos.keys() | masks.keys()):
        photo_paths, mask_paths = photos.get(name, []), masks.get(name, [])
        if not mask_paths:
            remedy = f"add {name}.png to the folder {part.masks.name}, or remove the photo"
            problems.append(Problem(photo_paths[0], f"has no counterpart in {part.masks.name}", remedy))
        elif not photo_paths:
            remedy = f"add its photo to the folder {part.photos.name}, or remove the file"
            problems.append(Problem(mask_paths[0], f"has no photo in {part.photos.name}", remedy))
        elif len(photo_paths) > 1 or len(mask_paths) > 1:
            several = photo_paths if len(photo_paths) > 1 else mask_paths
            names = " and ".join(path.name for path in several)
            reason = f"{names} have the same name: which one is meant is unclear, so none is used"
            problems.append(Problem(several[0], reason, "keep one of them"))
        else:
            yield Pair(name, photo_paths[0], mask_paths[0], part)
    for folder in part.unused:
        reason = f"is not used, because {part.masks.name} holds the ground truth of the same photos"
        problems.append(Problem(folder, reason, f"move {part.masks.name} away to use it"))


def _match_rows(
    part: Part, problems: list[Problem], counts: Counter[str], notes: list[str]
) -> Iterator[Pair]:
    attributes = 0
    rows: Mapping[str, PhotoRows | CocoPhoto]
    if part.layout.coco:
        rows = read_coco(part.masks)
    else:
        table = index_table(part.masks)
        rows = {name: PhotoRows(Path(name), table.path, places) for name, places in table.rows.items()}
        attributes = table.attributes
    photos = files_by_id(part.photos, problems)
    counts["photos"] += sum(map(len, photos.values()))
    counts["masks"] += len(rows)
    if attributes:
        notes.append(f"{part.masks}: attributes of {attributes} rows are not read, their classes are")
    for name, paths in photos.items():
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths)
            reason = f"{names} have the same name: which one is meant is unclear, so none is used"
            problems.append(Problem(paths[0], reason, "keep one of them"))
        elif name not in rows:
            reason = f"has no row in {part.masks.name}"
            problems.append(Problem(paths[0], reason, "add its rows, or remove the photo"))
        else:
            yield Pair(name, paths[0], replace(rows[name], photo=paths[0]), part)
    absent = [name for name in rows if name not in photos]
    if absent:
        photos_absent = counted(len(absent), "photo that is", "photos that are")
        reason = f"has rows of {photos_absent} not in {part.photos.name}, such as {absent[0][:60]}"
        problems.append(Problem(part.masks, printable(reason), "add the photos, or remove their rows"))


def files_by_id(folder: Path, problems: list[Problem], others: Collection[str] = ()) -> dict[str, list[Path]]:
    """Return images and files of `others`, suffixes, below `folder`, by their ids, see `id_of`.

    Hidden ones are skipped; what cannot be followed becomes a problem.
    """
    files: dict[str, list[Path]] = {}
    unread: dict[Path, list[str]] = {}
    for entry in walk(folder):
        path, suffix = entry.path, entry.path.suffix.lower()
        if entry.kind != "file":
            reason, _, remedy = entry.reason.partition("; ")
            reason = f"is {reason}" if entry.kind == "nowhere" else reason
            problems.append(Problem(path, reason, remedy or "remove the link"))
        elif not path.is_file():
            continue  # a pipe
        elif suffix in IMAGE_SUFFIXES or suffix in others:
            files.setdefault(id_of(path.relative_to(folder), others), []).append(path)
        elif suffix in OTHER_SUFFIXES:
            unread.setdefault(path.parent, []).append(path.name)
    for place, names in unread.items():
        which, remedy = describe_unread(names)
        problems.append(Problem(place, f"holds {which}", remedy))
    return files
