"""Round things: a tube around a body axis, seen from any side, with its depth, shading and outline.

Lengths are in body heights: y = 0 at the top of the neck, y = 1 at the soles, x = 0 on the axis and to
the right of the picture, z towards the front of the body. An angle `phi` goes around the tube: 0 is the
front of the body, pi / 2 its side at the right of a front view, pi its back. `turn` is the phi that
faces the camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike

from segmentation.synth.paint import Corners

CAMERA_Y = 0.45
CAMERA_DISTANCE = 2.6


Knots = np.ndarray | Sequence[float]


@dataclass(frozen=True)
class Pose:
    """The pose of a body in the picture: pixels = (x_px + x * scale_px, y_px + y * scale_px)."""

    x_px: float
    y_px: float
    scale_px: float
    turn: float

    def pixels(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        """Convert body coordinates to pixel coordinates [n, 2]."""
        return np.stack(
            [self.x_px + np.asarray(x) * self.scale_px, self.y_px + np.asarray(y) * self.scale_px], -1
        )


@dataclass(frozen=True)
class Tube:
    """Elliptic cross sections along y: centre (x, z), half width, half depths to the front and the back."""

    y: np.ndarray
    x: np.ndarray
    z: np.ndarray
    half_width: np.ndarray
    front: np.ndarray
    back: np.ndarray

    def at(self, y: Any, name: str) -> Any:
        """Interpolate a field at `y`, a number or an array; the result is like it."""
        return np.interp(y, self.y, getattr(self, name))

    def project(self, phi: np.ndarray, y: np.ndarray, pose: Pose, far: bool = False) -> np.ndarray | None:
        """Project an outline on the surface to pixels [n, 2], as far as it is in sight; None when it is not.

        `phi` and `y` [n] lie within one half (front or back) of the tube. What is out of sight is replaced
        by the silhouette it hides behind. `far` keeps the hidden side instead: the inside of the cloth.
        """
        towards = phi - self._lean(phi, y, pose)[0] - (np.pi if far else 0.0)
        hidden = np.abs(towards) > np.pi / 2
        if hidden[np.abs(np.abs(towards) - np.pi / 2) > 0.01].all():
            return None
        if hidden.any():
            phi, y, towards = _along_silhouette(phi, y, towards, hidden)
        _, half, width = self._lean(phi, y, pose)
        seen = towards + (np.pi if far else 0.0)
        cos, sin = np.cos(pose.turn), np.sin(pose.turn)
        centre = self.at(y, "x") * cos - self.at(y, "z") * sin
        extent = np.hypot(width * cos, half * sin)
        near = np.hypot(width * sin, half * cos) * np.cos(seen)
        return pose.pixels(centre + extent * np.sin(seen), y + (y - CAMERA_Y) * near / CAMERA_DISTANCE)

    def facing(self, phi: np.ndarray, y: np.ndarray, pose: Pose) -> np.ndarray:
        """Return the cosine between view and surface at each point [n]: 1 straight on, below 0 hidden."""
        return np.cos(phi - self._lean(phi, y, pose)[0])

    def _lean(self, phi: np.ndarray, y: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        half = self.at(y, "front" if np.cos(phi).mean() > 0 else "back")
        width = self.at(y, "half_width")
        return np.arctan2(half * np.sin(pose.turn), width * np.cos(pose.turn)), half, width


def _along_silhouette(
    phi: np.ndarray, y: np.ndarray, towards: np.ndarray, hidden: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Replace each hidden run of a closed outline by the silhouette between where it leaves and returns."""
    start = int(np.flatnonzero(~hidden)[0])
    phi, y, towards, hidden = (np.roll(values, -start) for values in (phi, y, towards, hidden))
    pieces = []
    edges = np.flatnonzero(np.diff(hidden.astype(int), prepend=0, append=0))
    position = 0
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        pieces.append(np.stack([phi[position:first], y[position:first], towards[position:first]]))
        side = np.sign(towards[first]) * np.pi / 2
        # rows of one fixed raster: two runs along the same silhouette then coincide and enclose nothing
        low, high = sorted((y[first], y[last - 1]))
        rows = np.arange(np.ceil(low / 0.002), np.floor(high / 0.002) + 1) * 0.002
        rows = np.concatenate(
            [y[first : first + 1], rows if y[first] < y[last - 1] else rows[::-1], y[last - 1 : last]]
        )
        pieces.append(np.stack([np.full(len(rows), phi[first]), rows, np.full(len(rows), side)]))
        position = last
    pieces.append(np.stack([phi[position:], y[position:], towards[position:]]))
    return tuple(np.concatenate(pieces, axis=1))


