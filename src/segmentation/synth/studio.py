"""One photo of the studio: room, stand, mannequin and garment, composed, lit and photographed."""

from dataclasses import replace

import numpy as np

from segmentation.config.jobs.synth import VIEWS
from segmentation.core.errors import DataError
from segmentation.synth.backdrop import draw_backdrop
from segmentation.synth.camera import expose
from segmentation.synth.cloth import draw_inside, draw_piece
from segmentation.synth.figure import Mannequin, design_mannequin
from segmentation.synth.garments import Garment, design_garment
from segmentation.synth.mannequin import draw_mannequin
from segmentation.synth.paint import stream
from segmentation.synth.props import draw_clutter, draw_foreground
from segmentation.synth.room import design_room
from segmentation.synth.stand import draw_stand
from segmentation.synth.surface import Light, Pose
from segmentation.synth.tailor import pieces_of

MIN_WIDTH, MIN_HEIGHT = 64, 96


def draw_photo(seed: int, garment: int, view: str, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw one garment on a mannequin in a studio, and its cutout.

    The same arguments give the same pixels; the three views (see VIEWS) of a garment share garment,
    mannequin and room, and no garment depends on another. Another size is the same scene, larger or
    smaller. Returns the photo, uint8 RGB [H, W, 3], and the cutout, uint8 RGBA [H, W, 4]: the photo's
    colours under a soft alpha, all 0 where alpha is 0. Lace and sheer cloth are solid in alpha, the
    inside of the back is left out. Raises DataError for arguments it cannot draw.
    """
    check_arguments(seed, garment, view, width, height)
    key = (seed, garment)
    view_key = (*key, VIEWS.index(view))
    mannequin = design_mannequin(key)
    design = design_garment(key, mannequin)
    room = design_room(key, dark=design.hard == "dark on dark")
    pose, light = _pose(key, view_key, view, width, height), _light(key)
    picture = draw_backdrop(room, width, height)
    draw_clutter(picture, room)
    draw_stand(picture, room, pose)
    mask, _ = _draw_dressed(picture, mannequin, design, pose, light)
    draw_foreground(picture, mask, room, pose.x_px / width)
    photo = expose(picture, key, view_key)
    alpha = np.round(mask * 255).astype(np.uint8)
    alpha[alpha < 3] = 0
    return photo, np.dstack([photo * (alpha > 0)[..., None], alpha])


def draw_group(
    seed: int, number: int, mannequins: int, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw several dressed mannequins beside each other, each from any side, and which pixels are whose.

    The same arguments give the same pixels. Returns the photo, uint8 RGB [H, W, 3], and uint8 [H, W] with the
    number of the mannequin, from 1 on the left, in what it shows with its garment, 0 elsewhere. Where they
    overlap, the one further to the right is in front. Raises DataError for arguments it cannot draw.
    """
    check_arguments(seed, number, VIEWS[0], width, height)
    key = (seed, number)
    room = design_room(key)
    picture = draw_backdrop(room, width, height)
    draw_clutter(picture, room)
    light, numbers = _light(key), np.zeros((height, width), np.uint8)
    for place in range(mannequins):
        own = (*key, place)
        view = VIEWS[int(stream(*own, 95).integers(len(VIEWS)))]
        pose = _pose(own, (*own, VIEWS.index(view)), view, width, height)
        middle = (place + 0.5) / mannequins - 0.5
        pose = replace(pose, x_px=pose.x_px + middle * width)
        mannequin = design_mannequin(own)
        draw_stand(picture, room, pose)
        _, alpha = _draw_dressed(picture, mannequin, design_garment(own, mannequin), pose, light)
        numbers[alpha >= 0.5] = place + 1
    return expose(picture, key, (*key, len(VIEWS) + 1)), numbers


def draw_empty_room(seed: int, number: int, width: int, height: int) -> np.ndarray:
    """Draw a studio without a garment, as a photo, uint8 RGB [H, W, 3].

    By turns it shows the room alone, with a stand, and with a bare mannequin on it. The same arguments give
    the same pixels. Raises DataError for arguments it cannot draw.
    """
    view = VIEWS[0]
    check_arguments(seed, number, view, width, height)
    key, view_key = (seed, number), (seed, number, len(VIEWS))
    room = design_room(key, dark=bool(stream(*key, 94).integers(2)))
    pose = _pose(key, view_key, view, width, height)
    picture = draw_backdrop(room, width, height)
    draw_clutter(picture, room)
    if number % 3:
        draw_stand(picture, room, pose)
    if number % 3 == 2:
        mannequin, light = design_mannequin(key), _light(key)
        draw_mannequin(picture, mannequin, pose, light)
        draw_mannequin(picture, mannequin, pose, light, parts="arms")
    draw_foreground(picture, np.zeros((height, width), np.float32), room, pose.x_px / width)
    return expose(picture, key, view_key)


def check_arguments(seed: int, garment: int, view: str, width: int, height: int) -> None:
    """Raise DataError when a photo cannot be drawn from these arguments."""
    if seed < 0 or garment < 0:
        raise DataError(
            f"a studio needs a seed and garment number of 0 or more, received {seed} and {garment}; "
            "choose other numbers"
        )
    if view not in VIEWS:
        raise DataError(f"a view is one of {', '.join(VIEWS)}, received {view!r}; name one of those")
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        raise DataError(
            f"a studio photo is at least {MIN_WIDTH}x{MIN_HEIGHT} pixels, received {width}x{height}; "
            "ask for a larger one"
        )


def _draw_dressed(
    picture: np.ndarray, mannequin: Mannequin, design: Garment, pose: Pose, light: Light
) -> tuple[np.ndarray, np.ndarray]:
    """Paint a mannequin and what it wears; return the alpha of the garment and of both, float32 [H, W]."""
    mask, body, arms = (np.zeros(picture.shape[:2], np.float32) for _ in range(3))
    pieces = pieces_of(design, mannequin)
    for piece in pieces:
        draw_inside(picture, design, piece, pose)
    painted = draw_mannequin(picture, mannequin, pose, light)
    if painted is not None:
        (left, top, right, bottom), alpha = painted
        body[top:bottom, left:right] = alpha
    for piece in [piece for piece in pieces if not piece.sleeve]:
        draw_piece(picture, mask, design, mannequin, piece, pose, light, body)
    painted = draw_mannequin(picture, mannequin, pose, light, parts="arms")
    if painted is not None:
        (left, top, right, bottom), alpha = painted
        mask[top:bottom, left:right] *= 1 - alpha
        arms[top:bottom, left:right] = alpha
    sleeves = [piece for piece in pieces if piece.sleeve]
    for piece in sorted(sleeves, key=lambda piece: piece.sleeve * np.sin(pose.turn)):
        draw_piece(picture, mask, design, mannequin, piece, pose, light, body)
    return mask, np.maximum(np.maximum(mask, body), arms)


def _pose(key: tuple[int, ...], view_key: tuple[int, ...], view: str, width: int, height: int) -> Pose:
    rng, of_view = stream(*key, 91), stream(*view_key, 92)
    unit = min(height, 1.5 * width)
    scale = rng.uniform(0.68, 0.775)
    soles = rng.uniform(0.885, 0.935)
    turn = {"Front": 0.0, "FrontRight": rng.uniform(0.55, 0.85), "Back": np.pi}[view] + of_view.normal(
        0, 0.03
    )
    x = 0.5 + rng.normal(0, 0.03) + of_view.normal(0, 0.004)
    return Pose(x * width, soles * height - scale * unit, scale * unit, float(turn))


def _light(key: tuple[int, ...]) -> Light:
    rng = stream(*key, 93)
    ambient = rng.uniform(0.46, 0.62)
    fill = rng.uniform(0.10, 0.22)
    return Light(
        rng.choice([-1, 1]) * rng.uniform(0.05, 0.42),
        rng.uniform(-0.40, -0.12),
        ambient,
        1.02 - ambient - 0.7 * fill,
        fill,
    )
