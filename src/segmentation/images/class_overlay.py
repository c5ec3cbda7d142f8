"""Classes in their colours over a photo, and the legend that names them, in all pictures for people."""

from collections.abc import Collection

import cv2
import numpy as np
from PIL import Image, ImageDraw

from segmentation.core.labels import LabelMap
from segmentation.images.text import INK, LINE_HEIGHT_PX, PAPER, TEXT_GAP_PX, load_font, wrap

_COVER = 0.6  # of the colour of a class over the photo
_MARGIN_PX = 12


def overlay_classes(image: np.ndarray, indices: np.ndarray, labels: LabelMap) -> np.ndarray:
    """Draw the colours of the classes, `indices` [H, W], over the image: uint8 RGB [H, W, 3].

    The background is left as it is. Under a colour the image is grey, so that a class has the same hue on
    clothes of every colour.
    """
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    covered = cv2.addWeighted(grey, 1 - _COVER, labels.decode(indices), _COVER, 0)
    return cv2.copyTo(image, (indices == 0).astype(np.uint8), covered)


def legend(labels: LabelMap, width_px: int, shown: Collection[int] | None = None) -> np.ndarray:
    """Draw a swatch and a name for each class and for ignored pixels, in columns: uint8 RGB [H, W, 3].

    `shown` are the indices to name, by default all.
    """
    entries = list(enumerate(zip(labels.names, labels.colours, strict=True)))
    if labels.ignore is not None:
        entries.append((labels.ignore, ("(ignored)", labels.ignored_colour)))
    named = [entry for index, entry in entries if shown is None or index in shown]
    swatch = LINE_HEIGHT_PX - 3
    font = load_font()
    widest = max(font.getlength(name) for name, _ in named)
    step = round(min(widest, width_px / 2)) + swatch + 2 * _MARGIN_PX
    rows = -(-len(named) // max(1, (width_px - _MARGIN_PX) // step))
    drawn = Image.new("RGB", (width_px, rows * LINE_HEIGHT_PX + _MARGIN_PX), PAPER)
    pen = ImageDraw.Draw(drawn)
    for number, (name, colour) in enumerate(named):
        column, row = divmod(number, rows)
        left, top = _MARGIN_PX + column * step, row * LINE_HEIGHT_PX
        pen.rectangle((left, top, left + swatch, top + swatch), fill=colour, outline=INK)
        text = wrap(name, font, step - swatch - _MARGIN_PX)[0]
        pen.text((left + swatch + TEXT_GAP_PX, top), text, fill=INK, font=font)
    return np.array(drawn)
