"""Reading the cutout of a Photoshop document: the mask that a retoucher left in it."""

import logging
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from segmentation.core.errors import ImageError, printable
from segmentation.images.compositing import in_bits
from segmentation.images.pillow import prepare_pillow

_PHOTO = "photo"  # what `write_psd` calls the layer
_MASKED_KINDS = ("pixel", "smartobject")  # layers that show a picture; others only change those below


class _Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left


def read_psd_alpha(path: Path, shape: tuple[int, int], bits: int = 8) -> np.ndarray:
    """Read the alpha of the cutout in a PSD or PSB: uint8 or uint16 [H, W] by `bits`, of the photo's `shape`.

    It is the mask of the visible layer "photo", else of the topmost visible picture with a layer mask, times
    the transparency of that layer; where no layer has a mask, the transparency of the merged picture. A
    document that was cropped is placed by that layer where it still holds the whole photo.

    Raises ImageError for a file that cannot be read, holds no cutout, has its mask switched off or changed by
    density or feather, hides a part of the layer by anything else, such as the mask of a group, or has
    another size than the photo.
    """
    try:
        return _read(path, shape, bits)
    except ImageError:
        raise
    except Exception as error:  # what a parser stumbles over in a damaged file has any type
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
        raise _error(path, f"cannot be read as a Photoshop document ({reason})", "save it again") from error


def _read(path: Path, shape: tuple[int, int], bits: int) -> np.ndarray:
    from psd_tools import PSDImage
    from psd_tools.compression import PSDDecompressionWarning

    prepare_pillow()
    # psd-tools would put black in the place of what is damaged; for the whole process, as `prepare_pillow`
    warnings.filterwarnings("error", category=PSDDecompressionWarning)
    if not (logger := logging.getLogger("psd_tools")).handlers:
        logger.addHandler(logging.NullHandler())
    document = PSDImage.open(path)
    layer = _masked_layer(document)
    canvas = _Box(0, 0, document.width, document.height)
    if layer is not None and canvas.shape != shape:
        canvas = _Box(*layer.bbox)
    if canvas.shape != shape:
        raise _error(
            path,
            f"is {document.width}x{document.height}, its photo is {shape[1]}x{shape[0]}, so that its place "
            "in the photo is unknown",
            f"cut out without `crop`, or leave the layer {_PHOTO} whole",
        )
    if layer is None:
        return _merged_alpha(path, document, bits)
    return _layer_alpha(path, layer, canvas, document.depth, bits)


def _masked_layer(document: Any) -> Any | None:
    layers = [layer for layer in document.descendants() if layer.kind in _MASKED_KINDS and layer.is_visible()]
    from_the_top = reversed(layers)
    masked = [layer for layer in from_the_top if layer.has_mask() or layer.has_vector_mask()]
    return next((layer for layer in masked if layer.name == _PHOTO), masked[0] if masked else None)


def _refuse_what_else_hides(path: Path, layer: Any) -> None:
    """Raise ImageError where the layer or a group around it hides more than its mask and transparency."""
    again = "and save it again"
    if layer.clipping:
        raise _error(path, f"its layer {layer.name!r} is clipped to another", f"release it, {again}")
    around = layer
    while around.parent is not None:  # the document is the last
        place = f"its {'layer' if around is layer else 'group'} {around.name!r}"
        if around.has_vector_mask() or (around.has_mask() and around.mask.has_real()):
            raise _error(path, f"{place} has a vector mask", f"rasterize it into the layer's mask, {again}")
        if around is not layer and around.has_mask():
            raise _error(path, f"{place} has a mask", f"apply it to the layer's mask instead, {again}")
        if min(around.opacity, around.fill_opacity) < 255:
            raise _error(path, f"{place} has an opacity or a fill below 100%", f"set both to 100%, {again}")
        around = around.parent


def _layer_alpha(path: Path, layer: Any, canvas: _Box, depth: int, bits: int) -> np.ndarray:
    _refuse_what_else_hides(path, layer)
    mask = layer.mask
    place = f"the mask of its layer {layer.name!r}"
    if mask.disabled:
        raise _error(path, f"{place} is switched off", "switch it on, and save it again")
    changed = mask.parameters
    if changed and (changed.user_mask_density not in (None, 255) or changed.user_mask_feather):
        raise _error(path, f"{place} has a density or a feather", "apply them to the mask, and save it again")
    alpha = _placed(
        _levels(layer, "mask", depth, bits), _Box(*mask.bbox), canvas, mask.background_color, bits
    )
    opacity, opaque = _levels(layer, "shape", depth, bits), np.iinfo(alpha.dtype).max
    if opacity is not None and opacity.min() < opaque:  # erased by hand as well
        shown = _placed(opacity, _Box(*layer.bbox), canvas, 0, bits)
        alpha = np.rint(alpha * (shown / opaque)).astype(alpha.dtype)
    return alpha


def _levels(picture: Any, channel: str, depth: int, bits: int) -> np.ndarray | None:
    """Return a channel of a layer or a document of a `depth` in `bits` [h, w]; None where there is none."""
    values = picture.numpy(channel)  # float32 [h, w, 1] in [0, 1]
    if values is None:
        return None
    if depth == 16:
        levels = np.rint(values[..., 0] * 65535).astype(np.uint16)
        return levels if bits == 16 else (levels >> 8).astype(np.uint8)  # as `read_mask` takes it
    return in_bits(np.rint(values[..., 0] * 255).astype(np.uint8), bits)


def _placed(part: np.ndarray | None, box: _Box, canvas: _Box, outside: int, bits: int) -> np.ndarray:
    """Place a channel [h, w] of `bits` that lies at `box` on a canvas [H, W], `outside` (0 to 255) of it."""
    placed = in_bits(np.full(canvas.shape, outside, np.uint8), bits)
    if part is None:  # all of it is like the outside
        return placed
    left, top = max(box.left, canvas.left), max(box.top, canvas.top)
    right, bottom = min(box.right, canvas.right), min(box.bottom, canvas.bottom)
    if left < right and top < bottom:
        seen = part[top - box.top : bottom - box.top, left - box.left : right - box.left]
        rows = slice(top - canvas.top, bottom - canvas.top)
        columns = slice(left - canvas.left, right - canvas.left)
        placed[rows, columns] = seen
    return placed


def _merged_alpha(path: Path, document: Any, bits: int) -> np.ndarray:
    alpha = _levels(document, "shape", document.depth, bits)
    if alpha is None or not document.has_preview() or alpha.min() == np.iinfo(alpha.dtype).max:
        raise _error(
            path,
            "holds no cutout (no visible layer with a layer mask, and nothing is transparent)",
            "add a layer mask to the photo, and save it again",
        )
    return alpha


def _error(path: Path, problem: str, remedy: str) -> ImageError:
    return ImageError(f"{printable(str(path))}: {printable(problem)}; {remedy}")
