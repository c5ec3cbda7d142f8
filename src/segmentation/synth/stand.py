"""The stand: turntable, plate, disc or rod below the mannequin."""

import numpy as np

from segmentation.synth.paint import ellipse, fill, jitter, pick, ribbon, stream
from segmentation.synth.room import Room
from segmentation.synth.surface import Pose

STAND_WEIGHTS = {"mixer": 0.45, "plate": 0.25, "disc": 0.2, "rod": 0.10}


def draw_stand(picture: np.ndarray, room: Room, pose: Pose) -> None:
    """Draw the base below the soles, with its shadow on the floor, before the mannequin."""
    rng = stream(*room.key, 71)
    kind = pick(rng, STAND_WEIGHTS)
    scale = pose.scale_px
    x, y = pose.pixels(0.0, 1.0)

    def at(*corners: tuple[float, float]) -> np.ndarray:
        return np.array(corners, np.float64) * scale + (x, y)

    fill(picture, ellipse(x, y + 0.035 * scale, 0.24 * scale, 0.05 * scale), (0, 0, 0), 0.15, 0.03 * scale)
    metal = jitter(rng, (0.80, 0.80, 0.80), 0.1)
    if kind == "mixer":
        box = jitter(rng, (0.11, 0.11, 0.12), 0.3)
        deep = rng.uniform(0.10, 0.13)
        fill(
            picture,
            at((-0.135, -0.012), (0.135, -0.012), (0.148, deep - 0.02), (-0.148, deep - 0.02)),
            [box * 1.7, box * 1.2],
        )
        fill(
            picture,
            at((-0.148, deep - 0.02), (0.148, deep - 0.02), (0.146, deep + 0.03), (-0.146, deep + 0.03)),
            box,
        )
        fill(picture, ellipse(x, y + 0.040 * scale, 0.122 * scale, 0.046 * scale), box * 0.5)
        fill(
            picture,
            ellipse(x, y + 0.036 * scale, 0.122 * scale, 0.046 * scale),
            [metal * 0.6, np.clip(metal * 1.15, 0, 1)],
        )
        fill(
            picture, ellipse(x, y + 0.033 * scale, 0.105 * scale, 0.036 * scale), [metal * 1.02, metal * 0.88]
        )
        for index in range(11):
            button = [(0.8, 0.8, 0.78), (0.7, 0.7, 0.7), (0.2, 0.5, 0.9), (0.85, 0.2, 0.15), (0.2, 0.7, 0.4)][
                int(rng.integers(5))
            ]
            left = -0.125 + index * 0.024
            fill(
                picture,
                at(
                    (left, deep - 0.008),
                    (left + 0.012, deep - 0.008),
                    (left + 0.012, deep + 0.002),
                    (left, deep + 0.002),
                ),
                button,
            )
    elif kind == "plate":
        wood = jitter(rng, (0.80, 0.74, 0.62), 0.15)
        fill(picture, at((-0.13, 0.0), (0.13, 0.0), (0.165, 0.092), (-0.165, 0.092)), [wood, wood * 0.92])
        fill(picture, at((-0.165, 0.092), (0.165, 0.092), (0.165, 0.104), (-0.165, 0.104)), wood * 0.6)
        fill(picture, ellipse(x, y + 0.045 * scale, 0.125 * scale, 0.042 * scale), metal * 0.55)
        fill(
            picture,
            ellipse(x, y + 0.041 * scale, 0.125 * scale, 0.042 * scale),
            [metal * 0.8, np.clip(metal * 1.15, 0, 1)],
        )
    elif kind == "disc":
        tint = jitter(rng, (0.10, 0.10, 0.11) if rng.random() < 0.5 else (0.86, 0.86, 0.85), 0.15)
        fill(picture, ellipse(x, y + 0.038 * scale, 0.165 * scale, 0.048 * scale), tint * 0.5)
        fill(picture, ellipse(x, y + 0.028 * scale, 0.165 * scale, 0.048 * scale), [tint * 1.2, tint * 0.9])
    else:
        fill(picture, ellipse(x, y + 0.03 * scale, 0.12 * scale, 0.03 * scale), [metal * 0.6, metal])
        fill(picture, ribbon(at((0.0, -0.45), (0.0, 0.03)), 0.014 * scale), metal * 0.75)
        fill(picture, ribbon(at((-0.003, -0.45), (-0.003, 0.03)), 0.004 * scale), np.clip(metal * 1.2, 0, 1))
        return
    half = 0.095 * max(abs(np.cos(pose.turn)), 0.75)
    fill(
        picture,
        at((-half, -0.014), (half, -0.014), (half + 0.004, 0.020), (-half - 0.004, 0.020)),
        [np.clip(metal * 1.14, 0, 1), metal * 0.95],
    )
    fill(
        picture,
        at((-half, 0.019), (half, 0.019), (half, 0.025), (-half, 0.025)),
        (0, 0, 0),
        0.4,
        0.002 * scale,
    )
    for side in (-1, 1):
        foot = side * 0.05 * np.cos(pose.turn)
        fill(
            picture,
            ellipse(x + foot * scale, y + 0.001 * scale, 0.026 * scale, 0.006 * scale),
            (0, 0, 0),
            0.45,
            0.002 * scale,
        )
