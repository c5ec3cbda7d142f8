"""The position of garment and mannequin in a photo, and the mannequin's tone, found from photo and alpha."""

from dataclasses import dataclass

import cv2
import numpy as np

LEVELS = 96
"""The number of rows that are kept of an outline, from its top to its bottom."""

_HEIGHT_PX = 432  # of the photo in which a figure is measured
_SPECK = 0.03  # of the largest region's area
_LEAST_CONTRAST = 5.0  # between mannequin and wall, in CIELAB


@dataclass(frozen=True)
class Outline:
    """A shape by its edges at `LEVELS` rows between `top` and `bottom`, all in heights of the photo.

    `left` and `right` are float64 [LEVELS]; `filled`, in 0...1, is how much lies between them.
    """

    top: float
    bottom: float
    left: np.ndarray
    right: np.ndarray
    filled: np.ndarray

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def widths(self) -> np.ndarray:
        """Float64 [LEVELS], in heights of the photo."""
        return self.right - self.left

    @property
    def centre(self) -> float:
        """The middle of most rows, from the left, in heights of the photo."""
        return float(np.median(self.left + self.right) / 2)

    def edges_at(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the left and right edges at `rows`, like them in heights of the photo."""
        levels = np.linspace(self.top, self.bottom, LEVELS)
        return np.interp(rows, levels, self.left), np.interp(rows, levels, self.right)

    def below(self, top: float) -> "Outline":
        """Return the part below `top`, in heights of the photo, taken as filled."""
        left, right = self.edges_at(np.linspace(top, self.bottom, LEVELS))
        return Outline(top, self.bottom, left, right, np.ones_like(left))


@dataclass(frozen=True)
class Figure:
    """A garment on a mannequin: both outlines, and the tones of mannequin and wall.

    `torso` is what is seen of the mannequin above the garment; tones are RGB, float64 [3] in 0...255.
    """

    garment: Outline
    torso: Outline
    tone: np.ndarray
    wall: np.ndarray

    @property
    def bare(self) -> bool:
        """Return whether the mannequin wears nothing above the waist, only a skirt or trousers."""
        waist = float(np.median(self.garment.widths[: LEVELS // 8]))
        low = self.torso.bottom < self.garment.top + 0.1 * waist
        return low and self.torso.height > 0.9 * waist and self.torso.top > 0.01

    @property
    def closed(self) -> bool:
        """Return whether the garment hangs from the shoulders and has no opening all the way down."""
        lower = self.garment.filled[LEVELS // 4 : LEVELS * 3 // 4]
        neck = self.torso.top > 0.01 and self.torso.height < self.garment.height
        return neck and not self.bare and float(lower.min()) > 0.97


def measure(photo: np.ndarray, alpha: np.ndarray) -> Figure | None:
    """Measure a photo, uint8 RGB [H, W, 3], by its alpha, uint8 [H, W].

    Returns None where there is no garment, or no mannequin that can be told from the wall above it.
    """
    scale = min(1.0, _HEIGHT_PX / len(photo))
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) > 127
    garment = outline_of(mask)
    if garment is None:
        return None
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    found = _torso(lab, mask, garment)
    if found is None:
        return None
    torso, skin = found
    wall = _beside(mask, garment)
    if skin.sum() < 4 or wall.sum() < 4:
        return None
    return Figure(garment, torso, np.median(small[skin], axis=0), np.median(small[wall], axis=0))


def outline_of(mask: np.ndarray) -> Outline | None:
    """Return the outline of a mask, bool [H, W], without specks; None for an empty one."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not len(areas):
        return None
    region = np.isin(labels, 1 + np.flatnonzero(areas >= _SPECK * areas.max()))
    known = np.flatnonzero(region.any(axis=1))
    top, bottom = known[0], known[-1] + 1
    left = region[known].argmax(axis=1).astype(np.float64)
    right = region.shape[1] - region[known, ::-1].argmax(axis=1).astype(np.float64)
    filled = region[known].sum(axis=1) / (right - left)
    at = np.linspace(top, bottom - 1, LEVELS)
    left, right, filled = (np.interp(at, known, edge) for edge in (left, right, filled))
    height = len(mask)
    return Outline(top / height, bottom / height, left / height, right / height, filled)


def _torso(lab: np.ndarray, mask: np.ndarray, garment: Outline) -> tuple[Outline, np.ndarray] | None:
    """Return the outline of the mannequin above the garment, and pixels of it, bool [H, W]."""
    height, width = mask.shape
    centre = round(garment.centre * height)
    reach = max(2, round(0.5 * float(np.median(garment.widths)) * height))
    strip = slice(max(0, centre - reach // 6), centre + reach // 6 + 1)
    covered = mask[:, strip].mean(axis=1) > 0.5
    if not covered.any():
        return None
    start = int(covered.argmax())  # the first row of the garment in the middle
    above = start - max(2, height // 144)  # beyond what the edge mixes
    if above < 3:
        return None
    skin = np.median(lab[above - 2 : above + 1, strip].reshape(-1, 3), axis=0)
    sides = [_wall(lab, mask, centre + side * round(1.7 * reach), reach) for side in (-1, 1)]
    position = np.linspace(0, 1, width, dtype=np.float32)[:, None]
    wall = sides[0][:, None] * (1 - position) + sides[1][:, None] * position  # [H, W, 3]
    contrast = skin - wall
    squared = (contrast**2).sum(axis=2)
    if np.sqrt(np.median(squared[: above + 1, strip])) < _LEAST_CONTRAST:
        return None
    # 0 is the wall's colour, 1 the mannequin's
    likeness = ((lab - wall) * contrast).sum(axis=2) / np.maximum(squared, 1)
    body = (likeness > 0.45) & ~mask
    rows = body[: above + 1, strip].mean(axis=1) > 0.5
    broken = np.flatnonzero(~rows & ~np.roll(rows, 1) & ~np.roll(rows, 2))
    top = int(broken.max()) + 1 if len(broken) else 0
    if above - top < 3:
        return None
    body[:top] = body[above + 1 :] = False
    _, labels = cv2.connectedComponents(body.astype(np.uint8))
    found = (
        outline_of(labels == labels[above, strip][body[above, strip]][0])
        if body[above, strip].any()
        else None
    )
    inside = np.zeros_like(body)
    inside[top : above + 1, strip] = body[top : above + 1, strip]
    return None if found is None else (found, inside)


def _wall(lab: np.ndarray, mask: np.ndarray, column: int, reach: int) -> np.ndarray:
    """Return the colours of the wall about a column, float32 [H, 3]."""
    half = max(1, reach // 6)
    column = int(np.clip(column, half, mask.shape[1] - 1 - half))
    return np.median(lab[:, column - half : column + half + 1], axis=1).astype(np.float32)


def _beside(mask: np.ndarray, garment: Outline) -> np.ndarray:
    """Return pixels of the wall to both sides of the garment, bool [H, W]."""
    height = len(mask)
    near, far = (
        cv2.dilate(mask.astype(np.uint8), np.ones((1, 2 * round(reach * height) + 1), np.uint8))
        for reach in (0.03, 0.08)
    )
    beside = (far > near) & ~mask
    beside[: round(garment.top * height)] = beside[round((garment.top + 0.6 * garment.height) * height) :] = (
        False
    )
    return beside
