"""The room behind the mannequin: paper or wall, sweep and floor, dark surroundings, beams and bricks."""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.data.synth.paint import (
    clouds,
    fill,
    jitter,
    moved,
    noise,
    pick,
    ribbon,
    smooth_line,
    stream,
)

ROOM_WEIGHTS = {"rolled": 0.33, "beamed": 0.22, "bricked": 0.17, "cave": 0.12, "plain": 0.13, "dark": 0.03}


@dataclass(frozen=True)
class Room:
    """One studio; distances in frame heights (y) and widths (x), colours in 0...1."""

    kind: str
    paper: np.ndarray
    floor: np.ndarray
    sweep: float
    top: float
    left: float
    right: float
    key: tuple[int, ...]


def design_room(key: tuple[int, ...], dark: bool = False) -> Room:
    """Draw a room by lot; `dark` asks for one with a dark wall behind the mannequin."""
    rng = stream(*key, 61)
    kind = pick(rng, ROOM_WEIGHTS)
    if dark and rng.random() < 0.7:
        kind = "dark"
    paper = {
        "rolled": (0.93, 0.93, 0.96),
        "beamed": (0.98, 0.94, 0.87),
        "bricked": (0.96, 0.92, 0.86),
        "cave": (0.94, 0.92, 0.94),
        "plain": (0.90, 0.90, 0.89),
        "dark": (0.16, 0.16, 0.17),
    }[kind]
    paper = jitter(rng, paper, 0.025 if kind != "dark" else 0.4)
    floor = paper * rng.uniform(0.86, 0.99) * (np.array([1.0, 0.98, 0.94]) if rng.random() < 0.5 else 1.0)
    top = {
        "rolled": rng.uniform(0.05, 0.09),
        "beamed": 0.0,
        "bricked": rng.uniform(0.15, 0.20),
        "cave": rng.uniform(0.10, 0.2),
        "plain": rng.choice([0.0, rng.uniform(0.10, 0.18)]),
        "dark": 0.0,
    }[kind]
    left = rng.uniform(0.01, 0.14) if kind == "cave" or rng.random() < 0.12 else 0.0
    right = rng.uniform(0.86, 0.985) if kind in ("rolled", "cave") and rng.random() < 0.75 else 1.0
    if kind == "dark":
        left, right = 0.0, 1.0
    return Room(kind, paper, floor, rng.uniform(0.70, 0.84), float(top), left, right, key)


def draw_backdrop(room: Room, width: int, height: int) -> np.ndarray:
    """The empty room: float32 RGB [H, W, 3] in 0...1, up to and including the floor."""
    rng = stream(*room.key, 62)
    picture = _paper(room, rng, width, height)
    size = np.array([width, height], np.float64)
    night = jitter(rng, (0.045, 0.047, 0.055), 0.4)

    def quad(*corners) -> np.ndarray:
        return np.array(corners, np.float64) * size

    if room.kind == "bricked":
        _bricks(picture, rng, room, size)
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
        _roll(picture, rng, room, size)
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
        _carpet(picture, rng, size, rng.uniform(0.82, 0.92))
    for side, edge in ((0.0, room.left), (1.0, room.right)):
        if edge != side:
            bottom = end if rng.random() < 0.6 else 1.05
            wave = 0.004 * rng.standard_normal(6)
            ys = np.linspace(-0.02, bottom, 6)
            line = smooth_line(np.stack([edge + wave, ys], 1), 60)
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
                x = edge + (side - edge) * rng.uniform(0.1, 0.9)
                strip = quad((x, -0.02), (x + 0.004, -0.02), (x + 0.006, bottom - 0.02), (x, bottom - 0.02))
                fill(picture, strip, night * 2.2, 0.4, 0.003 * height)
            if bottom < 1 and rng.random() < 0.7:
                floor = jitter(rng, (0.50, 0.42, 0.33), 0.2) if rng.random() < 0.5 else room.floor * 0.9
                polygon = quad(
                    (edge, bottom - 0.01),
                    (outside, bottom - 0.03),
                    (outside, bottom + 0.02),
                    (edge, bottom + 0.01),
                )
                fill(picture, polygon, floor, 0.9, 0.001 * height)
    return picture


def _paper(room: Room, rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Paper with its sweep into the floor, the spill of the lights, and creases: soft, so drawn small."""
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


def _roll(picture: np.ndarray, rng: np.random.Generator, room: Room, size: np.ndarray) -> None:
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


def _bricks(picture: np.ndarray, rng: np.random.Generator, room: Room, size: np.ndarray) -> None:
    wall = np.clip(room.paper * rng.uniform(0.93, 1.02), 0, 1)
    top = room.top

    def quad(*corners) -> np.ndarray:
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


def _carpet(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray, top: float) -> None:
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
