"""Cloth on a body: folds, pattern, seams and trims of one piece, laid into the photo and its mask."""

import cv2
import numpy as np

from segmentation.synth.fabric import Fabric
from segmentation.synth.fabrics import SWATCH, weave
from segmentation.synth.figure import Mannequin
from segmentation.synth.garments import Garment
from segmentation.synth.mannequin import bust_relief
from segmentation.synth.paint import Corners, blend, blurred, clouds, corners_around, coverage, noise, stream
from segmentation.synth.patterns import Woven
from segmentation.synth.shell import folds
from segmentation.synth.surface import Light, Pose, Surface, look_at, shade
from segmentation.synth.tailor import Piece
from segmentation.synth.trims import draw_trims, tint_trims


def draw_inside(picture: np.ndarray, garment: Garment, piece: Piece, pose: Pose) -> None:
    """Paint the side of the cloth that is turned away: the inside of the back, seen past the body.

    It lies behind the mannequin and is no part of the cutout.
    """
    polygons = piece.outlines(pose, far=True)
    box = corners_around(polygons, picture.shape[1], picture.shape[0]) if polygons else None
    if box is None:
        return
    alpha = coverage(polygons, box, soft_px=0.0004 * pose.scale_px)
    if garment.fabric.pattern in ("lace", "sheer"):
        alpha *= np.float32(0.6)
    colour = 0.75 * garment.fabric.colours[0] + 0.25 * np.mean(garment.fabric.colours[0])
    down = np.linspace(0.42, 0.62, box[3] - box[1], dtype=np.float32)[:, None, None]
    mottled = 1 + 0.08 * noise(stream(*garment.key, 41), (6, 14), alpha.shape)[..., None]
    blend(picture, box, colour.astype(np.float32) * down * mottled, alpha)


def draw_piece(
    picture: np.ndarray,
    mask: np.ndarray,
    garment: Garment,
    mannequin: Mannequin,
    piece: Piece,
    pose: Pose,
    light: Light,
    body: np.ndarray,
) -> None:
    """Lay one piece into `picture` [H, W, 3] and, with the same soft edge, into `mask` [H, W], in place.

    `body` [H, W] is the coverage of the mannequin, which receives the shadow of the cloth.
    """  # fmt: skip
    polygons = piece.outlines(pose)
    height, width = picture.shape[:2]
    box = corners_around(polygons, width, height, 0.02 * pose.scale_px) if polygons else None
    if box is None:
        return
    left, top, right, bottom = box
    alpha = coverage(polygons, box, soft_px=0.00036 * pose.scale_px)
    patch = picture[top:bottom, left:right]
    _cast_shadow(patch, alpha, body[top:bottom, left:right], pose.scale_px)
    surface, depth = _surface(piece, pose, box)
    drape = _drape(garment, surface)
    depth = depth + drape
    if piece.sleeve == 0 and garment.top < 0.2:
        depth += bust_relief(surface, mannequin.bust)
    elif piece.sleeve == 0 and garment.flare < 0.01:
        thighs = np.exp(-(((np.abs(surface.phi) - 0.55) / 0.32) ** 2)) * np.clip(
            (surface.y - 0.40) * 12, 0, 1
        )
        depth += 0.004 * thighs.astype(np.float32)
    colour, opacity, relief = _pattern(garment, surface, drape, pose.scale_px)
    if relief is not None:
        depth += relief
    diffuse, highlight = shade(depth, pose.scale_px, light, garment.fabric.power)
    tint_trims(colour, garment, piece, surface)
    inner = blurred(alpha, 0.0025 * pose.scale_px)
    diffuse *= 0.86 + 0.14 * np.clip(2.2 * inner - 1.1, 0, 1)  # cloth turns away at its edges
    lit = colour * diffuse[..., None]
    lit += (garment.fabric.gloss * highlight + 0.012)[..., None]
    if opacity is not None:
        lit += (patch - lit) * (1 - opacity)[..., None]  # see-through in the photo, solid in the mask
    blend(picture, box, lit, alpha)
    region = mask[top:bottom, left:right]
    np.maximum(region, alpha, out=region)
    draw_trims(picture, garment, piece, pose, alpha, box)


def _cast_shadow(patch: np.ndarray, alpha: np.ndarray, body: np.ndarray, scale_px: float) -> None:
    wide = blurred(alpha, 0.010 * scale_px)
    shift = np.array([[1, 0, 0], [0, 1, 0.005 * scale_px]], np.float32)
    wide = cv2.warpAffine(wide, shift, (alpha.shape[1], alpha.shape[0]), borderMode=cv2.BORDER_REPLICATE)
    patch *= (1 - 0.42 * wide * body)[..., None]


def _surface(piece: Piece, pose: Pose, box: Corners) -> tuple[Surface, np.ndarray]:
    """Return the surface nearest to the camera at each pixel, of all the tubes of the piece."""
    (tube, _), *others = piece.parts
    surface = look_at(tube, pose, box)
    depth = surface.depth - 3 * surface.beyond
    for tube, _ in others:
        other = look_at(tube, pose, box)
        other_depth = other.depth - 3 * other.beyond
        nearer = other_depth > depth
        depth = np.where(nearer, other_depth, depth)
        # a leg continues the pattern of the seat
        surface = Surface(
            np.where(nearer, other.phi, surface.phi),
            depth,
            surface.x,
            surface.y,
            np.where(nearer, other.around + tube.x.mean(), surface.around),
            np.where(nearer, other.across, surface.across),
            surface.beyond,
        )
    return surface, blurred(depth, 0.002 * pose.scale_px) if others else depth


