"""Draw docs/example.png, the picture in the README, from what `make demo` left: photo, outline, cutout.

python docs/draw_example.py
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import cv2
import numpy as np

from segmentation.imageio import read_mask, read_photo, write_image

GARMENTS = ("000000_Front", "000003_FrontRight", "000005_Back")
HEIGHT_PX, SQUARE_PX = 480, 12
OUTLINE = (255, 0, 128)


def main() -> None:
    """Put one row of three pictures a garment side by side."""
    output = ROOT / "results" / "demo" / "predict"
    lines = [json.loads(line) for line in (output / "predictions.jsonl").read_text().splitlines()]
    chosen = [line for line in lines if Path(line["input"]).stem.endswith(GARMENTS)]
    write_image(
        ROOT / "docs" / "example.png", np.hstack([_triple(line, output) for line in chosen]), compress_level=9
    )


def _triple(line: dict, output: Path) -> np.ndarray:
    photo = read_photo(Path(line["input"]))
    alpha = read_mask(output / line["outputs"]["mask"])
    cutout = read_photo(output / line["outputs"]["cutout"])
    size = (round(photo.shape[1] * HEIGHT_PX / photo.shape[0]), HEIGHT_PX)
    photo, alpha, cutout = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (photo, alpha, cutout)
    )
    edge = (
        cv2.morphologyEx((alpha >= 128).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    )
    outlined = np.where(edge[..., np.newaxis], np.uint8(OUTLINE), photo)
    share = alpha[..., np.newaxis] / 255.0
    on_squares = np.uint8(cutout * share + _squares(*alpha.shape)[..., np.newaxis] * (1 - share))
    return np.hstack([photo, outlined, on_squares])


def _squares(height: int, width: int) -> np.ndarray:
    rows, columns = np.indices((height, width)) // SQUARE_PX
    return np.where((rows + columns) % 2, 235, 205).astype(np.uint8)


if __name__ == "__main__":
    main()
