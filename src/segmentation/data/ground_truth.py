"""The mask of a sample, in whichever form its data set holds it."""

import numpy as np

from segmentation.data.labels import mask_of
from segmentation.imageio import read_labels, read_mask
from segmentation.types import Sample


def read_ground_truth(sample: Sample) -> np.ndarray:
    """uint8 [H, W], 0 outside and 255 inside the garment; the edges of a label map are hard.

    The sample must have a `mask_path`. Raises ImageError for a file that cannot be read.
    """
    if sample.garment_labels is None:
        return read_mask(sample.mask_path)
    return mask_of(read_labels(sample.mask_path), sample.garment_labels)
