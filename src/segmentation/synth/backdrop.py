"""The room behind the mannequin: paper or wall, sweep and floor, curtains and beams."""

import cv2
import numpy as np

from segmentation.synth.paint import clouds, fill, jitter, moved, noise, ribbon, smooth_line, stream
from segmentation.synth.room import Room
from segmentation.synth.walls import draw_bricks, draw_carpet, draw_roll


def draw_backdrop(room: Room, width: int, height: int) -> np.ndarray:
    """Draw the empty room, floor included: float32 RGB [H, W, 3] in 0...1."""
    rng = stream(*room.key, 62)
    picture = _paper(room, rng, width, height)
    size = np.array([width, height], np.float64)
    night = jitter(rng, (0.045, 0.047, 0.055), 0.4)

    def quad(*corners: tuple[float, float]) -> np.ndarray:
        return np.array(corners, np.float64) * size

    if room.kind == "bricked":
        draw_bricks(picture, rng, room, size)
    if room.top > 0 and room.kind != "bricked":
        above = night if room.kind != "plain" else jitter(rng, (0.62, 0.62, 0.62), 0.2)
        sag = rng.uniform(-0.004, 0.012)
        edge = smooth_line(
            [[-0.02, room.top], [0.5, room.top + sag], [1.02, room.top + rng.uniform(-0.01, 0.01)]], 40
        )
        fill(
            picture,
            np.concatenate([edge, [[1.02, -0.02], [-0.02, -0.02]]]) * size,
            [above * 1.25, above],
            1.0,
            0.0006 * height,
        )
        fill(picture, ribbon(moved(edge, 0, 0.002) * size, 0.0025 * height), room.paper * 0.72, 0.6)
    if room.kind == "rolled":
        draw_roll(picture, rng, room, size)
    if room.kind == "beamed":
        y, thick = rng.uniform(0.05, 0.10), rng.uniform(0.010, 0.018)
        wood = jitter(rng, (0.62, 0.40, 0.22), 0.15)
        fill(picture, quad((0, 0), (1, 0), (1, y), (0, y)), [room.paper * 0.98, room.paper * 0.93])
        tilt = rng.uniform(-0.002, 0.002)
        fill(
            picture,
            quad((-0.1, y - tilt), (1.1, y + tilt), (1.1, y + thick), (-0.1, y + thick)),
            [wood, wood * 0.72],
        )
        fill(
            picture,
            quad((0, y + thick), (1, y + thick), (1, y + thick + 0.006), (0, y + thick + 0.006)),
            (0, 0, 0),
            0.2,
            0.002 * height,
        )
    end = rng.uniform(0.70, 0.80)
    if room.kind != "dark" and ((room.kind == "rolled" and rng.random() < 0.35) or rng.random() < 0.08):
        draw_carpet(picture, rng, size, rng.uniform(0.82, 0.92))
    for side, border in ((0.0, room.left), (1.0, room.right)):
        if border != side:
            bottom = end if rng.random() < 0.6 else 1.05
            wave = 0.004 * rng.standard_normal(6)
            ys = np.linspace(-0.02, bottom, 6)
            line = smooth_line(np.stack([border + wave, ys], 1), 60)
            outside = 2 * side - 0.5
            polygon = np.concatenate([line, [[outside, bottom], [outside, -0.02]]])
            fill(picture, polygon * size, [night, night * 1.4], 1.0, 0.0006 * height)
            fill(
                picture,
                ribbon(moved(line, 0.006 * (1 if side == 0 else -1), 0) * size, 0.004 * width),
                (0, 0, 0),
                0.16,
                0.002 * height,
            )
            for _ in range(3):  # folds of the curtain
                x = border + (side - border) * rng.uniform(0.1, 0.9)
                strip = quad((x, -0.02), (x + 0.004, -0.02), (x + 0.006, bottom - 0.02), (x, bottom - 0.02))
                fill(picture, strip, night * 2.2, 0.4, 0.003 * height)
            if bottom < 1 and rng.random() < 0.7:
                floor = jitter(rng, (0.50, 0.42, 0.33), 0.2) if rng.random() < 0.5 else room.floor * 0.9
                polygon = quad(
                    (border, bottom - 0.01),
                    (outside, bottom - 0.03),
                    (outside, bottom + 0.02),
                    (border, bottom + 0.01),
                )
                fill(picture, polygon, floor, 0.9, 0.001 * height)
    return picture


def _paper(room: Room, rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Draw paper with its sweep into the floor, the spill of the lights and creases, at a small size."""
    rows, columns = 432, 288
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, columns, dtype=np.float32)[None]
    blend_down = 1 / (
        1 + np.exp(-(y + 0.003 * noise(rng, (1, 5), (1, columns)) - room.sweep) * rng.uniform(14, 45))
    )
    picture = room.paper + (room.floor - room.paper) * blend_down[..., None]
    glow_x, glow_y, spread = rng.uniform(0.2, 0.8), rng.uniform(0.25, 0.6), rng.uniform(0.5, 1.1)
    glow = np.exp(-(((x - glow_x) / spread) ** 2 + ((y - glow_y) / spread) ** 2))
    light = 1 + rng.uniform(0.02, 0.13) * (glow - 0.6)
    light = light + 0.006 * clouds(rng, (4, 4), (rows, columns), 2)
    lower = np.clip((y - room.sweep + 0.04) * 8, 0, 1)
    light = light + 0.006 * lower * clouds(rng, (70, 26), (rows, columns), 2)  # footmarks and dust
    light = light - rng.uniform(0.0, 0.12) * lower * np.abs(x - 0.5)
    creases = np.zeros((rows, columns), np.float32)
    for _ in range(int(rng.integers(2, 9))):
        start = np.array(
            [rng.uniform(0, 1), rng.choice([rng.uniform(0.1, 0.3), rng.uniform(room.sweep - 0.05, 0.95)])]
        )
        along = smooth_line(
            [
                start,
                start + rng.uniform(-0.15, 0.15, 2) * (1, 0.6),
                start + rng.uniform(-0.3, 0.3, 2) * (1, 0.6),
            ],
            30,
        )
        cv2.polylines(
            creases,
            [np.round(along * (columns, rows) * 16).astype(np.int32)],
            False,
            float(rng.uniform(-1, 1)),
            1,
            cv2.LINE_8,
            4,
        )
    creases = cv2.GaussianBlur(creases, (0, 0), 1.2) + 0.8 * cv2.GaussianBlur(creases, (0, 0), 5)
    light = light + rng.uniform(0.02, 0.07) * creases
    picture = np.clip(picture * light[..., None], 0, 1.2).astype(np.float32)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
