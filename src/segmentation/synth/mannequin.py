"""The picture of a mannequin: lit skin, relief, seams, neck cap, cuts and feet."""

import numpy as np
from numpy.typing import ArrayLike

from segmentation.synth.figure import Mannequin
from segmentation.synth.paint import (
    Corners,
    blend,
    blurred,
    clouds,
    corners_around,
    coverage,
    ellipse,
    fill,
    ribbon,
    stream,
)
from segmentation.synth.surface import Light, Pose, Surface, Tube, look_at, shade


def draw_mannequin(
    picture: np.ndarray, mannequin: Mannequin, pose: Pose, light: Light, parts: str = "body"
) -> tuple[Corners, np.ndarray] | None:
    """Paint the body (or, with parts="arms", only arms that hang in front of a garment) into `picture`.

    Returns the box and the coverage float32 [h, w] of what was painted, None when nothing was.
    """
    hanging = mannequin.arms in ("down", "hip")
    arms = [tube for name, tube in mannequin.limbs.items() if name.endswith("arm")]
    rest = [tube for name, tube in mannequin.limbs.items() if not name.endswith("arm")]
    tubes = (
        (arms if hanging else []) if parts == "arms" else [mannequin.torso, *rest, *([] if hanging else arms)]
    )
    polygons = [_outline(tube, pose) for tube in tubes]
    box = corners_around(polygons, picture.shape[1], picture.shape[0]) if polygons else None
    if box is None:
        return None
    alpha = coverage(polygons, box, soft_px=0.0004 * pose.scale_px)
    depth = _depth(tubes, pose, box)
    if parts == "body":
        depth += _relief(mannequin, pose, box)
    diffuse, highlight = shade(depth, pose.scale_px, light, power=60 if mannequin.gloss > 0.3 else 18)
    shape = diffuse.shape
    rng = stream(*mannequin.key, 2)
    diffuse *= 1 + 0.006 * clouds(rng, (40, 16), shape)
    colour = mannequin.colour.astype(np.float32) * diffuse[..., None]
    colour *= np.array([1.0, 0.985, 0.965], np.float32) ** (
        2.5 * (1 - diffuse[..., None])
    )  # shadows are warm
    colour += (mannequin.gloss * highlight)[..., None]
    blend(picture, box, colour, alpha)
    if parts == "body":
        _details(picture, mannequin, pose, rng)
    return box, alpha


def _outline(tube: Tube, pose: Pose) -> np.ndarray:
    cos, sin = np.cos(pose.turn), np.sin(pose.turn)
    centre = tube.x * cos - tube.z * sin
    sides = []
    for side in (-1, 1):
        half = tube.front if np.cos(pose.turn + side * np.pi / 2) >= 0 else tube.back
        sides.append(pose.pixels(centre + side * np.hypot(tube.half_width * cos, half * sin), tube.y))
    return np.concatenate([sides[0], sides[1][::-1]])


def _depth(tubes: list[Tube], pose: Pose, box: Corners) -> np.ndarray:
    left, top, right, bottom = box
    depth = np.full((bottom - top, right - left), -0.5, np.float32)
    for tube in tubes:
        polygon = _outline(tube, pose)
        part = corners_around([polygon], right, bottom, 0.02 * pose.scale_px)
        if part is None:
            continue
        part = (max(part[0], left), max(part[1], top), part[2], part[3])
        surface = look_at(tube, pose, part)
        patch = depth[part[1] - top : part[3] - top, part[0] - left : part[2] - left]
        np.maximum(patch, surface.depth - 3 * surface.beyond, out=patch)  # falls away past the outline
    return blurred(depth, 0.0026 * pose.scale_px)  # rounds the creases where two tubes meet


def _relief(mannequin: Mannequin, pose: Pose, box: Corners) -> np.ndarray:
    """Return bust, navel, spine and seat as bumps of the front or the back, where that side is in sight."""
    left, top, right, bottom = box
    x = ((np.arange(left, right) + 0.5 - pose.x_px) / pose.scale_px).astype(np.float32)[None]
    y = ((np.arange(top, bottom) + 0.5 - pose.y_px) / pose.scale_px).astype(np.float32)[:, None]
    bumps = [
        (0.58, 0.160, 0.030, 0.030, 0.024 * mannequin.bust),
        (-0.58, 0.160, 0.030, 0.030, 0.024 * mannequin.bust),
        (0.0, 0.40, 0.05, 0.04, 0.006),
        (np.pi, 0.22, 0.008, 0.09, -0.005),
        (np.pi - 0.55, 0.415, 0.034, 0.034, 0.014),
        (np.pi + 0.55, 0.415, 0.034, 0.034, 0.014),
        (np.pi, 0.44, 0.007, 0.030, -0.010),
        (0.45, 0.685, 0.014, 0.016, 0.004),
        (-0.45, 0.685, 0.014, 0.016, 0.004),
    ]
    relief = np.zeros((bottom - top, right - left), np.float32)
    for phi, at_y, size_x, size_y, height in bumps:
        facing = np.cos(phi - pose.turn)
        if facing < 0.05:
            continue
        at_x = 0.086 * np.sin(phi - pose.turn) + (0.02 if at_y > 0.6 else 0.0) * np.sign(phi)
        below = np.where(y > at_y, 0.85, 1.35)  # a bust falls off faster below than above
        far = ((x - at_x) / (size_x * max(facing, 0.5))) ** 2 + ((y - at_y) / (size_y * below)) ** 2
        relief += height * facing * np.exp(-0.5 * far ** np.float32(1.35))
    return relief


