"""Photoshop documents: the untouched photo under an editable layer mask."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.errors import ImageError, printable
from segmentation.files import write_bytes

_MOST_PX = 30_000  # of a side; beyond it begins another format, PSB
_PIXELS_PER_INCH, _INCHES = 1, 1
_FIXED_POINT = 1 << 16


def write_psd(
    path: Path,
    image: np.ndarray,
    alpha: np.ndarray,
    merged: np.ndarray,
    *,
    trimap: np.ndarray,
    background: np.ndarray | None = None,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> None:
    """Write a PSD atomically: the layer "photo", masked by `alpha`, and a hidden group "trimap" above it.

    `image` is uint8 RGB [H, W, 3], `alpha` and `trimap` are uint8 [H, W]. A `background`, like the image, is
    a layer below. `merged` is what programs show that do not read layers: uint8 RGB [H, W, 3], or [H, W, 4]
    whose colours are blended with white where its alpha is transparent, as Photoshop stores it. Parents are
    created. Raises ImageError when a side has more than 30000 pixels or the file cannot be written.
    """
    height, width = alpha.shape
    if max(height, width) > _MOST_PX:
        raise ImageError(
            f"{printable(str(path))}: cannot be written (expected sides of at most {_MOST_PX} pixels in a "
            f"PSD, received {width}x{height}); choose another --format"
        )
    document = _layered(image, alpha, merged, trimap, background)
    _describe(document, icc_profile, dpi)
    content = io.BytesIO()
    # its own save() would compute the merged picture anew, in floating point and many times slower
    document._record.write(content)
    try:
        write_bytes(path, content.getvalue())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ImageError(
            f"{printable(str(path))}: cannot be written ({reason}); check the folder and its free space"
        ) from error


def _layered(
    image: np.ndarray,
    alpha: np.ndarray,
    merged: np.ndarray,
    trimap: np.ndarray,
    background: np.ndarray | None,
) -> Any:
    from PIL import Image
    from psd_tools import PSDImage

    document = PSDImage.frompil(Image.fromarray(merged))
    if background is not None:
        document.create_pixel_layer(Image.fromarray(background), name="background")
    document.create_pixel_layer(Image.fromarray(image), name="photo").create_mask(Image.fromarray(alpha))
    group = document.create_group(name="trimap", open_folder=False)
    group.create_pixel_layer(Image.fromarray(trimap), name="trimap")
    group.visible = False
    if merged.shape[2] == 4:
        layers = document._record.layer_and_mask_information.layer_info
        layers.layer_count = -abs(layers.layer_count)  # the fourth channel is transparency, no spot colour
    return document


def _describe(document: Any, icc_profile: bytes | None, dpi: tuple[float, float] | None) -> None:
    from psd_tools.constants import Resource
    from psd_tools.psd.image_resources import ImageResource, ResoulutionInfo

    resources = document.image_resources
    if icc_profile:
        resources[Resource.ICC_PROFILE] = ImageResource(key=Resource.ICC_PROFILE, data=icc_profile)
    if dpi:
        across, down = (round(value * _FIXED_POINT) for value in dpi)
        resolution = ResoulutionInfo(across, _PIXELS_PER_INCH, _INCHES, down, _PIXELS_PER_INCH, _INCHES)
        resources[Resource.RESOLUTION_INFO] = ImageResource(
            key=Resource.RESOLUTION_INFO, data=resolution.tobytes()
        )
