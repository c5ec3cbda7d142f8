"""A photo in whatever form a program has it: a path, the bytes of a file, a Pillow image or an array."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segmentation.core.errors import ImageError
from segmentation.images.files import TRANSPARENT, Picture, convert_photo, open_photo

Photo = str | os.PathLike[str] | bytes | np.ndarray | Image.Image
"""A path, the bytes of a file, a Pillow image, or uint8 RGB [H, W, 3], RGBA [H, W, 4] or grey [H, W]."""

_EXPECTED = (
    "a path, the bytes of an image file, a Pillow image, or an array of uint8 as RGB [H, W, 3], "
    "RGBA [H, W, 4] or grey [H, W]"
)


def take_photo(photo: Photo, *, max_pixels: int | None = None) -> Picture:
    """Return a photo as a person sees it.

    Files and Pillow images are turned as their EXIF says and converted to RGB, see `open_photo`; files that
    declare more than `max_pixels` pixels are refused. An RGBA array keeps its alpha where it is not opaque;
    grey becomes RGB. Raises ImageError for what cannot be read, and for anything else, with what was expected
    and its type, shape and dtype.
    """
    if isinstance(photo, str | os.PathLike):
        return open_photo(Path(photo), max_pixels=max_pixels)
    if isinstance(photo, bytes | bytearray | memoryview):
        return open_photo(bytes(photo), max_pixels=max_pixels)
    if isinstance(photo, Image.Image):
        return convert_photo(photo)
    if isinstance(photo, np.ndarray):
        return _from_array(photo)
    raise ImageError(f"photo: expected {_EXPECTED}; received {type(photo).__name__}")


def _from_array(photo: np.ndarray[Any, Any]) -> Picture:
    grey = photo.ndim == 2 or (photo.ndim == 3 and photo.shape[2] == 1)
    if photo.dtype != np.uint8 or photo.size == 0 or not (grey or photo.shape[2:] in ((3,), (4,))):
        received = f"an array of {photo.dtype} with the shape {list(photo.shape)}"
        raise ImageError(f"photo: expected {_EXPECTED}; received {received}")
    if grey:
        return Picture(np.repeat(photo.reshape(*photo.shape[:2], 1), 3, axis=2))
    transparent = photo.shape[2] == 4 and photo[..., 3].min() < 255
    alpha = photo[..., 3].copy() if transparent else None
    notes = (TRANSPARENT,) if transparent else ()
    return Picture(photo[..., :3].copy(), notes=notes, alpha=alpha)  # the array may be used again
