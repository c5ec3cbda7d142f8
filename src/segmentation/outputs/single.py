"""The files of one photo wherever they are wanted, with the bytes that a folder job would give them."""

from pathlib import Path

import numpy as np

from segmentation.config.files import JPEG_QUALITY
from segmentation.core.errors import ImageError, printable
from segmentation.core.file_kinds import FILES, FORMATS
from segmentation.core.types import Prediction
from segmentation.images.compositing import blend
from segmentation.images.files import Picture, write_image
from segmentation.images.trimaps import WIDE_BAND, trimap

_CUTOUTS = (*(FILES[kind].suffix for kind in FORMATS.values()), ".tiff", ".jpeg")
_LABELS = (".png",)


def write_cutout(path: Path, picture: Picture, alpha: np.ndarray, cutout: np.ndarray) -> None:
    """Write a cutout atomically in one of FORMATS, by the suffix of `path`.

    `alpha` is uint8 [H, W], `cutout` uint8 RGBA [H, W, 4], `picture` their photo, whose colour profile,
    resolution and EXIF are kept. A PSD has the whole photo in a layer with an editable mask; a JPEG is over
    white. Parents are created. Raises ImageError for another suffix and when the file cannot be written.
    """
    _check_suffix(path, _CUTOUTS)
    if path.suffix.lower() in (".jpg", ".jpeg"):
        write_image(path, blend(cutout[..., :3], 255, alpha), quality=JPEG_QUALITY, **picture.about)
        return
    if path.suffix.lower() != ".psd":
        write_image(path, cutout, mostly_empty=True, lossless=True, **picture.about)
        return
    from segmentation.images.psd_write import write_psd

    merged = np.dstack([blend(picture.pixels, 255, alpha), alpha])  # as it looks to a reader without layers
    write_psd(path, picture.pixels, alpha, merged, trimap=trimap(alpha, WIDE_BAND), **picture.about)


def write_label_map(path: Path, picture: Picture, prediction: Prediction) -> None:
    """Write the indices of the classes as a grey PNG that shows their colours, atomically.

    Parents are created. Raises ImageError for another suffix and when the file cannot be written.
    """
    _check_suffix(path, _LABELS)
    write_image(
        path,
        prediction.indices,
        mostly_empty=True,
        palette=prediction.labels.colours,
        dpi=picture.dpi,
    )


def _check_suffix(path: Path, suffixes: tuple[str, ...]) -> None:
    if path.suffix.lower() not in suffixes:
        received = path.suffix or "none"
        raise ImageError(
            f"{printable(str(path))}: expected the suffix {', '.join(suffixes)}, received {received}"
        )
