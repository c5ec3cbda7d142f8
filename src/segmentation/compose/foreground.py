"""Foregrounds to lay over a background: colours under a soft alpha, cut out, turned, scaled and put in place.

Colours are multiplied with alpha on the way, so that those of transparent pixels, which may be anything,
never reach an edge.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.images.boxes import box_around
from segmentation.images.compositing import VISIBLE

LARGEST_AREA = 0.8
"""The largest share of the frame that a foreground's box takes up."""

LEAST_WHERE_CUT = 0.25
"""The least such share where its picture cuts it off: it stands close to the camera, not in a far corner."""

LARGEST_PX = 1728
SMALLEST_PX = 300
"""The largest and smallest frames, by their longer and their shorter side."""

_AS_IT_IS = 0.5  # how often it keeps its pixels: whatever is resampled is softer than it was measured
_MOST_ENLARGED = 1.25  # of its own pixels
_SHAPES = (2 / 3, 3 / 4, 4 / 5, 1.0, 5 / 4, 4 / 3, 3 / 2)  # of frames, width by height
_CUT_OFF = 0.02  # of a border of its own picture: a foreground that covers more of it is cut off there
_MARGIN = 1 / 50  # in heights of the visible part: the tips of hairs reach beyond it


@dataclass(frozen=True)
class Foreground:
    """A foreground: colours times alpha, float32 RGB [h, w, 3], and alpha, float32 [h, w], both in 0...1.

    `cut` says of the top, bottom, left and right whether its own picture ended there and cut it off.
    """

    mixed: np.ndarray
    alpha: np.ndarray
    cut: tuple[bool, bool, bool, bool] = (False, False, False, False)

    @property
    def colours(self) -> np.ndarray:
        """Return its own colours, float32 RGB [h, w, 3] in 0...1, black where it is fully transparent."""
        share = self.alpha[..., None]
        return np.divide(self.mixed, share, out=np.zeros_like(self.mixed), where=share > 0)


def visible_part(colours: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> Foreground | None:
    """Return the visible part of a picture, half of the time mirrored and turned a little; None if empty.

    `colours`, RGB [H, W, 3], and `alpha` [H, W] are each uint8 or uint16. What its picture cuts off is not
    turned, so that it can lie at the border of a frame.
    """
    share = alpha.astype(np.float32) / np.iinfo(alpha.dtype).max
    rows = np.flatnonzero((share > VISIBLE).any(axis=1))
    if not len(rows):
        return None
    box = box_around(share > VISIBLE, margin_px=2 + round(_MARGIN * (rows[-1] - rows[0])))
    assert box
    borders = (share[0], share[-1], share[:, 0], share[:, -1])
    top, bottom, left, right = (bool((border > 0.5).mean() > _CUT_OFF) for border in borders)
    share = share[box]
    mixed = colours[box].astype(np.float32) / np.iinfo(colours.dtype).max * share[..., None]
    if rng.random() < 0.5:
        mixed, share = (np.ascontiguousarray(field[:, ::-1]) for field in (mixed, share))
        left, right = right, left
    foreground = Foreground(mixed, share, (top, bottom, left, right))
    angle = rng.normal(0, 6) if rng.random() < 0.5 else 0.0
    return foreground if any(foreground.cut) or not angle else _turned(foreground, angle)


def _turned(foreground: Foreground, angle: float) -> Foreground:
    height, width = foreground.alpha.shape
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), angle, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (int(np.ceil(height * sin + width * cos)), int(np.ceil(height * cos + width * sin)))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    mixed, alpha = (cv2.warpAffine(field, matrix, size) for field in (foreground.mixed, foreground.alpha))
    return Foreground(mixed, alpha)


def framed(
    foreground: Foreground, rng: np.random.Generator, least_area: float, longest_px: float = LARGEST_PX
) -> Foreground:
    """Return a foreground in its place in a frame of a random shape, of at most `longest_px`.

    Its box has `least_area` of the frame or more. Half of the time it keeps its pixels where they fit. A side
    that is cut off lies at the frame's border.
    """
    top, bottom, left, right = foreground.cut
    size = np.array(foreground.alpha.shape, np.float64)  # height, width
    both = np.array([top and bottom, left and right])
    least = max(least_area, LEAST_WHERE_CUT * any(foreground.cut))
    frame = np.where(both, size, size * _room_around(size, least, rng))
    frame = np.where(both, size, frame * max(1, SMALLEST_PX / (_MOST_ENLARGED * frame.min())))
    scale = min(longest_px, rng.uniform(1.4 * SMALLEST_PX, LARGEST_PX)) / frame.max()
    if rng.random() < _AS_IT_IS:
        scale = min(1.0, longest_px / frame.max())
    scale = min(max(min(scale, _MOST_ENLARGED), SMALLEST_PX / frame.min()), longest_px / frame.max())
    mixed, alpha = _scaled(foreground, scale)
    height, width = np.maximum(np.round(frame * scale).astype(int), alpha.shape)
    down = _place(height - alpha.shape[0], top, bottom, rng)
    across = _place(width - alpha.shape[1], left, right, rng)
    borders = (down, height - down - alpha.shape[0], across, width - across - alpha.shape[1])
    mixed, alpha = (cv2.copyMakeBorder(field, *borders, cv2.BORDER_CONSTANT) for field in (mixed, alpha))
    return Foreground(mixed, alpha, foreground.cut)


def _room_around(size: np.ndarray, least: float, rng: np.random.Generator) -> np.ndarray:
    """Return how much higher and wider a frame is than its content, float64 [2], at least 1.

    The content takes up a share of `least` or more of its area.
    """
    tall = size[0] / size[1]
    shape = _SHAPES[rng.integers(len(_SHAPES))]
    filled = rng.uniform(0.86, 0.99)  # of the frame's side, at most
    most = filled**2 * min(1, tall * shape, 1 / (tall * shape))
    areas = (least, LARGEST_AREA)
    area = float(np.exp(rng.uniform(*np.log(areas)))) if rng.random() < 0.7 else rng.uniform(*areas)
    height = np.sqrt(size.prod() / min(most, area) / shape)
    return np.array([height, height * shape]) / size


def _scaled(foreground: Foreground, scale: float) -> tuple[np.ndarray, np.ndarray]:
    height, width = foreground.alpha.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return foreground.mixed, foreground.alpha
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR  # a cubic one would thicken hairs
    fields = (foreground.mixed, foreground.alpha)
    mixed, alpha = (cv2.resize(field, size, interpolation=interpolation) for field in fields)
    return mixed, alpha


def _place(room_px: int, at_start: bool, at_end: bool, rng: np.random.Generator) -> int:
    """Return how much of the room lies before a foreground; one at both ends leaves none."""
    drawn = round(room_px * float(np.clip(rng.normal(0.5, 0.22), 0, 1)))
    return 0 if at_start else room_px if at_end else drawn
