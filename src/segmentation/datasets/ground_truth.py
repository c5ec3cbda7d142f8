"""The forms in which a data set holds its ground truth: each is a `GroundTruth` that reads itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from segmentation.core.errors import DataError, printable
from segmentation.core.labels import Coding, coded
from segmentation.core.samples import GroundTruth, Sample
from segmentation.datasets.coco import CocoObjects
from segmentation.datasets.mask_doubts import doubt_colours, holds_values
from segmentation.datasets.matlab import SUFFIX, label_map_size, read_label_map
from segmentation.datasets.objects import Objects, number_values
from segmentation.datasets.run_table import PhotoRows, read_runs, table_size, written_rows
from segmentation.images.files import (
    has_alpha,
    image_size,
    kind_of_pixels,
    loses_values,
    read_labels,
    read_mask,
    read_photo,
)


def truth_of(sample: Sample) -> GroundTruth:
    """Return the ground truth of a pair. Raises DataError for a photo that has none."""
    if sample.truth is None:
        raise DataError(f"{sample.photo}: expected a photo with its ground truth, found none; add it")
    return sample.truth


@dataclass(frozen=True)
class MaskFile:
    """A picture of the mask itself, or a cutout whose alpha it is."""

    path: Path
    coding: ClassVar[None] = None

    def read(self) -> np.ndarray:
        """Return the alpha, uint8 [H, W]. Raises ImageError for a file that is no picture."""
        return read_mask(self.path)

    def size(self) -> tuple[int, int]:
        """Return height and width, from the header."""
        return image_size(self.path)


@dataclass(frozen=True)
class ObjectMask:
    """A picture of objects: each has a value, or a colour, of its own, and black is background."""

    path: Path
    coding: ClassVar[None] = None

    def read(self) -> np.ndarray:
        """Return uint8 [H, W], 255 in every object. Raises ImageError for a file that is no picture."""
        return np.where(self.read_objects().numbers > 0, np.uint8(255), np.uint8(0))

    def read_objects(self) -> Objects:
        """Return the objects, see `number_values`. Raises like `read`, and DataError as `LabelFile` does."""
        if has_alpha(self.path):
            return number_values(read_mask(self.path))
        _refuse_lossy(self.path)
        if kind_of_pixels(self.path) != "colours":
            return number_values(read_labels(self.path))
        red, green, blue = np.moveaxis(read_photo(self.path).astype(np.int32), -1, 0)
        if (red == green).all() and (green == blue).all():
            return number_values(red)
        return number_values(red << 16 | green << 8 | blue)

    def size(self) -> tuple[int, int]:
        """Return height and width, from the header."""
        return image_size(self.path)


@dataclass(frozen=True)
class ForegroundMask(MaskFile):
    """A mask of whatever is not background: of one thing, as `MaskFile` has it, or of objects."""

    def read(self) -> np.ndarray:
        """Return the alpha, uint8 [H, W], which of objects is 255. Raises what `ObjectMask` raises."""
        mask = super().read()
        coloured = not has_alpha(self.path) and kind_of_pixels(self.path) != "values"
        if holds_values(mask) or (coloured and doubt_colours(read_photo(self.path))):
            return ObjectMask(self.path).read()
        return mask


@dataclass(frozen=True)
class LabelFile:
    """A label map as a picture or as a MATLAB file; `coding` is what its values become."""

    path: Path
    coding: Coding

    def read(self) -> np.ndarray:
        """Return targets, uint8 [H, W], whose edges are hard.

        Raises ImageError for a file that cannot be read as an image and DataError for one that is no label
        map, or holds a value or a colour that has no name.
        """
        return _targets(self._values(), self.coding, self.path)

    def size(self) -> tuple[int, int]:
        """Return height and width, from the header."""
        return label_map_size(self.path) if self._is_matlab else image_size(self.path)

    @property
    def _is_matlab(self) -> bool:
        return self.path.suffix.lower() == SUFFIX

    def _values(self) -> np.ndarray:
        """Return the values as the file has them, integers [H, W]."""
        if self._is_matlab:
            return read_label_map(self.path)
        kind = kind_of_pixels(self.path) if self.coding.colours else "values"
        if kind != "colours":
            _refuse_lossy(self.path)
        if kind == "values":
            return read_labels(self.path)
        try:
            # a palette may have them in another order
            return coded(read_photo(self.path), dict(self.coding.colours))
        except DataError as error:
            if kind == "palette":  # of a palette whose colours mean nothing
                return read_labels(self.path)
            raise DataError(
                f"{printable(str(self.path))}: holds other colours than {self.coding.names_file}: {error}"
            ) from error


@dataclass(frozen=True)
class TableRows:
    """A photo's rows in a table of run lengths; `coding` is what the values of their classes become."""

    rows: PhotoRows
    coding: Coding

    @property
    def path(self) -> Path:
        """The photo, since the table holds the rows of many."""
        return self.rows.photo

    @property
    def table(self) -> Path:
        """The table."""
        return self.rows.path

    def read(self) -> np.ndarray:
        """Return targets, uint8 [H, W]. Raises DataError for invalid rows."""
        background = {
            value
            for value, target in zip(self.coding.values, self.coding.targets, strict=True)
            if target == 0
        }
        return _targets(read_runs(self.rows, background), self.coding, self.path)

    def written(self) -> object:
        """Return what the rows say, whatever their classes become. Raises DataError for invalid rows."""
        return written_rows(self.rows)

    def size(self) -> tuple[int, int]:
        """Return height and width, as the rows give them."""
        return table_size(self.rows)


FromTable = TableRows | CocoObjects
"""Ground truths that are rows of one file for many photos."""


def _refuse_lossy(path: Path) -> None:
    if loses_values(path):
        raise DataError(
            f"{printable(str(path))}: expected the values as they were drawn, received a JPEG or a lossy "
            "WebP, which mixes those of neighbouring classes or objects; save it as PNG from the original"
        )


def _targets(values: np.ndarray, coding: Coding, path: Path) -> np.ndarray:
    """Return what the values of a label map become: integers [H, W] -> uint8 [H, W]."""
    low, high = coding.values[0], coding.values[-1]
    target_of = np.full(high - low + 1, -1, np.int16)
    target_of[np.array(coding.values) - low] = coding.targets
    outside = (values < low) | (values > high)
    targets = target_of[np.where(outside, low, values).astype(np.int64) - low]
    unnamed = outside | (targets < 0)
    if unnamed.any():
        names_file = coding.names_file
        raise DataError(
            f"{printable(str(path))}: holds the value {values[unnamed].min()}, which {names_file} does not "
            f"name; name it in {names_file}, as ignore where it counts nowhere, or save the map as PNG with "
            "the values of the classes"
        )
    return targets.astype(np.uint8)