@dataclass(frozen=True)
class Surface:
    """The tube as the camera sees it inside a box: one value a pixel.

    phi: angle around the tube; depth: towards the camera, in body heights; x, y: body coordinates
    ([1, w] and [h, 1]); around: distance along the cloth from the middle of the front or back;
    across: 1 at the middle, 0 at the outline; beyond: distance outside of the tube, 0 inside.
    """

    phi: np.ndarray
    depth: np.ndarray
    x: np.ndarray
    y: np.ndarray
    around: np.ndarray
    across: np.ndarray
    beyond: np.ndarray


def look_at(tube: Tube, pose: Pose, box: Corners) -> Surface:
    """Return the surface of `tube` behind each pixel of `box`; pixels outside of it repeat its edge."""
    left, top, right, bottom = box
    x = ((np.arange(left, right) + 0.5 - pose.x_px) / pose.scale_px).astype(np.float32)[None]  # [1, w]
    rows = (np.arange(top, bottom) + 0.5 - pose.y_px) / pose.scale_px
    cos, sin = np.cos(pose.turn), np.sin(pose.turn)

    def column(values: np.ndarray) -> np.ndarray:
        return values.astype(np.float32)[:, None]  # [h, 1]

    width, front, back = (tube.at(rows, name) for name in ("half_width", "front", "back"))
    offset = x - column(tube.at(rows, "x") * cos - tube.at(rows, "z") * sin)  # [h, w]

    def seen(half: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        extent = column(np.maximum(np.hypot(width * cos, half * sin), 1e-6))
        place = offset / extent
        angle = np.arcsin(np.clip(place, -0.999, 0.999)) + column(np.arctan2(half * sin, width * cos))
        return angle, np.maximum(np.abs(offset) - extent, 0), place

    phi, beyond, position = seen(front)
    behind = np.cos(phi) < 0
    if behind.any():
        phi, beyond, position = (
            np.where(behind, now, before)
            for now, before in zip(seen(back), (phi, beyond, position), strict=True)
        )
    cos_phi, sin_phi = np.cos(phi), np.sin(phi)
    half = np.where(cos_phi > 0, column(front), column(back))
    depth = column(width * sin) * sin_phi + half * cos_phi * np.float32(cos)
    across = np.sqrt(np.maximum(1 - position * position, 0))
    ends = column(np.maximum(np.maximum(tube.y[0] - rows, rows - tube.y[-1]), 0))
    depth = depth + column(tube.at(rows, "z") * cos + tube.at(rows, "x") * sin)
    middle = np.round(phi * np.float32(1 / np.pi))  # the middle of the front or of the back: sides are seams
    around = (phi - middle * np.float32(np.pi)) * column(width) + np.float32(0.37) * np.abs(middle)
    return Surface(phi, depth, x, column(rows), around, across, beyond + ends)


@dataclass(frozen=True)
class Light:
    """A big soft key light, a fill light opposite to it, and the bounce of a bright room."""

    x: float
    y: float
    ambient: float
    key: float
    fill: float


def shade(depth: np.ndarray, scale_px: float, light: Light, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Light a surface of `depth` [h, w] (body heights): diffuse factor about 1, highlight in 0...1.

    `power` is the sharpness of the highlight (Blinn-Phong).
    """
    scaled = depth * np.float32(scale_px)
    slope_x = cv2.Scharr(scaled, cv2.CV_32F, 1, 0, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    slope_y = cv2.Scharr(scaled, cv2.CV_32F, 0, 1, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    facing = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    normal_x, normal_y = -slope_x * facing, -slope_y * facing
    key_z = np.sqrt(max(0.05, 1 - light.x**2 - light.y**2))
    key = np.maximum(normal_x * light.x + normal_y * light.y + facing * key_z, 0)
    fill = np.maximum(facing * 0.75 - normal_x * np.sign(light.x) * 0.6 - normal_y * 0.25, 0)
    half = np.array([light.x, light.y, key_z + 1])
    half /= np.linalg.norm(half)
    mirror = np.maximum(normal_x * half[0] + normal_y * half[1] + facing * half[2], 0)
    return light.ambient + light.key * key + light.fill * fill, mirror ** np.float32(power)


def profile(y: Knots, values: Knots, samples: np.ndarray, smooth: float = 0.012) -> np.ndarray:
    """Interpolate a line through knots at `samples` (evenly spaced), rounded over `smooth` body heights."""
    line = np.interp(samples, y, values)
    reach = round(3 * smooth / (samples[1] - samples[0]))
    if reach < 1:
        return line
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (reach / 3)) ** 2)
    padded = np.concatenate([2 * line[0] - line[reach:0:-1], line, 2 * line[-1] - line[-2 : -reach - 2 : -1]])
    return np.convolve(padded, kernel / kernel.sum(), "valid")
