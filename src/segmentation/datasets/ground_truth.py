"""The mask or the label map of a sample, in whichever form its data set holds it."""

import numpy as np

from segmentation.core.errors import DataError, printable
from segmentation.core.types import Coding, Sample, coded
from segmentation.datasets.matlab import SUFFIX, label_map_size, read_label_map
from segmentation.datasets.run_table import read_runs, table_size
from segmentation.images.files import image_size, kind_of_pixels, read_labels, read_mask, read_photo


def read_ground_truth(sample: Sample) -> np.ndarray:
    """uint8 [H, W]: 0 outside and 255 inside the garment, or the classes of a label map.

    The edges of a label map are hard. Where it has several classes, a pixel holds the index of its own, or
    `IGNORED`; the sample's coding says what its values become. The sample must have a `mask_path`. Raises
    ImageError for a file that cannot be read as an image and DataError for one that is no label map, or holds
    a value or a colour that has no name.
    """
    if sample.coding is None:
        return read_mask(sample.mask_path)
    return _targets(sample, _read_values(sample, sample.coding), sample.coding)


def ground_truth_size(sample: Sample) -> tuple[int, int]:
    """Height and width, without reading the pixels. Raises like `read_ground_truth`."""
    if sample.rows:
        return table_size(sample)
    if sample.mask_path.suffix.lower() == SUFFIX:
        return label_map_size(sample.mask_path)
    return image_size(sample.mask_path)


def _read_values(sample: Sample, coding: Coding) -> np.ndarray:
    """Integers [H, W], as the file has them."""
    path = sample.mask_path
    if sample.rows:
        return read_runs(sample)
    if path.suffix.lower() == SUFFIX:
        return read_label_map(path)
    kind = kind_of_pixels(path) if coding.colours else "values"
    if kind == "values":
        return read_labels(path)
    try:
        return coded(read_photo(path), dict(coding.colours))  # a palette may have them in another order
    except DataError as error:
        if kind == "palette":  # of colours that mean nothing
            return read_labels(path)
        raise DataError(
            f"{printable(str(path))}: holds other colours than {coding.names_file}: {error}"
        ) from error


def _targets(sample: Sample, labels: np.ndarray, coding: Coding) -> np.ndarray:
    """uint8 [H, W]: what the values become."""
    low, high = coding.values[0], coding.values[-1]
    target_of = np.full(high - low + 1, -1, np.int16)
    target_of[np.array(coding.values) - low] = coding.targets
    outside = (labels < low) | (labels > high)
    targets = target_of[np.where(outside, low, labels).astype(np.int64) - low]
    unnamed = outside | (targets < 0)
    if unnamed.any():
        file = sample.image_path if sample.rows else sample.mask_path
        names_file = coding.names_file
        raise DataError(
            f"{printable(str(file))}: holds the value {labels[unnamed].min()}, which {names_file} does not "
            f"name; name it in {names_file}, as ignore where it counts nowhere, or save the map as PNG with "
            "the values of the classes"
        )
    return targets.astype(np.uint8)
