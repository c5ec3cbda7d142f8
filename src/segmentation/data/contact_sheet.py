"""All pairs at a glance: thumbnails with the outline or the classes of their ground truth and their names."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from config import Size
from segmentation.data.ground_truth import read_ground_truth
from segmentation.data.parallel import OnProgress, map_in_threads
from segmentation.data.preprocess import resize_labels
from segmentation.errors import DataError
from segmentation.imageio import read_photo
from segmentation.types import BINARY, LabelMap, Sample

_MARGIN_PX = 12
_FONT_SIZE_PX = 11
_LINES = 2
_LINE_HEIGHT_PX = 15
_TEXT_GAP_PX = 5

_PAPER = (250, 250, 250)
_INK = (60, 60, 60)
_LINE, _HALO = (255, 40, 150), (255, 255, 255)  # one of the two stands out on any colour
_COVER = 0.6  # of the colour of a class over the photo
_OVERSAMPLING = 2  # outlines are drawn on a larger thumbnail, so that they come out thin and smooth


def draw_contact_sheet(
    samples: Sequence[Sample],
    columns: int = 8,
    thumb_height_px: int = 320,
    limit: int = 64,
    on_progress: OnProgress | None = None,
    labels: LabelMap = BINARY,
) -> np.ndarray:
    """Draw at most `limit` samples, evenly chosen, with outline and id: uint8 RGB [H, W, 3].

    Several classes lie over the photo in their colours, all but the first, and a legend below names them. A
    sample without ground truth has no outline. Raises DataError when there are no samples and
    ImageError for a file that cannot be read.
    """
    if not samples:
        raise DataError("contact sheet: expected at least one photo, received none; choose another folder")
    chosen = _evenly(samples, limit)
    thumbs = map_in_threads(lambda sample: _draw_thumb(sample, thumb_height_px, labels), chosen, on_progress)
    columns = min(columns, len(thumbs))
    cell_width = max(thumb.shape[1] for thumb in thumbs)
    cell_height = thumb_height_px + _TEXT_GAP_PX + _LINES * _LINE_HEIGHT_PX
    rows = -(-len(thumbs) // columns)
    size = [
        count * (cell + _MARGIN_PX) + _MARGIN_PX
        for count, cell in ((columns, cell_width), (rows, cell_height))
    ]
    sheet = Image.new("RGB", tuple(size), _PAPER)
    pen = ImageDraw.Draw(sheet)
    font = _load_font()
    for index, (sample, thumb) in enumerate(zip(chosen, thumbs, strict=True)):
        row, column = divmod(index, columns)
        left = _MARGIN_PX + column * (cell_width + _MARGIN_PX)
        top = _MARGIN_PX + row * (cell_height + _MARGIN_PX)
        sheet.paste(Image.fromarray(thumb), (left + (cell_width - thumb.shape[1]) // 2, top))
        for number, line in enumerate(_wrap(sample.id, font, cell_width)):
            y = top + thumb_height_px + _TEXT_GAP_PX + number * _LINE_HEIGHT_PX
            pen.text((left + cell_width / 2, y), line, fill=_INK, font=font, anchor="ma")
    return np.array(sheet) if labels.binary else np.vstack([sheet, _draw_legend(labels, sheet.width, font)])


def _draw_legend(labels: LabelMap, width_px: int, font: ImageFont.FreeTypeFont) -> np.ndarray:
    """A swatch and a name for each class and for what is ignored, column by column: uint8 RGB [H, W, 3]."""
    entries = list(zip(labels.names, labels.colours, strict=True))
    if labels.ignore is not None:
        entries.append(("(ignored)", labels.ignored_colour))
    swatch = _LINE_HEIGHT_PX - 3
    widest = max(font.getlength(name) for name, _ in entries)
    step = round(min(widest, width_px / 2)) + swatch + 2 * _MARGIN_PX
    rows = -(-len(entries) // max(1, (width_px - _MARGIN_PX) // step))
    legend = Image.new("RGB", (width_px, rows * _LINE_HEIGHT_PX + _MARGIN_PX), _PAPER)
    pen = ImageDraw.Draw(legend)
    for number, (name, colour) in enumerate(entries):
        column, row = divmod(number, rows)
        left, top = _MARGIN_PX + column * step, row * _LINE_HEIGHT_PX
        pen.rectangle((left, top, left + swatch, top + swatch), fill=colour, outline=_INK)
        text = _wrap(name, font, step - swatch - _MARGIN_PX)[0]
        pen.text((left + swatch + _TEXT_GAP_PX, top), text, fill=_INK, font=font)
    return np.array(legend)


def _load_font() -> ImageFont.FreeTypeFont:
    import matplotlib  # brings a font that knows more than ASCII, unlike Pillow's own

    return ImageFont.truetype(
        str(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")), _FONT_SIZE_PX
    )


def _evenly(samples: Sequence[Sample], limit: int) -> list[Sample]:
    if len(samples) <= limit:
        return list(samples)
    return [samples[index] for index in np.linspace(0, len(samples) - 1, limit).round().astype(int)]


def _draw_thumb(sample: Sample, height_px: int, labels: LabelMap) -> np.ndarray:
    photo = read_photo(sample.image_path)
    width_px = max(1, round(height_px * photo.shape[1] / photo.shape[0]))
    if sample.mask_path is None:
        return cv2.resize(photo, (width_px, height_px), interpolation=cv2.INTER_AREA)
    size = (width_px * _OVERSAMPLING, height_px * _OVERSAMPLING)
    thumb = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    truth = read_ground_truth(sample)
    if not labels.binary:
        return cv2.resize(
            _coloured(thumb, truth, labels), (width_px, height_px), interpolation=cv2.INTER_AREA
        )
    mask = cv2.resize(truth, size, interpolation=cv2.INTER_AREA)
    outlines, _ = cv2.findContours((mask >= 128).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(thumb, outlines, -1, _HALO, 3 * _OVERSAMPLING, cv2.LINE_AA)
    cv2.drawContours(thumb, outlines, -1, _LINE, _OVERSAMPLING, cv2.LINE_AA)
    return cv2.resize(thumb, (width_px, height_px), interpolation=cv2.INTER_AREA)


def _coloured(thumb: np.ndarray, truth: np.ndarray, labels: LabelMap) -> np.ndarray:
    indices = resize_labels(truth, Size(*thumb.shape[:2]))
    cover = np.where(indices == 0, 0.0, _COVER)[..., np.newaxis]  # [H, W, 1]
    return np.round(thumb * (1 - cover) + labels.decode(indices) * cover).astype(np.uint8)


def _wrap(text: str, font: ImageFont.FreeTypeFont, width_px: int) -> list[str]:
    """At most two lines that fit; of a longer text the middle gives way, its ending names the viewpoint."""
    if font.getlength(text) <= width_px:
        return [text]
    end = next(end for end in range(len(text), 0, -1) if end == 1 or font.getlength(text[:end]) <= width_px)
    after_separator = 1 + max(text.rfind(separator, 0, end) for separator in "/_- ")
    if after_separator > end // 2 and font.getlength(text[after_separator:]) <= width_px:
        end = after_separator
    first, rest = text[:end], text[end:]
    if font.getlength(rest) <= width_px:
        return [first, rest]
    while rest and font.getlength("…" + rest) > width_px:
        rest = rest[1:]
    return [first, "…" + rest]
