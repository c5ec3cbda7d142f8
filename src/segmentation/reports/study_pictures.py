"""The same detail of a photo by each way of a question, pixel for pixel, with labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from segmentation.core.palette import palette
from segmentation.images.text import INK, LINE_HEIGHT_PX, PAPER, TEXT_GAP_PX, load_font, wrap
from segmentation.reports.details import DETAIL_PX, detail_about

_GAP_PX = 4
_COLUMNS = 4
_LINES = 2
_OBJECTS_PX = 240  # the height of a photo's objects


@dataclass(frozen=True)
class Detail:
    """A part of a photo, and how far the alphas of several ways are apart in it, 0 to 255."""

    rows: slice
    columns: slice
    apart: float


def most_disputed(alphas: Mapping[str, np.ndarray]) -> Detail:
    """Return the part of a photo in which alphas, uint8 [H, W] by the names of ways, differ most."""
    stacked = np.stack([alpha.astype(np.float32) for alpha in alphas.values()])  # [ways, H, W]
    height, width = stacked.shape[1:]
    apart = cv2.blur(stacked.std(axis=0), (DETAIL_PX // 2, DETAIL_PX // 2), borderType=cv2.BORDER_REFLECT)
    down, across = np.unravel_index(int(apart.argmax()), apart.shape)
    return Detail(detail_about(int(down), height), detail_about(int(across), width), float(apart.max()))


def draw_detail(target: np.ndarray, alphas: Mapping[str, np.ndarray], detail: Detail) -> np.ndarray:
    """Draw a detail of the true alpha and of the others, all uint8 [H, W], with labels.

    Returns uint8 grey, four tiles a row. The photo is not shown, so that the page can go where it may not.
    """
    part = detail.rows, detail.columns
    tiles = {name: alpha[part] for name, alpha in {"true alpha": target, **alphas}.items()}
    height, width = tiles["true alpha"].shape
    across = min(_COLUMNS, len(tiles))
    down = -(-len(tiles) // across)
    step_x, step_y = width + _GAP_PX, height + TEXT_GAP_PX + _LINES * LINE_HEIGHT_PX + _GAP_PX
    sheet = Image.new("L", (across * step_x - _GAP_PX, down * step_y - _GAP_PX), PAPER[0])
    pen, font = ImageDraw.Draw(sheet), load_font()
    for number, (name, tile) in enumerate(tiles.items()):
        left, top = number % across * step_x, number // across * step_y
        sheet.paste(Image.fromarray(tile), (left, top))
        for line, text in enumerate(wrap(name, font, width)):
            y = top + height + TEXT_GAP_PX + line * LINE_HEIGHT_PX
            pen.text((left + width / 2, y), text, fill=INK[0], font=font, anchor="ma")
    return np.array(sheet)


def draw_objects(photos: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Draw objects beside each other, masks bool [H, W] of one photo after the other: uint8 RGB [240, W, 3].

    Each has a colour of its own on black. The photos are not shown, see `draw_detail`.
    """
    tiles: list[np.ndarray] = []
    for masks in photos:
        height, width = masks[0].shape
        drawn = np.zeros((height, width, 3), np.uint8)
        for mask, colour in reversed([*zip(masks, palette(len(masks) + 1)[1:], strict=True)]):
            drawn[mask] = colour
        size = max(1, round(width * _OBJECTS_PX / height)), _OBJECTS_PX
        gap = np.full((_OBJECTS_PX, _GAP_PX, 3), PAPER[0], np.uint8)
        tiles += [cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), gap]
    return np.hstack(tiles[:-1])
