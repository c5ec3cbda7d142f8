"""All pairs at a glance: thumbnails with the outline or the classes of their ground truth and their names."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from segmentation.core.errors import DataError
from segmentation.core.labels import BINARY, HALF, LabelMap
from segmentation.core.parallel import OnProgress, map_in_threads
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.images.class_overlay import legend, overlay_classes
from segmentation.images.files import read_photo
from segmentation.images.text import INK, LINE_HEIGHT_PX, PAPER, TEXT_GAP_PX, load_font, wrap
from segmentation.preprocessing.pixels import resize_labels

_MARGIN_PX = 12
_LINES = 2

_LINE, _HALO = (255, 40, 150), (255, 255, 255)  # one of the two stands out on any colour
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
    cell_height = thumb_height_px + TEXT_GAP_PX + _LINES * LINE_HEIGHT_PX
    rows = -(-len(thumbs) // columns)
    width = columns * (cell_width + _MARGIN_PX) + _MARGIN_PX
    height = rows * (cell_height + _MARGIN_PX) + _MARGIN_PX
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    font = load_font()
    for index, (sample, thumb) in enumerate(zip(chosen, thumbs, strict=True)):
        row, column = divmod(index, columns)
        left = _MARGIN_PX + column * (cell_width + _MARGIN_PX)
        top = _MARGIN_PX + row * (cell_height + _MARGIN_PX)
        sheet.paste(Image.fromarray(thumb), (left + (cell_width - thumb.shape[1]) // 2, top))
        for number, line in enumerate(wrap(sample.id, font, cell_width)):
            y = top + thumb_height_px + TEXT_GAP_PX + number * LINE_HEIGHT_PX
            pen.text((left + cell_width / 2, y), line, fill=INK, font=font, anchor="ma")
    drawn = np.array(sheet)
    return drawn if labels.binary else np.vstack([drawn, legend(labels, width)])


def _evenly(samples: Sequence[Sample], limit: int) -> list[Sample]:
    if len(samples) <= limit:
        return list(samples)
    return [samples[index] for index in np.linspace(0, len(samples) - 1, limit).round().astype(int)]


def _draw_thumb(sample: Sample, height_px: int, labels: LabelMap) -> np.ndarray:
    photo = read_photo(sample.photo)
    width_px = max(1, round(height_px * photo.shape[1] / photo.shape[0]))
    if sample.truth is None:
        return cv2.resize(photo, (width_px, height_px), interpolation=cv2.INTER_AREA)
    size = (width_px * _OVERSAMPLING, height_px * _OVERSAMPLING)
    thumb = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    truth = sample.truth.read()
    drawn = _outline(thumb, truth) if labels.binary else _colour(thumb, truth, labels)
    return cv2.resize(drawn, (width_px, height_px), interpolation=cv2.INTER_AREA)


def _outline(thumb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    mask = cv2.resize(alpha, thumb.shape[1::-1], interpolation=cv2.INTER_AREA)
    outlines, _ = cv2.findContours((mask >= HALF).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(thumb, outlines, -1, _HALO, 3 * _OVERSAMPLING, cv2.LINE_AA)
    cv2.drawContours(thumb, outlines, -1, _LINE, _OVERSAMPLING, cv2.LINE_AA)
    return thumb


def _colour(thumb: np.ndarray, indices: np.ndarray, labels: LabelMap) -> np.ndarray:
    return overlay_classes(thumb, resize_labels(indices, Size(*thumb.shape[:2])), labels)
