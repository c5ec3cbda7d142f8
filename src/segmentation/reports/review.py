"""The review page of a folder: the photos that a person should check, the least certain first."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np

from segmentation.confidence.cleanness import in_percent
from segmentation.confidence.model import shown as shown_confidence
from segmentation.confidence.triage import WORST_FIRST, FolderTriage, Row
from segmentation.confidence.verdict import Limits
from segmentation.core.errors import printable
from segmentation.core.file_kinds import FILES
from segmentation.core.files import write_text
from segmentation.core.predictions import Prediction
from segmentation.core.tables import write_csv
from segmentation.images.outline import outlined

REVIEW = "review.html"
TABLE = "triage.csv"

_HEIGHT_PX, _WIDTH_PX = 640, 480  # at most, of a picture
_MARGIN = 0.25  # around the garment, as a share of its longer side: room for what the mask lost
_HINT = 0.1  # score from which a pixel may belong to the garment
_DOUBTFUL = (255, 200, 0)
_TINT = 0.6
_COLUMNS = ("photo", "decision", "confidence", "area", "reasons")
_FURTHER = ("clean", "likely_faults", "promise", "certainty")  # those of them that are known of a photo
_PAGE_BEGINS = '<!DOCTYPE html>\n<html lang="en" data-page="review">'
_MOST_PICTURES = 1000  # in one page; all are in the table


def draw(photo: np.ndarray, prediction: Prediction) -> np.ndarray:
    """Draw the garment of a photo [H, W, 3] with its outline, doubtful places tinted: uint8 RGB [h, w, 3].

    The picture has a generous margin, and all that the scores hint at, so that what the mask lost is seen.
    """
    doubtful = np.zeros(prediction.mask.shape, bool) if prediction.doubtful is None else prediction.doubtful
    box = region_around(prediction.mask | doubtful | _hinted(prediction))
    part = photo[box]
    scale = min(_HEIGHT_PX / part.shape[0], _WIDTH_PX / part.shape[1], 1.0)
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))

    def shrunk(picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)

    small = shrunk(part)
    share = _TINT * np.minimum(2 * shrunk(doubtful[box].astype(np.float32)), 1.0)
    tinted = share > 0
    share = share[tinted][:, np.newaxis]  # of few pixels
    small[tinted] = np.round(small[tinted] * (1 - share) + np.array(_DOUBTFUL) * share)
    return outlined(small, shrunk(prediction.mask[box].view(np.uint8) * np.uint8(255)))


def region_around(mask: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns that show a mask, bool [H, W], with a margin; all if it is empty."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return slice(None), slice(None)
    margin = round(_MARGIN * max(width, height))
    rows = slice(max(0, top - margin), top + height + margin)
    return rows, slice(max(0, left - margin), left + width + margin)


def write_review(
    folder: Path, triage: FolderTriage, limits: Limits, model_name: str, caution: str = ""
) -> None:
    """Write `review.html` and `triage.csv` into the output folder of a folder job, each whole or not at all.

    `caution` is shown at the top. The page shows the pictures that the job drew, beside which it has to
    stay, and links to the cutouts.
    """
    from segmentation.reports.html import page

    folder_of_pictures, suffix = FILES["review"]
    pictured = triage.rows[:_MOST_PICTURES]
    html = page(
        "review.html.j2",
        model_name=model_name,
        triage=triage,
        limits=limits,
        caution=caution,
        shown=shown_confidence,
        in_percent=in_percent,
        sections=[(name, [row for row in pictured if row.verdict.decision == name]) for name in WORST_FIRST],
        hidden=len(triage.rows) - len(pictured),
        name=lambda row: printable(row.stem),
        picture=lambda row: _address(f"{folder_of_pictures}/{row.stem}{suffix}"),
        link=lambda row: row.cutout and _address(row.cutout),
        doubtful="#{:02x}{:02x}{:02x}".format(*_DOUBTFUL),
    )
    write_text(folder / REVIEW, html)
    write_csv(folder / TABLE, _table(triage))


def remove_review(folder: Path) -> None:
    """Remove what `write_review` wrote before, which would not match the results that are there now."""
    for name, beginning in ((REVIEW, _PAGE_BEGINS), (TABLE, ",".join(_COLUMNS))):
        path = folder / name
        if path.is_file() and path.read_bytes().startswith(beginning.encode()):  # else it is the user's own
            path.unlink()


def _address(path: str) -> str:
    return quote(os.fsencode(path))  # names need not be UTF-8


def _table(triage: FolderTriage) -> Iterator[Sequence[str]]:
    # models of earlier versions know no faults, or not where they are, and few photos go by a promise
    known = [_known_of(row) for row in triage.rows]
    further = [name for name in _FURTHER if any(name in cells for cells in known)]
    yield *_COLUMNS, *further
    for stem, error in triage.failures.items():
        yield printable(stem), "failed", "", "", printable(error), *("" for _name in further)
    for row, cells in zip(triage.rows, known, strict=True):
        decision, reasons = row.verdict.decision, "; ".join(row.verdict.reasons)
        figures = printable(row.stem), decision, f"{row.confidence:.5f}", f"{row.area:.4f}", reasons
        yield *figures, *(cells.get(name, "") for name in further)


def _known_of(row: Row) -> dict[str, str]:
    """Return the cells of the _FURTHER columns that are known of a photo."""
    known = {}
    if row.clean is not None:
        known["clean"] = f"{row.clean:.4f}"
    if row.likely is not None:
        known["likely_faults"] = "; ".join(f"{probability:.2f}" for probability in row.likely)
    if promise := row.verdict.promise:
        known |= {"promise": f"{promise.share:g}", "certainty": f"{promise.certainty:g}"}
    return known


def _hinted(prediction: Prediction) -> np.ndarray:
    """Return the pixels that may belong to the garment, or to a class that is not background: bool [H, W]."""
    if prediction.labels.binary:
        return prediction.scores[..., 0] >= _HINT
    return prediction.scores[..., 1:].max(axis=-1) >= _HINT