def bust_relief(surface: Surface, strength: float) -> np.ndarray:
    """Return the bust as it shows through cloth, softer and wider than on the body: float32 [h, w]."""
    below = np.where(surface.y > 0.170, 0.026, 0.040)
    down = np.exp(-0.5 * ((surface.y - 0.170) / below) ** 2)
    left, right = (np.exp(-0.5 * ((surface.phi - side) / 0.36) ** 2) for side in (0.62, -0.62))
    return (0.011 * strength * down * (left + right)).astype(np.float32)


def _details(picture: np.ndarray, mannequin: Mannequin, pose: Pose, rng: np.random.Generator) -> None:
    scale = pose.scale_px
    colour = mannequin.colour
    cap_colours = [
        colour * 0.9,
        colour * 0.72,
        np.array([0.62, 0.45, 0.29]),
        np.array([0.93, 0.92, 0.9]),
        np.array([0.75, 0.76, 0.78]),
    ]
    cap = cap_colours[int(rng.integers(len(cap_colours)))]
    tape = rng.random() < 0.3
    tape_colour = [(0.1, 0.62, 0.42), (0.25, 0.28, 0.65), (0.8, 0.42, 0.22), (0.9, 0.9, 0.88)][
        int(rng.integers(4))
    ]
    knob = rng.random() < 0.25
    line_colour = colour * 0.62
    waist_y = float(rng.choice([0.30, 0.335]))

    def arc(y: float, width: float, sag: float, thickness: float, tint: ArrayLike, opacity: float) -> None:
        t = np.linspace(-1, 1, 40)
        points = pose.pixels(width * np.sin(t * np.pi / 2), y + sag * np.cos(t * np.pi / 2))
        fill(picture, ribbon(points, thickness * scale), tint, opacity)

    if tape:
        arc(
            0.016,
            mannequin.limbs["neck"].at(0.016, "half_width") * 0.985,
            0.004,
            rng.uniform(0.004, 0.009),
            tape_colour,
            0.85,
        )
    neck = mannequin.limbs["neck"].half_width[0]
    x_px, y_px = pose.pixels(0, 0.0)
    fill(picture, ellipse(x_px, y_px, neck * scale, 0.0085 * scale), [cap * 1.08, cap * 0.95])
    x_px, y_px = pose.pixels(0, -0.0006)
    fill(picture, ellipse(x_px, y_px, 0.028 * scale, 0.006 * scale), cap * 1.05, 0.7)
    if knob:
        top = pose.pixels([-0.006, 0.006, 0.009, -0.009], [-0.012, -0.012, 0.0, 0.0])
        fill(picture, top, [(0.75, 0.75, 0.76), (0.5, 0.5, 0.52)])
    if rng.random() < 0.75:
        narrowed = np.hypot(np.cos(pose.turn), 0.62 * np.sin(pose.turn))
        arc(
            waist_y,
            mannequin.torso.at(waist_y, "half_width") * narrowed * 0.99,
            0.003,
            0.0014,
            line_colour,
            0.55,
        )
    if rng.random() < 0.5 and np.cos(pose.turn) > 0.5:
        arc(0.047, 0.036, 0.016 * np.cos(pose.turn), 0.0012, line_colour, 0.6)
        if rng.random() < 0.5:
            arc(0.052, 0.062, 0.034 * np.cos(pose.turn), 0.0011, line_colour, 0.45)
    if mannequin.arms == "sawn":
        for side in (-1, 1):  # the flat cut where an arm would be fixed
            edge = mannequin.torso.at(np.array([0.074, 0.1, 0.125]), "half_width")
            x = side * edge * np.cos(pose.turn) * 0.985
            points = pose.pixels(x, np.array([0.074, 0.1, 0.125]))
            fill(picture, ribbon(points, [0.001 * scale, 0.0045 * scale, 0.001 * scale]), colour * 1.12, 0.5)
    elif mannequin.arms == "stumps":
        for side in (-1, 1):
            x = side * 0.121 * np.cos(pose.turn)
            x_px, y_px = pose.pixels(x, 0.126)
            end = ellipse(x_px, y_px, 0.019 * scale, 0.0065 * scale, side * 0.55 * np.cos(pose.turn))
            fill(picture, end, [colour * 0.35, colour * 0.2], 0.9)
    socks = rng.random() < 0.4
    for name in ("left leg", "right leg") if socks else ():
        leg = mannequin.limbs[name]
        y = np.linspace(0.975, 1.004, 12)
        x = leg.at(y, "x") * np.cos(pose.turn) - leg.at(y, "z") * np.sin(pose.turn)
        shape = ribbon(pose.pixels(x, y), 2.1 * leg.at(y, "half_width") * scale)
        fill(picture, shape, [(0.9, 0.9, 0.89), (0.78, 0.78, 0.77)])
