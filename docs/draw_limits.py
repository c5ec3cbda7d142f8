"""Draw models/default/limits.png: the drawn photos that the bundled model cuts worst, one a garment.

python main.py synth --output DIR --count 60 --size 576x864 --seed 11
python main.py predict --input DIR/images --save --output OUT
python docs/draw_limits.py DIR OUT

The ground truth is outlined in green, the mask in magenta.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from draw_example import ROOT, side_by_side, window

from segmentation.images.files import read_mask, read_photo, write_image
from segmentation.images.outline import outlined

SHOWN, ACROSS = 6, 2  # pairs of a photo and its outlines
WIDTH_PX, HEIGHT_PX, LINE_PX = 384, 576, 3
NARROW_PX, WIDE_PX = 6, 30  # gaps within and between pairs
ROOM = 1.3  # of the picture to the garment
TRUTH = (0, 170, 60)


def main(pairs: Path, predicted: Path) -> None:
    """Put the worst photos into rows and print their Dice."""
    dice = {path.stem: _dice(path, predicted) for path in sorted((pairs / "cutouts").iterdir())}
    values = [*dice.values()]
    print(f"{len(values)} photos: mean {np.mean(values):.4f}, median {np.median(values):.4f}")
    worst: dict[str, str] = {}  # photo by garment
    for name in sorted(dice, key=dice.__getitem__):
        worst.setdefault(name.split("_")[0], name)
    shown = [*worst.values()][:SHOWN]
    print("\n".join(f"{name} {dice[name]:.4f}" for name in shown))
    pictures = [_picture(pairs, predicted, name) for name in shown]
    rows = [side_by_side(pictures[first : first + ACROSS], WIDE_PX) for first in range(0, SHOWN, ACROSS)]
    gap = np.full((WIDE_PX, rows[0].shape[1], 3), 255, np.uint8)
    sheet = np.vstack([part for row in rows for part in (gap, row)][1:])
    write_image(ROOT / "models" / "default" / "limits.png", sheet)


def _dice(cutout: Path, predicted: Path) -> float:
    truth, mask = (read_mask(path) >= 128 for path in (cutout, predicted / "masks" / cutout.name))
    return 2 * np.count_nonzero(truth & mask) / (np.count_nonzero(truth) + np.count_nonzero(mask))


def _picture(pairs: Path, predicted: Path, name: str) -> np.ndarray:
    photo = read_photo(next((pairs / "images").glob(f"{name}.*")))
    truth, mask = read_mask(pairs / "cutouts" / f"{name}.png"), read_mask(predicted / "masks" / f"{name}.png")
    seen = window(np.maximum(truth, mask), ROOM)
    photo, truth, mask = (
        cv2.resize(picture[seen], (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
        for picture in (photo, truth, mask)
    )
    with_truth = outlined(photo, truth, TRUTH, LINE_PX)
    return side_by_side([photo, outlined(with_truth, mask, line_px=LINE_PX)], NARROW_PX)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
