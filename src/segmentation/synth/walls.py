"""Parts of a room: the paper roll on its pole, painted bricks, and a carpet."""

import cv2
import numpy as np

from segmentation.synth.paint import clouds, fill, jitter, ribbon, smooth_line
from segmentation.synth.room import Room


def draw_roll(picture: np.ndarray, rng: np.random.Generator, room: Room, size: np.ndarray) -> None:
    """Draw the roll at the top of the paper, its pole and, now and then, its chain."""
    y, thick, tilt = room.top, rng.uniform(0.012, 0.03), rng.uniform(-0.006, 0.006)
    end = min(room.right + 0.005, 1.02)
    for share, shade in ((1.0, 0.80), (0.75, 0.93), (0.45, 1.0)):
        half = thick * share / 2
        centre = y + thick / 2
        corners = [
            (-0.02, centre - half),
            (end, centre - half + tilt),
            (end, centre + half + tilt),
            (-0.02, centre + half),
        ]
        fill(picture, np.array(corners) * size, np.clip(room.paper * shade, 0, 1), 1.0, 0.0015 * size[1])
    if end < 1:
        pole = np.array([(end, y + tilt + 0.4 * thick), (1.02, y + tilt + 0.4 * thick)]) * size
        fill(picture, ribbon(pole, 0.006 * size[1]), (0.55, 0.55, 0.57))
        if rng.random() < 0.5:  # the bead chain of the roll
            x = 0.5 * (end + 1)
            chain = np.array([(x, y + 0.02), (x, y + rng.uniform(0.3, 0.5))]) * size
            fill(picture, ribbon(chain, 0.006 * size[0]), (0.55, 0.55, 0.55), 0.5)


def draw_bricks(picture: np.ndarray, rng: np.random.Generator, room: Room, size: np.ndarray) -> None:
    """Draw a wall of painted bricks above the paper, with clamps and a slanted corner."""
    wall = np.clip(room.paper * rng.uniform(0.93, 1.02), 0, 1)
    top = room.top

    def quad(*corners: tuple[float, float]) -> np.ndarray:
        return np.array(corners, np.float64) * size

    fill(picture, quad((0, 0), (1, 0), (1, top), (0, top)), [wall * 0.94, wall])
    for row in range(int(top / 0.036) + 1):
        y = row * 0.036 + 0.012
        if y < top:
            fill(
                picture,
                quad((0, y), (1, y), (1, y + 0.0014), (0, y + 0.0014)),
                wall * 0.86,
                0.7,
                0.0006 * size[1],
            )
            for column in range(5):
                x = column * 0.24 + 0.12 * (row % 2)
                bottom = min(y + 0.036, top)
                fill(
                    picture,
                    quad((x, y), (x + 0.002, y), (x + 0.002, bottom), (x, bottom)),
                    wall * 0.88,
                    0.6,
                    0.0006 * size[1],
                )
    for x in (rng.uniform(0.1, 0.2), rng.uniform(0.7, 0.8)):
        fill(picture, quad((x, -0.01), (x + 0.012, -0.01), (x + 0.012, 0.04), (x, 0.04)), (0.07, 0.07, 0.08))
        fill(
            picture,
            quad((x - 0.012, 0.012), (x + 0.02, 0.016), (x + 0.02, 0.022), (x - 0.012, 0.02)),
            (0.1, 0.1, 0.1),
        )
    corner = rng.uniform(0.86, 0.94)
    fill(
        picture,
        quad((corner + 0.03, 0), (1.02, 0), (1.02, top), (corner, 0.6 * top)),
        [wall * 0.84, wall * 0.93],
    )
    fill(
        picture,
        quad((0, top), (1, top + 0.004), (1, top + 0.03), (0, top + 0.028)),
        [np.clip(room.paper * 1.04, 0, 1), room.paper * 0.97],
        1.0,
        0.001 * size[1],
    )
    fill(
        picture,
        quad((0, top + 0.028), (1, top + 0.03), (1, top + 0.036), (0, top + 0.034)),
        (0, 0, 0),
        0.08,
        0.002 * size[1],
    )
    clamp = rng.uniform(0.18, 0.23)
    fill(
        picture,
        quad((-0.01, clamp), (0.018, clamp), (0.016, clamp + 0.08), (-0.01, clamp + 0.08)),
        (0.06, 0.06, 0.06),
    )


def draw_carpet(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray, top: float) -> None:
    """Draw a carpet from `top` (frame heights) to the lower edge, where the paper ends."""
    tint = jitter(rng, (0.56, 0.48, 0.38) if rng.random() < 0.7 else (0.36, 0.39, 0.44), 0.2)
    height, width = picture.shape[:2]
    start = int((top - 0.02) * height)
    edge = (
        smooth_line(
            [[-0.05, top + rng.uniform(-0.02, 0.03)], [0.5, top], [1.05, top + rng.uniform(-0.03, 0.03)]], 40
        )
        * size
    )
    mask = np.zeros((height - start, width), np.uint8)
    outline = np.concatenate([edge - (0, start), [[width * 1.1, height], [-0.1 * width, height]]])
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    pile = 1 + 0.10 * clouds(rng, (46, 220), mask.shape, 2)
    region = picture[start:]
    region += (tint.astype(np.float32) * pile[..., None] - region) * (mask.astype(np.float32) / 255)[
        ..., None
    ]
    fill(picture, ribbon(edge - (0, 0.002 * height), 0.004 * height), (0, 0, 0), 0.15, 0.002 * height)
