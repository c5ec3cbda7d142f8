"""Things that stand around in a studio: cables, boxes, chairs, lamps, umbrellas and a monitor."""

import numpy as np

from segmentation.synth.paint import ellipse, fill, jitter, moved, ribbon, smooth_line, stream
from segmentation.synth.room import Room


def draw_clutter(picture: np.ndarray, room: Room) -> None:
    """Draw things behind or beside the mannequin; each room has different ones."""
    rng = stream(*room.key, 72)
    height, width = picture.shape[:2]
    size = np.array([width, height], np.float64)
    chances = {
        _cable: 0.55,
        _boxes: 0.22,
        _chair: 0.13,
        _reflector: 0.14,
        _umbrella: 0.07,
        _lamp: 0.16,
        _softbox: 0.05,
        _rubbish: 0.3,
    }
    for draw, chance in chances.items():
        branch = np.random.default_rng(rng.integers(2**63))
        if rng.random() < chance:
            draw(picture, branch, size)


def draw_foreground(picture: np.ndarray, mask: np.ndarray, room: Room, x: float) -> None:
    """Draw the monitor that cuts into the picture from below, in front of all, near `x` (frame widths).

    What it hides of a garment is taken out of `mask` [H, W].
    """
    rng = stream(*room.key, 73)
    if rng.random() > 0.22:
        return
    height, width = picture.shape[:2]
    size = np.array([width, height], np.float64)
    top, half, tilt = rng.uniform(0.90, 0.985), rng.uniform(0.3, 0.48), rng.uniform(-0.015, 0.015)
    x = x + rng.uniform(-0.15, 0.12)
    outer = np.array(
        [(x - half, top + tilt), (x + half, top - tilt), (x + half * 1.03, 1.2), (x - half * 1.03, 1.2)]
    )
    fill(picture, outer * size, [(0.09, 0.09, 0.09), (0.04, 0.04, 0.04)], 1.0, 0.0006 * height)
    fill(mask[..., None], outer * size, [0.0], 1.0, 0.0006 * height)
    edge = np.array([(x - half * 0.95, top + tilt + 0.015), (x + half * 0.95, top - tilt + 0.015)])
    fill(picture, ribbon(edge * size, 0.003 * height), (0.32, 0.32, 0.33), 0.8)
    for side in (-1, 1):
        corner = np.array([(x + side * half * 0.95, edge[0, 1]), (x + side * half * 0.62, 1.1)])
        fill(picture, ribbon(corner * size, 0.0022 * height), (0.2, 0.2, 0.2), 0.6)


def _cable(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray) -> None:
    for _ in range(int(rng.integers(1, 3))):
        side = rng.choice([-1, 1])
        start, y = 0.5 + side * 0.07, rng.uniform(0.87, 0.95)
        knots = [
            (start + side * step * 0.12, y - 0.012 * step + rng.uniform(-0.008, 0.008)) for step in range(6)
        ]
        line = smooth_line(knots, 80) * size
        fill(
            picture,
            ribbon(moved(line, 0, 0.003 * size[1]), 0.005 * size[1]),
            (0, 0, 0),
            0.25,
            0.002 * size[1],
        )
        fill(picture, ribbon(line, 0.0026 * size[1]), jitter(rng, (0.10, 0.10, 0.10), 0.5))


def _boxes(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray) -> None:
    for _ in range(int(rng.integers(1, 4))):
        x = rng.choice([rng.uniform(0.04, 0.30), rng.uniform(0.66, 0.9)])
        y, wide, tall = rng.uniform(0.80, 0.93), rng.uniform(0.08, 0.2), rng.uniform(0.04, 0.09)
        tint = jitter(rng, (0.90, 0.92, 0.91) if rng.random() < 0.75 else (0.55, 0.45, 0.32), 0.1)
        lean = rng.uniform(-0.05, 0.05)
        front = np.array([(x, y), (x + wide, y + 0.006), (x + wide, y + tall), (x, y + tall - 0.004)]) * size
        lid = (
            np.array(
                [(x, y), (x + wide, y + 0.006), (x + wide + lean, y - 0.018), (x + lean + 0.015, y - 0.022)]
            )
            * size
        )
        shadow = moved(front, 0.006 * size[0], 0.006 * size[1])
        fill(picture, shadow, (0, 0, 0), 0.3, 0.006 * size[1])
        fill(picture, front, [tint * 0.93, tint * 0.84])
        fill(picture, lid, np.clip(tint * 1.05, 0, 1))
        if rng.random() < 0.35:
            middle = front.mean(0)
            fill(picture, middle + (front - middle) * 0.72, [tint * 0.5, tint * 0.7])


