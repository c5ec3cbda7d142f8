"""The files of one photo wherever they are wanted, with the bytes that a folder job would give them."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from segmentation.config.files import CutoutOptions
from segmentation.core.errors import ImageError, printable
from segmentation.core.file_kinds import FILES, FORMATS
from segmentation.core.predictions import Prediction
from segmentation.images.files import Picture, write_image
from segmentation.outputs.cutout_style import CutoutStyle

_CUTOUTS = {FILES[kind].suffix: name for name, kind in FORMATS.items()} | {".tiff": "tiff", ".jpeg": "jpg"}
_LABELS = (".png",)


def write_cutout(path: Path, picture: Picture, alpha: np.ndarray) -> None:
    """Write the cutout of a picture by its alpha, uint8 [H, W], atomically in one of FORMATS.

    The suffix of `path` chooses the format; all else is as by default, see `CutoutStyle`. Parents are
    created. Raises ImageError for another suffix and when the file cannot be written.
    """
    _check_suffix(path, _CUTOUTS)
    name = _CUTOUTS[path.suffix.lower()]
    CutoutStyle(CutoutOptions(format=(name,))).write({FORMATS[name]: path}, picture, alpha)


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


def _check_suffix(path: Path, suffixes: Collection[str]) -> None:
    if path.suffix.lower() not in suffixes:
        received = path.suffix or "none"
        raise ImageError(
            f"{printable(str(path))}: expected the suffix {', '.join(suffixes)}, received {received}"
        )