def _drape(garment: Garment, surface: Surface) -> np.ndarray:
    """Return folds and wrinkles [h, w] in body heights, looked up from a map over (y, phi)."""
    rows, columns = 256, 768
    rng = stream(*garment.key, 42)
    phi = np.linspace(-np.pi, np.pi, columns, endpoint=False)
    low, high = garment.top, garment.hem + garment.dip
    y = np.linspace(low, high, rows)[:, None]
    start = garment.waist if garment.flare > 0.015 else 0.5 * (low + high)
    grow = np.clip((y - start) / max(high - start, 0.05), 0, 1) ** (0.6 if garment.pleated else 1.1)
    shape = (rows, columns)
    drift = 0.10 * noise(rng, (3, 5), shape) * (0.2 if garment.pleated else 1.0)
    table = folds(garment, np.linspace(-np.pi, np.pi, 2048)).astype(np.float32)
    index = ((phi[None] + drift + np.pi) / (2 * np.pi) * 2047) % 2047
    hanging = cv2.remap(table[None], index.astype(np.float32), np.zeros(shape, np.float32), cv2.INTER_LINEAR)
    field = garment.folds * grow * hanging
    amount = garment.fabric.crumple * (0.7 + 14 * garment.ease)
    at_waist = np.exp(-(((y - garment.waist) / 0.05) ** 2)) * (0.2 if garment.hung_from_waist else 1.0)
    length = max(high - low, 0.1)
    field = field + 0.0017 * amount * at_waist * noise(
        rng, (int(60 * length), 9), shape
    )  # pulled in at the waist
    field = field + 0.0015 * amount * noise(rng, (max(2, int(5 * length)), 22), shape)  # hanging
    slanted = noise(rng, (int(34 * length) + 2, 16), shape)
    lean = np.array([[1, 0, 0], [rng.choice([-1, 1]) * 0.14, 1, 0]], np.float32)
    slanted = cv2.warpAffine(slanted, lean, (columns, rows), borderMode=cv2.BORDER_REFLECT)
    field = field + 0.0009 * amount * slanted
    creases = np.abs(clouds(rng, (int(30 * length) + 2, 14), shape, 2))
    where = np.clip(noise(rng, (int(12 * length) + 2, 7), shape), 0, 1)  # creases are short
    field = (field - 0.0005 * amount * where * np.exp(-creases * 3)).astype(np.float32)
    columns_at = ((surface.phi + np.pi) / (2 * np.pi) * columns) % columns
    rows_at = np.clip((surface.y - low) / (high - low), 0, 1) * (rows - 1) + 0 * surface.phi
    return cv2.remap(
        field,
        columns_at.astype(np.float32),
        rows_at.astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_WRAP,
    )


def _pattern(garment: Garment, surface: Surface, drape: np.ndarray, scale_px: float) -> Woven:
    """Return colour [h, w, 3], opacity [h, w] or None, relief [h, w] or None of the fabric and its panels."""
    colour, opacity, relief = _look_up(garment.fabric, surface, drape, scale_px)
    second = garment.second
    for kind, start, end in garment.blocks:
        if second is None:
            break
        other_colour, other_opacity, _ = _look_up(second, surface, drape, scale_px)
        if kind == "rows":
            wave = 0.002 * np.cos(surface.phi)
            inside = _band(surface.y + wave, start, end, scale_px)
        else:
            inside = _band(np.abs(np.sin(surface.phi)) * 1.2, start, end, scale_px * 0.08)
        inside = np.broadcast_to(inside, surface.phi.shape).astype(np.float32)
        colour += (other_colour - colour) * inside[..., None]
        if opacity is not None or other_opacity is not None:
            opaque = np.ones_like(inside)
            below, above = (opaque if layer is None else layer for layer in (opacity, other_opacity))
            opacity = below + (above - below) * inside
    return colour, opacity, relief


def _band(values: np.ndarray, start: float, end: float, scale_px: float) -> np.ndarray:
    return np.clip((values - start) * scale_px + 0.5, 0, 1) * np.clip((end - values) * scale_px + 0.5, 0, 1)


def _look_up(fabric: Fabric, surface: Surface, drape: np.ndarray, scale_px: float) -> Woven:
    colour, opacity, relief = weave(fabric, scale_px)
    size = colour.shape[0]
    pixels = size / SWATCH
    across = ((surface.around + 0.5 * SWATCH + 0.4 * drape) * pixels - 0.5).astype(np.float32)
    down = ((surface.y + 0.05 + 0.5 * drape) * pixels - 0.5).astype(np.float32) + np.zeros_like(across)

    def at_pixels(layer: np.ndarray) -> np.ndarray:
        layer = layer.astype(np.float32)
        return cv2.remap(layer, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    return (
        at_pixels(colour),
        None if opacity is None else at_pixels(opacity),
        None if relief is None else at_pixels(relief),
    )