def _chair(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray) -> None:
    side = rng.choice([-1, 1])
    x, y, unit = 0.5 + side * rng.uniform(0.40, 0.5), rng.uniform(0.66, 0.78), 0.11
    metal, seat = jitter(rng, (0.62, 0.60, 0.58), 0.15), jitter(rng, (0.70, 0.66, 0.60), 0.25)

    def at(*corners: tuple[float, float]) -> np.ndarray:
        return (np.array(corners) * (unit * 1.5, unit) + (x, y)) * size

    for foot, top in ((-0.5, -0.42), (-0.3, -0.25), (0.35, 0.3), (0.5, 0.42)):
        fill(picture, ribbon(at((top, 0.1), (foot, 1.55)), 0.004 * size[1]), metal * 0.8)
    for rung in (0.55, 0.95):
        fill(picture, ribbon(at((-0.45, rung), (0.46, rung - 0.06)), 0.003 * size[1]), metal)
    fill(picture, at((-0.5, 0.0), (0.5, -0.04), (0.55, 0.14), (-0.55, 0.18)), [seat, seat * 0.7])
    fill(picture, at((-0.42, -0.75), (-0.30, -0.78), (-0.36, 0.05), (-0.46, 0.05)), metal * 0.8)
    fill(picture, at((0.30, -0.78), (0.42, -0.80), (0.46, 0.0), (0.36, 0.0)), metal * 0.8)
    fill(picture, at((-0.44, -0.8), (0.44, -0.84), (0.42, -0.45), (-0.42, -0.42)), [seat * 0.95, seat * 0.75])


def _reflector(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray) -> None:
    x, y, turn = rng.choice([-0.005, 1.005]), rng.uniform(0.36, 0.5), rng.uniform(-0.6, -0.2)
    disc = ellipse(
        x * size[0],
        y * size[1],
        rng.uniform(0.10, 0.16) * size[0],
        rng.uniform(0.018, 0.03) * size[1],
        turn if x < 0.5 else -turn,
    )
    fill(picture, disc, [(0.62, 0.60, 0.57), (0.34, 0.33, 0.32)])


def _umbrella(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray) -> None:
    x, y, radius = rng.choice([-0.02, 1.02]), rng.uniform(0.05, 0.35), rng.uniform(0.14, 0.22)
    side = 1 if x < 0.5 else -1
    arc = np.linspace(-1.2, 1.2, 40)
    rim = np.stack([x + side * radius * np.cos(arc), y + radius * 0.8 * np.sin(arc)], 1)
    tint = jitter(rng, (0.10, 0.10, 0.11) if rng.random() < 0.6 else (0.92, 0.92, 0.92), 0.1)
    fill(picture, np.concatenate([rim, [[x, y]]]) * size, [tint * 1.3, tint * 0.7])
    for angle in np.linspace(-1.0, 1.0, 5):
        tip = (x + side * radius * np.cos(angle), y + radius * 0.8 * np.sin(angle))
        fill(picture, ribbon(np.array([(x, y), tip]) * size, 0.0015 * size[1]), tint * 0.6 + 0.1, 0.6)


def _lamp(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray) -> None:
    side = rng.choice([0.0, 1.0])
    x, y, inward = side, rng.uniform(0.06, 0.55), 1 if side == 0 else -1
    tint = jitter(rng, (0.08, 0.08, 0.09), 0.4)
    reach = rng.uniform(0.02, 0.09)

    def at(*corners: tuple[float, float]) -> np.ndarray:
        return (
            np.array([(x + inward * right * reach, y + down * reach * 0.67) for right, down in corners])
            * size
        )

    fill(
        picture,
        at((-2, -0.5), (0.5, -0.5), (1.0, -0.9), (1.25, 0.7), (0.5, 0.5), (-2, 0.5)),
        [tint * 1.6, tint],
    )
    x_px, y_px = at((1.12, -0.1))[0]
    fill(
        picture,
        ellipse(x_px, y_px, 0.22 * reach * size[0], 0.55 * reach * size[1], 0.2),
        (0.85, 0.85, 0.82),
        0.8,
    )
    fill(picture, ribbon(at((0.1, 0.4), (0.2, 30)), 0.004 * size[1]), tint)


def _softbox(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray) -> None:
    side = rng.choice([0.0, 1.0])
    edge = abs(side - rng.uniform(0.03, 0.10))
    top, bottom = rng.uniform(0.0, 0.2), rng.uniform(0.3, 0.55)
    outside = 2 * side - 0.5
    fill(
        picture,
        np.array([(edge, top + 0.02), (outside, top), (outside, bottom), (edge, bottom - 0.02)]) * size,
        [(1.0, 1.0, 0.98), (0.93, 0.93, 0.92)],
        1.0,
        0.001 * size[1],
    )
    fill(
        picture,
        ribbon(np.array([(edge, top + 0.02), (edge, bottom - 0.02)]) * size, 0.008 * size[0]),
        (0.06, 0.06, 0.06),
    )


def _rubbish(picture: np.ndarray, rng: np.random.Generator, size: np.ndarray) -> None:
    for _ in range(int(rng.integers(1, 7))):
        x, y = rng.uniform(0.02, 0.98), rng.uniform(0.80, 0.99)
        shape = (
            ellipse(x, y, rng.uniform(0.002, 0.012), rng.uniform(0.001, 0.003), rng.uniform(-0.3, 0.3)) * size
        )
        tint = [(0.1, 0.1, 0.1), (0.93, 0.93, 0.93), (0.7, 0.5, 0.35), (0.5, 0.1, 0.1)][int(rng.integers(4))]
        fill(picture, moved(shape, 0, 0.002 * size[1]), (0, 0, 0), 0.2, 0.001 * size[1])
        fill(picture, shape, tint, 0.85)
