"""Objects as COCO's JSON has them: polygons or run lengths, with the class of each.

The file may come from anyone: outlines are drawn and runs are counted here, with their ends checked.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.core.errors import DataError, printable
from segmentation.core.labels import Coding
from segmentation.core.memory import pixels_that_fit
from segmentation.core.regular_file import check_regular
from segmentation.datasets.ids import id_of
from segmentation.datasets.labels import UNLABELLED
from segmentation.datasets.objects import Objects, number_masks

_EXPECTED = "expected COCO's images, annotations and categories"
_FARTHEST_PX = 10**6  # of a corner from the origin


@dataclass(frozen=True)
class CocoPhoto:
    """A photo as its file describes it: its size, and of each object the value of its class and its outline.

    An outline is a list of polygons, [x, y, x, y, ...] each, or a dictionary of run lengths.
    """

    path: Path
    photo: Path
    height: int
    width: int
    annotations: tuple[tuple[int, Any], ...] = field(compare=False, repr=False)


@dataclass(frozen=True)
class CocoObjects:
    """The ground truth of a photo out of COCO's JSON; `coding` is what the values of the classes become."""

    of: CocoPhoto
    coding: Coding

    @property
    def path(self) -> Path:
        """The photo, since the file describes many."""
        return self.of.photo

    @property
    def table(self) -> Path:
        """The file of many photos."""
        return self.of.path

    def written(self) -> object:
        """Return what the file says of the photo, whatever the classes become."""
        return self.of.height, self.of.width, self.of.annotations

    def size(self) -> tuple[int, int]:
        """Return height and width, as the file gives them."""
        return self.of.height, self.of.width

    def read(self) -> np.ndarray:
        """Return targets, uint8 [H, W]. Raises DataError for invalid outlines.

        Where objects overlap the smaller one lies on top, and what is background below all others, as in
        `run_table.read_runs`: a pocket that is no class leaves no hole in its coat.
        """
        target_of = dict(zip(self.coding.values, self.coding.targets, strict=True))
        values = np.full(self.size(), target_of.get(UNLABELLED, 0), np.uint8)
        targets = [(mask, target_of[value]) for mask, value in self._masks()]
        for mask, target in sorted(targets, key=lambda one: (one[1] != 0, -int(one[0].sum()))):
            values[mask] = target
        return values

    def read_objects(self) -> Objects:
        """Return the objects that are not background. Raises DataError for invalid outlines."""
        target_of = dict(zip(self.coding.values, self.coding.targets, strict=True))
        binary = {*self.coding.targets} <= {0, 255}
        masks = [
            (mask, 1 if binary else target_of[value]) for mask, value in self._masks() if target_of[value]
        ]
        return number_masks([one for one in masks if one[1] != 255], self.size())

    def _masks(self) -> list[tuple[np.ndarray, int]]:
        known = {*self.coding.values}
        found = []
        for value, outline in self.of.annotations:
            if value not in known:
                raise self._wrong(f"an object of the category {value}, which categories do not name")
            try:
                found.append((draw(outline, *self.size()), value))
            except ValueError as error:
                raise self._wrong(str(error)) from error
        return found

    def _wrong(self, received: str) -> DataError:
        return DataError(
            f"{printable(str(self.path))}: expected outlines of objects in {self.of.path.name}, received "
            f"{printable(received)}; correct it"
        )


