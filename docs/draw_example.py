"""Draw docs/example.png, the picture in the README: photo, outline, cutout.

python main.py synth --output DIR --count 60 --size 576x864 --seed 11
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

GARMENTS = ("000000_Front", "000003_FrontRight", "000005_Back")
WIDTH_PX, HEIGHT_PX, SQUARE_PX, LINE_PX = 256, 384, 12, 2
ROOM = 1.5  # of the picture to the garment


def main(output: Path) -> None:
    """Put one row of three pictures a garment side by side."""
    lines = [json.loads(line) for line in (output / "predictions.jsonl").read_text().splitlines()]
    chosen = [line for line in lines if Path(line["input"]).stem.endswith(GARMENTS)]
    write_image(ROOT / "docs" / "example.png", np.hstack([_triple(line, output) for line in chosen]))


def _triple(line: dict, output: Path) -> np.ndarray:
    photo = read_photo(Path(line["input"]))
    alpha = read_mask(output / line["outputs"]["mask"])
    cutout = read_photo(output / line["outputs"]["cutout"])
    seen = window(alpha)
    photo, alpha, cutout = (
        cv2.resize(picture[seen], (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
        for picture in (photo, alpha, cutout)
    )
    share = alpha[..., np.newaxis] / 255.0
    on_squares = np.uint8(cutout * share + _squares(*alpha.shape)[..., np.newaxis] * (1 - share))
    return np.hstack([photo, outlined(photo, alpha, line_px=LINE_PX), on_squares])


def window(alpha: np.ndarray) -> tuple[slice, slice]:
    """The upright part of the photo around the garment, inside its frame."""
    left, top, width, height = cv2.boundingRect((alpha >= 128).astype(np.uint8))
    rows = min(alpha.shape[0], round(ROOM * max(height, width * HEIGHT_PX / WIDTH_PX)))
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
