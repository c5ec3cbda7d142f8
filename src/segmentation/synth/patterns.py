"""Patterns of cloth: prints, weaves, lace and leather, each painted on a square of any size.

A pattern takes (rng, fabric, size) and returns the colour [size, size, 3], the opacity [size, size] or
None, and the relief [size, size] in body heights or None; what it draws depends on rng and fabric alone.
"""

import numpy as np
from numpy.typing import ArrayLike

from segmentation.synth.colours import COLOURS
from segmentation.synth.fabric import Fabric
from segmentation.synth.paint import clouds, coverage, ellipse, jitter, noise, ribbon

Woven = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]


def _ground(fabric: Fabric, size: int) -> np.ndarray:
    return np.broadcast_to(fabric.colours[0].astype(np.float32), (size, size, 3)).copy()


def _lay(cloth: np.ndarray, mask: np.ndarray, colour: ArrayLike) -> None:
    cloth += (np.asarray(colour, np.float32) - cloth) * mask[..., None]


def _stamp(cloth: np.ndarray, polygons: list[np.ndarray], colour: ArrayLike, opacity: float = 1.0) -> None:
    """Stamp many motifs of one colour at once; points in 0...1 of the swatch."""
    size = cloth.shape[0]
    fine = 2 if size < 500 else 1  # sampling the swatch smooths the steps of a large one
    mask = coverage([polygon * size for polygon in polygons], (0, 0, size, size), fine)
    _lay(cloth, mask * np.float32(opacity), colour)


