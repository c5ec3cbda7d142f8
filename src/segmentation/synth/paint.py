"""Brushes: antialiased shapes, soft blends and smooth noise, all independent of the picture's size.

Pictures are float32 RGB [H, W, 3] in 0...1 while they are painted; points are (x, y) in pixels, where
(0, 0) is the corner of the first pixel. A box is (left, top, right, bottom) in whole pixels.
"""

import cv2
import numpy as np
from numpy.typing import ArrayLike

Corners = tuple[int, int, int, int]


def stream(*key: int) -> np.random.Generator:
    """Return a random generator for `key`, so that what one part of a scene draws never changes another."""
    return np.random.default_rng(np.random.SeedSequence(key))


def corners_around(
    polygons: list[np.ndarray], width: int, height: int, margin_px: float = 2.0
) -> Corners | None:
    """Return the box of all `polygons`, clipped to the picture; None when nothing of them is inside."""
    points = np.concatenate(polygons)
    left, top = np.floor(points.min(axis=0) - margin_px).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + margin_px).astype(int)
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    return (int(left), int(top), int(right), int(bottom)) if left < right and top < bottom else None


def coverage(
    polygons: list[np.ndarray], box: Corners, supersample: int = 4, soft_px: float = 0.0
) -> np.ndarray:
    """Return the share of each pixel that the union of `polygons` covers: float32 [box height, width]."""
    left, top, right, bottom = box
    fine: np.ndarray = np.zeros(((bottom - top) * supersample, (right - left) * supersample), np.uint8)
    for polygon in polygons:
        points = ((polygon - (left, top)) * supersample - 0.5) * 16  # 4 bits of fraction below a fine pixel
        cv2.fillPoly(fine, [np.round(points).astype(np.int32)], 255, shift=4)
    if supersample == 4:  # an outline that turns back on itself leaves hairs of one fine pixel
        fine = cv2.morphologyEx(fine, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    size = (right - left, bottom - top)
    mask = fine if supersample == 1 else cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
    return blurred(mask.astype(np.float32) * np.float32(1 / 255), soft_px)


def blurred(field: np.ndarray, sigma_px: float) -> np.ndarray:
    """Blur a field with a Gaussian; a sigma too small to matter leaves it as it is."""
    if sigma_px < 0.2:
        return field
    if sigma_px > 6:  # a wide blur loses nothing at a quarter of the resolution and costs a tenth
        height, width = field.shape[:2]
        small = (max(1, width // 4), max(1, height // 4))
        field = cv2.GaussianBlur(cv2.resize(field, small, interpolation=cv2.INTER_AREA), (0, 0), sigma_px / 4)
        return cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(field, (0, 0), sigma_px)


def blend(picture: np.ndarray, box: Corners, colour: np.ndarray, alpha: np.ndarray) -> None:
    """Lay `colour` ([3] or [h, w, 3]) over the box of `picture` in place, by `alpha` [h, w]."""
    left, top, right, bottom = box
    patch = picture[top:bottom, left:right]
    patch += (np.asarray(colour, np.float32) - patch) * alpha[..., None]


def fill(
    picture: np.ndarray, polygon: np.ndarray, colour: ArrayLike, opacity: float = 1.0, soft_px: float = 0.0
) -> None:
    """Fill one polygon of the picture in place; `colour` may be two colours, from its top to its bottom."""
    height, width = picture.shape[:2]
    box = corners_around([polygon], width, height, 2 + 3 * soft_px)
    if box is None:
        return
    alpha = coverage([polygon], box, supersample=2, soft_px=soft_px)
    if opacity != 1:
        alpha *= np.float32(opacity)
    paint = np.asarray(colour, np.float32)
    if paint.ndim == 2:
        along = np.linspace(0, 1, box[3] - box[1], dtype=np.float32)[:, None, None]
        paint = paint[0] * (1 - along) + paint[1] * along  # [h, 1, 3]
    blend(picture, box, paint, alpha)


def ribbon(points: np.ndarray, width_px: ArrayLike) -> np.ndarray:
    """Return the outline of a line through `points` of `width_px` (a number, or one a point) as a polygon."""
    points = np.asarray(points, np.float64)
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    across = (
        np.stack([-along[:, 1], along[:, 0]], axis=1) * np.broadcast_to(width_px, len(points))[:, None] / 2
    )
    return np.concatenate([points + across, (points - across)[::-1]])


def moved(points: np.ndarray, right: float, down: float) -> np.ndarray:
    """Return points [n, 2] shifted."""
    return points + np.array([right, down])


def ellipse(x: float, y: float, radius_x: float, radius_y: float, turn: float = 0.0) -> np.ndarray:
    """Return an ellipse as a polygon of 48 points; `turn` in radians."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    across, down = radius_x * np.cos(angle), radius_y * np.sin(angle)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.stack([x + across * cos - down * sin, y + across * sin + down * cos], axis=1)


def smooth_line(points: ArrayLike, samples: int = 64) -> np.ndarray:
    """Return a smooth curve [samples, 2] through `points`: Catmull-Rom, ends included."""
    knots = np.asarray(points, np.float64)
    padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    at = np.linspace(0, len(knots) - 1, samples)
    index = np.minimum(at.astype(int), len(knots) - 2)
    t = (at - index)[:, None]
    before, start, end, after = (padded[index + step] for step in range(4))
    return 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )


def wavy_line(rng: np.random.Generator, count: int, samples: int) -> np.ndarray:
    """Return a smooth random line of about unit height with `count` swings."""
    knots = np.stack([np.arange(count + 1), rng.standard_normal(count + 1)], 1)
    return smooth_line(knots, samples)[:, 1]


def noise(rng: np.random.Generator, cells: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
    """Return smooth noise [shape], about unit variance, with `cells` (down, across) features in the field.

    The random numbers depend on `cells` alone: at another shape it is the same field, resized.
    """
    grid = rng.standard_normal((cells[0] + 3, cells[1] + 3), dtype=np.float32)
    step_y, step_x = cells[0] / shape[0], cells[1] / shape[1]
    matrix = np.array([[step_x, 0, 1 + 0.5 * step_x], [0, step_y, 1 + 0.5 * step_y]], np.float64)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    field = cv2.warpAffine(grid, matrix, (shape[1], shape[0]), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return field * np.float32(1.35)  # interpolation between grid points takes variance away


def clouds(
    rng: np.random.Generator, cells: tuple[int, int], shape: tuple[int, int], octaves: int = 3
) -> np.ndarray:
    """Return fractal noise [shape]: `octaves` layers, each twice as fine and half as strong."""
    field = noise(rng, cells, shape)
    for octave in range(1, octaves):
        field += noise(rng, (cells[0] << octave, cells[1] << octave), shape) * np.float32(0.5**octave)
    return field


def pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """Draw one key of `weights`, by weight."""
    names, values = list(weights), np.array(list(weights.values()), np.float64)
    return names[int(rng.choice(len(names), p=values / values.sum()))]


def jitter(rng: np.random.Generator, colour: ArrayLike, amount: float) -> np.ndarray:
    """Vary the brightness of a colour by `amount`, its hue by a quarter of it: float64 [3] in 0...1."""
    shade = 1 + amount * rng.uniform(-1, 1)
    tint = amount / 4 * rng.uniform(-1, 1, 3)
    return np.clip(np.asarray(colour) * shade * (1 + tint), 0.012, 1.0)
