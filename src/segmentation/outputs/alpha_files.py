"""The alphas that an evaluation found, a file each."""

from pathlib import Path

import numpy as np

from segmentation.images.files import read_mask, write_image

ALPHA = "alpha"
"""The folder of alphas, in the folder of results."""


def write_alpha(folder: Path, sample_id: str, alpha: np.ndarray) -> None:
    """Write the alpha of a photo, uint8 or uint16 [H, W]. Raises ImageError."""
    write_image(_path(folder, sample_id), alpha, mostly_empty=True)


def read_alpha(folder: Path, sample_id: str) -> np.ndarray | None:
    """Read the alpha of a photo, uint8 [H, W]; None where there is none. Raises ImageError."""
    path = _path(folder, sample_id)
    return read_mask(path) if path.is_file() else None


def _path(folder: Path, sample_id: str) -> Path:
    return folder / f"{sample_id}.png"
