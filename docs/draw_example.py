"""Draw docs/example.png, the picture in the README: photo, outline, cutout.

python main.py synth --output DIR --count 2 --views Front --seed 11
python main.py predict --input DIR/images --save --output OUT
python docs/draw_example.py OUT
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import cv2
import numpy as np

from segmentation.images.files import read_mask, read_photo, write_image
from segmentation.images.outline import outlined

GARMENT = "000001_Front"
WIDTH_PX, HEIGHT_PX, GAP_PX = 560, 700, 16  # twice the size at which the README shows it
SQUARE_PX, LINE_PX = 20, 3
ROOM = 1.25  # of the picture to the garment


def main(output: Path) -> None:
    """Put the three pictures of the garment side by side."""
    lines = [json.loads(line) for line in (output / "predictions.jsonl").read_text().splitlines()]
    line = next(line for line in lines if Path(line["input"]).stem.endswith(GARMENT))
    write_image(ROOT / "docs" / "example.png", side_by_side(_panels(line, output), GAP_PX))


def side_by_side(pictures: list[np.ndarray], gap_px: int) -> np.ndarray:
    """Put pictures of the same height into a row with white gaps."""
    gap = np.full((len(pictures[0]), gap_px, 3), 255, np.uint8)
    return np.hstack([part for picture in pictures for part in (gap, picture)][1:])


def _panels(line: dict, output: Path) -> list[np.ndarray]:
    photo = read_photo(Path(line["input"]))
    alpha = read_mask(output / line["outputs"]["mask"])
    cutout = read_photo(output / line["outputs"]["cutout"])
    seen = window(alpha, ROOM)
    photo, alpha, cutout = (
        cv2.resize(picture[seen], (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
        for picture in (photo, alpha, cutout)
    )
    share = alpha[..., np.newaxis] / 255.0
    on_squares = np.uint8(cutout * share + _squares(*alpha.shape)[..., np.newaxis] * (1 - share))
    return [photo, outlined(photo, alpha, line_px=LINE_PX), on_squares]


def window(alpha: np.ndarray, room: float) -> tuple[slice, slice]:
    """The upright part of the photo around the garment, so many times its size, inside its frame."""
    left, top, width, height = cv2.boundingRect((alpha >= 128).astype(np.uint8))
    rows = min(alpha.shape[0], round(room * max(height, width * HEIGHT_PX / WIDTH_PX)))
    columns = round(rows * WIDTH_PX / HEIGHT_PX)
    first_row = int(np.clip(top + height / 2 - rows / 2, 0, alpha.shape[0] - rows))
    first_column = int(np.clip(left + width / 2 - columns / 2, 0, alpha.shape[1] - columns))
    return slice(first_row, first_row + rows), slice(first_column, first_column + columns)


def _squares(height: int, width: int) -> np.ndarray:
    rows, columns = np.indices((height, width)) // SQUARE_PX
    return np.where((rows + columns) % 2, 235, 205).astype(np.uint8)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