def _plain(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    cloth = _ground(fabric, size)
    if rng.random() < 0.25:
        cloth *= 1 + 0.025 * noise(rng, (160, 8), (size, size))[..., None]  # slub yarns
    return cloth, None, None


def _knit(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    y, x = _grid(size)
    ribs = np.sin(2 * np.pi * x * rng.integers(60, 110) + 0.4 * np.sin(2 * np.pi * y * 90))
    cloth = _ground(fabric, size) * (1 + 0.10 * ribs + 0.06 * noise(rng, (200, 90), (size, size)))[..., None]
    return cloth, None, None


def _satin(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    return _ground(fabric, size) * (1 + 0.05 * clouds(rng, (3, 6), (size, size), 2))[..., None], None, None


def _floral(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    cloth = _ground(fabric, size)
    big = fabric.size
    count = int(rng.choice([45, 90, 170]) / big**2)
    leaf_colour = jitter(rng, COLOURS["green"], 0.4)
    leaves: list[np.ndarray] = []
    petals: dict[int, list[np.ndarray]] = {2: [], 3: [], 4: [], 1: []}
    hearts: list[np.ndarray] = []
    for _ in range(count):
        x, y = rng.uniform(0, 1, 2)
        radius = 0.035 * big * rng.uniform(0.5, 1.3)
        angle, tint, blossoms = rng.uniform(0, 6.28), int(rng.integers(1, 5)), int(rng.integers(4, 8))
        for step in range(int(rng.integers(1, 4))):
            lean = angle + 2.1 * step
            leaves.append(
                ellipse(
                    x + 1.5 * radius * np.cos(lean),
                    y + 1.5 * radius * np.sin(lean),
                    radius * 0.9,
                    radius * 0.28,
                    lean,
                )
            )
        for step in range(blossoms):
            lean = angle + 6.283 * step / blossoms
            petals[tint].append(
                ellipse(
                    x + 0.6 * radius * np.cos(lean),
                    y + 0.6 * radius * np.sin(lean),
                    radius * 0.6,
                    radius * 0.36,
                    lean,
                )
            )
        hearts.append(ellipse(x, y, radius * 0.25, radius * 0.25))
    _stamp(cloth, leaves, leaf_colour, 0.9)
    for tint, shapes in petals.items():
        if shapes:
            _stamp(cloth, shapes, fabric.colours[tint])
            small = [shape.mean(0) + (shape - shape.mean(0)) * 0.5 for shape in shapes]
            _stamp(cloth, small, np.clip(fabric.colours[tint] * 1.25 + 0.05, 0, 1), 0.6)
    _stamp(cloth, hearts, fabric.colours[1] * 0.7 + 0.2)
    return cloth, None, None


def _abstract(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    cloth = _ground(fabric, size)
    cells = int(14 / fabric.size)
    for tint in range(1, int(rng.integers(3, 5))):
        field = clouds(rng, (cells, cells), (size, size), 2)
        _lay(cloth, np.clip((field - 0.45) * 40 * 14 / cells / 4 + 0.5, 0, 1), fabric.colours[tint])
    return cloth, None, None


def _animal(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    cloth = _ground(fabric, size)
    cells = int(26 / fabric.size)
    _lay(cloth, np.clip(0.5 + 0.5 * clouds(rng, (5, 5), (size, size)), 0, 1), (0.74, 0.56, 0.38))
    field = np.abs(noise(rng, (cells, cells), (size, size)))
    spots = np.clip((0.32 - field) * 9, 0, 1) * np.clip(
        noise(rng, (cells, cells), (size, size)) * 5 + 2.5, 0, 1
    )
    _lay(cloth, spots, (0.09, 0.06, 0.05))
    return cloth, None, None


def _stripes(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    y, x = _grid(size)
    along = y if rng.random() < 0.65 else x
    if rng.random() < 0.15:
        along = (x + y) * 0.7
    count = rng.integers(10, 70)
    sharp, duty = size / count / 3.2, rng.uniform(-0.5, 0.5)
    cloth = _ground(fabric, size)
    _lay(cloth, np.clip(0.5 + (np.sin(2 * np.pi * along * count) + duty) * sharp, 0, 1), fabric.colours[1])
    if rng.random() < 0.3:
        _lay(
            cloth,
            np.clip(0.5 + (np.sin(2 * np.pi * along * count / 3 + 1) - 0.8) * sharp, 0, 1),
            fabric.colours[2],
        )
    return cloth, None, None


def _plaid(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    y, x = _grid(size)
    cloth = _ground(fabric, size)
    count = rng.integers(6, 18)
    for tint, phase, level, opacity in ((1, 0.0, 0.0, 0.55), (2, 1.3, 0.75, 0.7), (3, 3.6, 0.93, 0.85)):
        for along in (x, y):
            wave = np.sin(2 * np.pi * along * count + phase)
            _lay(
                cloth, np.clip(0.5 + (wave - level) * size / count / 4, 0, 1) * opacity, fabric.colours[tint]
            )
    return cloth, None, None


def _checks(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    """Weave gingham, houndstooth-like tweed or small windows: two colours on a tight grid."""
    y, x = _grid(size)
    count = rng.integers(28, 64)
    across, down = np.sin(2 * np.pi * x * count), np.sin(2 * np.pi * y * count)
    wave = (
        across * down if rng.random() < 0.5 else across + down + np.sin(2 * np.pi * (x - y) * count * 2) * 0.8
    )
    cloth = _ground(fabric, size)
    _lay(cloth, np.clip(0.5 + wave * size / count / 4, 0, 1), fabric.colours[1])
    return cloth, None, None


def _dots(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    cloth = _ground(fabric, size)
    count = int(rng.integers(10, 30))
    radius = rng.uniform(0.2, 0.36) / count
    spots = [
        ellipse((column + 0.5 * (row % 2)) / count, row / count, radius, radius)
        for row in range(count + 1)
        for column in range(count + 1)
    ]
    _stamp(cloth, spots, fabric.colours[1])
    return cloth, None, None


def _scrolls(rng: np.random.Generator, count: int, width: float) -> list[np.ndarray]:
    """Return curls and petals as in damask and lace, each with its mirror image."""
    shapes = []
    for _ in range(count):
        x, y, angle, radius = (
            rng.uniform(0, 0.5),
            rng.uniform(0, 1),
            rng.uniform(0, 6.28),
            rng.uniform(0.03, 0.07),
        )
        t = np.linspace(0, 1, 20)
        turns = angle + rng.choice([-1, 1]) * 5.2 * t
        curl = np.stack(
            [x + radius * (1 - 0.75 * t) * np.cos(turns), y + radius * (1 - 0.75 * t) * np.sin(turns)], 1
        )
        shapes.append(ribbon(curl, width * (1.4 - t)))
        for step in range(int(rng.integers(3, 6))):
            lean = angle + 1.1 * step
            shapes.append(
                ellipse(
                    x + radius * 1.3 * np.cos(lean),
                    y + radius * 1.3 * np.sin(lean),
                    radius * 0.34,
                    radius * 0.17,
                    lean,
                )
            )
    return shapes + [np.stack([1 - shape[:, 0], shape[:, 1]], 1) for shape in shapes]


def _ornament(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    cloth = _ground(fabric, size)
    _stamp(cloth, _scrolls(rng, 34, 0.009), fabric.colours[1])
    if rng.random() < 0.4:
        _stamp(cloth, _scrolls(rng, 12, 0.006), fabric.colours[2])
    return cloth, None, None


def _lace(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    cloth = _ground(fabric, size)
    shapes = coverage([shape * size for shape in _scrolls(rng, 50, 0.008)], (0, 0, size, size), 1)
    y, x = _grid(size)
    count = 110
    net = np.maximum(np.abs(np.sin(np.pi * (x + y) * count)), np.abs(np.sin(np.pi * (x - y) * count)))
    threads = 0.35 + 0.25 * np.clip(
        (net - 0.86) * 6, 0, 1
    )  # finer than a pixel in small pictures: keep its mean
    opacity = np.clip(np.maximum(threads, shapes * 0.93), 0, 1).astype(np.float32)
    return cloth * (0.9 + 0.1 * shapes)[..., None], opacity, 0.0006 * shapes


def _sheer(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    opacity = np.full((size, size), rng.uniform(0.55, 0.8), np.float32)
    return _ground(fabric, size), opacity, None


def _denim(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    y, x = _grid(size)
    twill = np.sin(2 * np.pi * (x + 0.6 * y) * 130)
    fade = np.clip(0.5 * clouds(rng, (3, 3), (size, size), 2) - 0.2, 0, 0.8) * rng.uniform(0.1, 0.7)
    cloth = _ground(fabric, size) * (1 + 0.05 * twill + 0.10 * noise(rng, (240, 80), (size, size)))[..., None]
    _lay(cloth, fade, (0.80, 0.86, 0.92))
    return cloth, None, None


def _leather(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    return _ground(fabric, size), None, 0.00035 * clouds(rng, (90, 90), (size, size), 2)


def _quilted(rng: np.random.Generator, fabric: Fabric, size: int) -> Woven:
    y, x = _grid(size)
    count = int(rng.integers(9, 16))
    lines = np.minimum(np.abs(np.sin(np.pi * (x + y) * count)), np.abs(np.sin(np.pi * (x - y) * count)))
    if rng.random() < 0.4:
        lines = np.abs(np.sin(np.pi * y * count))
    puff = np.sqrt(lines)
    return _ground(fabric, size) * (0.8 + 0.2 * np.clip(puff * 2.5, 0, 1))[..., None], None, 0.005 * puff


def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    along = (np.arange(size, dtype=np.float32) + 0.5) / size
    return along[:, None], along[None]


PATTERNS = {
    "plain": _plain,
    "knit": _knit,
    "satin": _satin,
    "floral": _floral,
    "abstract": _abstract,
    "animal": _animal,
    "stripes": _stripes,
    "plaid": _plaid,
    "checks": _checks,
    "dots": _dots,
    "ornament": _ornament,
    "lace": _lace,
    "sheer": _sheer,
    "denim": _denim,
    "leather": _leather,
    "quilted": _quilted,
}
