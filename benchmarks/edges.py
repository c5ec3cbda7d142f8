"""Measure what the tools for the edge of a cutout gain and cost, against pymatting where installed.

    python benchmarks/edges.py [--photos N] [--data DIR --cutouts DIR]

Colours: drawn garments with soft edges stand before another drawn photo, so that alpha and foreground are
known; the mean absolute error (of 255) in soft pixels of the cutout laid over black, white and green.
Alpha: that of drawn photos at a third of the size, enlarged, as it is and refined; the sum of absolute
differences (in thousands) and the error of the gradient (Rhemann et al., "A Perceptually Motivated Online
Benchmark for Image Matting", 2009; Gaussian derivatives of sigma 1.4). Seconds are of one core. With --data
and --cutouts the alpha of real cutouts that `predict` made is judged too, against the ground truth.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import project  # noqa: F401  (so that the library is found)

from segmentation.datasets.discover import discover
from segmentation.images.decontamination import decontaminate
from segmentation.images.files import read_mask, read_photo
from segmentation.images.refinement import RADIUS, refine
from segmentation.images.trimaps import BAND, trimap
from segmentation.synth import draw_photo

WIDTH, HEIGHT = 1152, 1728
SOFTNESS_PX = 2.0
BACKGROUNDS = {"black": (0, 0, 0), "white": (255, 255, 255), "green": (0, 200, 0)}
METHODS = ("guided-filter", "closed-form") if find_spec("pymatting") else ("guided-filter",)

Figures = dict[str, dict[str, list[float]]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=4, help="drawn photos (default: 4)")
    parser.add_argument("--data", type=Path, help="folder of pairs")
    parser.add_argument("--cutouts", type=Path, help="folder of the cutouts that predict made of them")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    colours, alphas, real = (defaultdict(lambda: defaultdict(list)) for _ in range(3))
    for number in range(options.photos):
        foreground, background, alpha = _scene(number)
        photo = _bytes(_over(foreground, background, alpha))
        _judge_colours(colours, photo, foreground, alpha)
        photo, cutout = draw_photo(5, number, "Front", WIDTH, HEIGHT)
        small = cv2.resize(cutout[..., 3], (WIDTH // 3, HEIGHT // 3), interpolation=cv2.INTER_AREA)
        plain = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
        _judge_alphas(alphas, photo, plain, cutout[..., 3].astype(np.float32) / 255)
    _show(f"colours of {options.photos} drawn photos", colours)
    _show(f"alpha of {options.photos} drawn photos", alphas)
    if options.data and options.cutouts:
        for photo, plain, truth in _real(options.data, options.cutouts):
            _judge_alphas(real, photo, plain, truth)
        _show(f"alpha of {len(real['plain']['seconds'])} real photos", real)


def _scene(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A foreground and a background, 0 to 255, and the alpha between them, 0 to 1: all float32."""
    photo, cutout = draw_photo(5, number, "Front", WIDTH, HEIGHT)
    background, _ = draw_photo(6, number, "Front", WIDTH, HEIGHT)
    alpha = cv2.GaussianBlur(cutout[..., 3].astype(np.float32) / 255, (0, 0), SOFTNESS_PX)
    return _spread(photo, cutout[..., 3]).astype(np.float32), background.astype(np.float32), alpha


def _spread(photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The photo with the colour of the nearest pixel well inside the garment in place of all others."""
    inside = cv2.erode(alpha, np.ones((9, 9), np.uint8)) == 255
    _, nearest = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    place = np.zeros(nearest.max() + 1, np.int64)
    place[nearest[inside]] = np.flatnonzero(inside)
    return photo.reshape(-1, 3)[place[nearest]]


def _judge_colours(figures: Figures, photo: np.ndarray, foreground: np.ndarray, alpha: np.ndarray) -> None:
    given = _bytes(alpha * 255)
    soft = (given > 0) & (given < 255)
    tries = {"plain": lambda: photo, "decontaminate": lambda: decontaminate(photo, given)}
    if find_spec("pymatting"):
        from pymatting import estimate_foreground_ml

        estimate_foreground_ml(np.zeros((8, 8, 3)), np.zeros((8, 8)))  # compiles
        tries["pymatting, multi-level"] = lambda: 255 * estimate_foreground_ml(photo / 255, given / 255)
    for name, attempt in tries.items():
        found, seconds = _timed(attempt)
        for background, colour in BACKGROUNDS.items():
            truth, result = (_over(layer, np.float32(colour), alpha)[soft] for layer in (foreground, found))
            error = np.abs(_bytes(result).astype(int) - _bytes(truth).astype(int)).mean()
            figures[name][f"over {background}"].append(float(error))
        figures[name]["seconds"].append(seconds)


def _judge_alphas(figures: Figures, photo: np.ndarray, plain: np.ndarray, truth: np.ndarray) -> None:
    known, seconds = _timed(lambda: trimap(plain, BAND))
    wide = 4 * BAND
    tries = {"plain": lambda: plain}
    for method in METHODS:
        tries[method] = lambda method=method: refine(photo, plain, known, method=method)
        tries[f"{method}, band and radius 4 and 2 times as wide"] = lambda method=method: refine(
            photo,
            plain,
            trimap(plain, wide),
            method=method,
            radius_px=round(2 * RADIUS * len(photo)),
        )
    for name, attempt in tries.items():
        found, taken = _timed(attempt)
        found = found.astype(np.float32) / 255
        figures[name]["absolute difference"].append(float(np.abs(found - truth).sum() / 1000))
        figures[name]["gradient"].append(float(((_gradient(found) - _gradient(truth)) ** 2).sum()))
        figures[name]["seconds"].append(taken)
    figures["(trimap)"]["seconds"].append(seconds)


def _real(data: Path, cutouts: Path) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Photo, alpha of its predicted cutout, and ground truth, where there is a cutout."""
    for sample in discover(data).samples:
        cutout = cutouts / f"{sample.photo.stem}.png"
        if cutout.is_file():
            truth = sample.truth.read().astype(np.float32) / 255
            yield read_photo(sample.photo), read_mask(cutout), truth


def _gradient(alpha: np.ndarray) -> np.ndarray:
    """The steepness of alpha, by derivatives of a Gaussian of sigma 1.4."""
    smooth = cv2.GaussianBlur(alpha, (0, 0), 1.4)
    return np.hypot(*np.gradient(smooth))


def _over(foreground: np.ndarray, background: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return foreground * alpha[..., None] + background * (1 - alpha[..., None])


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _timed(function) -> tuple[np.ndarray, float]:
    started = time.perf_counter()
    result = function()
    return result, time.perf_counter() - started


def _show(title: str, figures: Figures) -> None:
    print(title)
    for name, columns in figures.items():
        cells = []
        for column, values in columns.items():
            value, plain = statistics.mean(values), figures["plain"][column]
            ratio = "" if column == "seconds" else f" ({value / statistics.mean(plain):.2f} of plain)"
            cells.append(f"{column} {value:.3f}{ratio}")
        print(f"  {name}: {', '.join(cells)}")


if __name__ == "__main__":
    main()