def read_coco(path: Path) -> dict[str, CocoPhoto]:
    """Read a file's contents for each photo, by its name without extension; `photo` is that name for now.

    What is marked as a crowd is left out. Raises DataError for a file of another form.
    """
    try:
        plain = json.loads(check_regular(path).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        reason = printable(str(getattr(error, "strerror", None) or error))
        raise DataError(f"{path}: {_EXPECTED}, received no readable JSON ({reason}); correct it") from error
    images, annotations = (_listed(path, plain, name) for name in ("images", "annotations"))
    of_image: dict[Any, list[tuple[int, Any]]] = {}
    for image in images:
        _require(path, image, {"id": int, "file_name": str, "height": int, "width": int})
        if not 0 < image["height"] * image["width"] <= pixels_that_fit() or image["height"] < 1:
            raise _wrong(
                path, f"the size {image['width']}x{image['height']}", f"1 to {pixels_that_fit()} pixels"
            )
        if image["id"] in of_image:
            raise _wrong(path, f"the id {image['id']} twice", "each image with an id of its own")
        of_image[image["id"]] = []
    for annotation in annotations:
        _require(path, annotation, {"image_id": int, "category_id": int, "segmentation": (list, dict)})
        if annotation["image_id"] not in of_image:
            raise _wrong(
                path, f"an annotation of the image {annotation['image_id']}", "images that are listed"
            )
        if not annotation.get("iscrowd"):
            of_image[annotation["image_id"]].append((annotation["category_id"], annotation["segmentation"]))
    found: dict[str, CocoPhoto] = {}
    for image in images:
        name = id_of(image["file_name"])
        if name in found:
            raise _wrong(path, f"{name[:60]} twice", "each image once")
        found[name] = CocoPhoto(
            path, Path(name), image["height"], image["width"], tuple(of_image[image["id"]])
        )
    return found


def draw(outline: Any, height: int, width: int) -> np.ndarray:
    """Return the pixels of an outline, bool [height, width]. Raises ValueError for an invalid one."""
    if isinstance(outline, dict):
        return _decode_runs(outline, height, width)
    mask = np.zeros((height, width), bool)
    for polygon in outline:
        corners = _numbers(polygon)
        if len(corners) < 6 or len(corners) % 2:
            raise ValueError(f"a polygon of {len(corners)} numbers, not of three corners or more")
        if not (np.abs(corners) <= _FARTHEST_PX).all():
            raise ValueError("a corner that is no place in the photo")
        mask |= _fill(corners.reshape(-1, 2), height, width)
    return mask


def _fill(corners: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the pixels with their middles in a polygon, x and y of corners [N, 2]: bool [height, width]."""
    starts, ends = corners, np.roll(corners, -1, axis=0)
    first, last = (int(np.ceil(place - 0.5)) for place in (corners[:, 1].min(), corners[:, 1].max()))
    switches = np.zeros((height, width + 1), np.int32)  # where a row enters or leaves
    for row in range(max(first, 0), min(last, height)):
        middle = row + 0.5
        crossing = (starts[:, 1] <= middle) != (ends[:, 1] <= middle)
        (x, y), (end_x, end_y) = starts[crossing].T, ends[crossing].T
        columns = np.ceil(x + (middle - y) * (end_x - x) / (end_y - y) - 0.5)
        np.add.at(switches[row], columns.clip(0, width).astype(int), 1)
    return switches[:, :-1].cumsum(axis=1) % 2 == 1


def _decode_runs(plain: dict[str, Any], height: int, width: int) -> np.ndarray:
    """Decode runs of 0 and 1 in turn down the columns: a list, or COCO's text of it."""
    size, counts = plain.get("size"), plain.get("counts")
    if size != [height, width]:
        raise ValueError(f"run lengths of the size {str(size)[:40]}, not of [{height}, {width}]")
    lengths = _counts_of_text(counts) if isinstance(counts, str) else _numbers(counts)
    if not ((lengths >= 0) & (lengths <= height * width)).all():
        raise ValueError(f"a run that is not 0 to {height * width} pixels long")
    lengths = lengths.astype(np.int64)
    if lengths.sum() != height * width:
        raise ValueError(f"run lengths that add up to {lengths.sum()}, not to {height * width}")
    values = np.arange(len(lengths)) % 2 == 1
    return np.repeat(values, lengths).reshape((height, width), order="F")


def _counts_of_text(text: str) -> np.ndarray:
    """Decode five bits a character, lowest first; from the fourth on, differences to the one before last."""
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError("a text that is no run lengths")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("a text of run lengths without its end")
    return np.array(counts, np.int64)


def _numbers(plain: Any) -> np.ndarray:
    if not isinstance(plain, list) or not all(type(value) in (int, float) for value in plain):
        raise ValueError(f"{str(plain)[:40]} in place of a list of numbers")
    try:
        return np.array(plain, np.float64)
    except OverflowError as error:
        raise ValueError("a number that is far too large") from error


def _listed(path: Path, plain: Any, name: str) -> list[Any]:
    value = plain.get(name) if isinstance(plain, dict) else None
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise DataError(f"{path}: {_EXPECTED}, received no list of {name}; correct it")
    return value


def _require(path: Path, entry: dict[str, Any], kinds: dict[str, Any]) -> None:
    for name, kind in kinds.items():
        if not isinstance(entry.get(name), kind) or isinstance(entry[name], bool):
            raise _wrong(path, f"{name} {str(entry.get(name))[:40]!r}", f"{', '.join(kinds)} of each")


def _wrong(path: Path, received: str, expected: str) -> DataError:
    return DataError(f"{path}: expected {expected}, received {printable(received)}; correct it")
