"""Paint a bare mannequin where a garment was, in its own tone and with the light that falls on it."""

import cv2
import numpy as np

from segmentation.compose.figure import Figure, Outline
from segmentation.compose.fringe import likeness, without_fringe
from segmentation.compose.grain import grain_of, with_grain
from segmentation.images.boxes import box_around
from segmentation.images.decontamination import decontaminate
from segmentation.synth.paint import blurred

RELIEF_PX = 256
"""Height and width of a relief."""

_RIM = 0.3  # of the half width: over how much of it a body turns away
_DARKEST = 0.3  # what its rim loses
_SWING = 0.14  # how far folds and light of the garment may change the body's brightness


def relief_of(photo: np.ndarray, figure: Figure) -> np.ndarray:
    """Return the light on a bare torso, float32 RGB [RELIEF_PX, RELIEF_PX, 3], about 1.

    Rows are those of its outline from neck to waist, columns go from its left to its right edge. `photo` is
    uint8 RGB [H, W, 3].
    """
    height = len(photo)
    torso = shoulders_down(figure.torso)
    rows = np.linspace(torso.top, torso.bottom - 0.004, RELIEF_PX)
    left, right = torso.edges_at(rows)
    across = np.linspace(0.05, 0.95, RELIEF_PX)  # the rim itself is mixed with the wall
    x = (left[:, None] + (right - left)[:, None] * across) * height
    y = np.repeat(rows[:, None] * height, RELIEF_PX, axis=1)
    colours = cv2.remap(photo, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR).astype(
        np.float32
    )
    tone = np.median(colours.reshape(-1, 3), axis=0)
    return np.clip(colours / np.maximum(tone, 1), 0.3, 1.4)


def shoulders_down(torso: Outline) -> Outline:
    """Return the part of a bare torso below its neck, from where it is as wide as most of it."""
    wide = torso.widths > 0.85 * float(np.median(torso.widths[len(torso.widths) // 2 :]))
    first = int(wide.argmax())
    return torso.below(float(np.linspace(torso.top, torso.bottom, len(wide))[first]))


def undress(
    photo: np.ndarray,
    alpha: np.ndarray,
    kept: np.ndarray,
    figure: Figure,
    rng: np.random.Generator,
    relief: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Paint the garment where it is not `kept` as the bare mannequin: photo and alpha without that part.

    `photo` is uint8 RGB [H, W, 3], `alpha` uint8 [H, W], `kept` float32 [H, W] in 0...1. The body gets the
    garment's outline, the mannequin's tone, the garment's light without its folds and prints, and the
    `relief` of a real torso (see `relief_of`), or a plain round one. Nothing else of the photo changes but
    for a soft shadow at the hem.
    """
    box = box_of(alpha, kept)
    if box is None:
        return photo.copy(), alpha.copy()
    share = alpha[box].astype(np.float32) * np.float32(1 / 255)
    skin = _skin(photo[box], share, kept[box], figure, len(photo), relief)
    changed = repainted(photo, alpha, kept, skin, box, figure, rng)
    return changed, np.round(alpha * kept).astype(np.uint8)


def box_of(alpha: np.ndarray, kept: np.ndarray) -> tuple[slice, slice] | None:
    """Return the rows and columns where a garment is not kept, and a margin; None where it is all kept."""
    return box_around((alpha > 0) & (kept < 1), margin_px=max(4, len(alpha) // 40))


def repainted(
    photo: np.ndarray,
    alpha: np.ndarray,
    kept: np.ndarray,
    colours: np.ndarray,
    box: tuple[slice, slice],
    figure: Figure,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the photo with other colours where the garment is not `kept`, and without its fringe there.

    `colours`, float32 RGB [h, w, 3] in 0...255, are those of the `box` of the photo.
    """
    share, stays = alpha[box].astype(np.float32)[..., None] / 255, kept[box][..., None]
    part = (share * (1 - stays))[..., 0] > 0.02
    behind, taken = without_fringe(photo[box], alpha[box], part, figure, len(photo))
    grain = grain_of(photo)
    behind, colours = with_grain(behind, grain, rng), with_grain(colours, grain, rng)
    cloth = decontaminate(photo[box], alpha[box]).astype(np.float32)
    mixed = photo[box] + share * (1 - stays) * (colours - cloth)
    anew = share * (stays * cloth + (1 - stays) * colours) + (1 - share) * behind
    painted = photo.copy()
    painted[box] = np.clip(mixed + taken[..., None] * (anew - mixed) + 0.5, 0, 255)
    return painted


def _skin(
    photo: np.ndarray,
    share: np.ndarray,
    kept: np.ndarray,
    figure: Figure,
    height: int,
    relief: np.ndarray | None,
) -> np.ndarray:
    """Return the colours of the body, float32 RGB [h, w, 3] in 0...255, all over a crop of the photo."""
    if not (share > 0.5).any():
        return np.broadcast_to(figure.tone.astype(np.float32), photo.shape)
    light = _light(photo, share, height)
    across, down = _place_on_body(share, share * (1 - kept))
    if relief is None:
        turned = np.clip((np.abs(across) - 1 + _RIM) / _RIM, 0, 1)
        form = (1 - _DARKEST * turned**2)[..., None]
    else:
        at = (down * (RELIEF_PX - 1), (across + 1) / 2 * (RELIEF_PX - 1))
        form = cv2.remap(
            relief,
            at[1].astype(np.float32),
            at[0].astype(np.float32),
            cv2.INTER_LINEAR,
            None,
            cv2.BORDER_REPLICATE,
        )
    skin = figure.tone.astype(np.float32) * form * light[..., None]
    skin = _joined(skin, photo, share, figure, height)
    shadow = 1 - 0.22 * cv2.GaussianBlur(share * kept, (0, 0), max(1.0, 0.0035 * height))
    return skin * shadow[..., None]


def _light(photo: np.ndarray, share: np.ndarray, height: int) -> np.ndarray:
    """Return the light on the garment without folds and prints, float32 [h, w], about 1."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32) + 8
    sigma = 0.035 * height
    mean = blurred(grey * share, sigma) / np.maximum(blurred(share, sigma), 1e-3)
    usual = float(np.median(mean[share > 0.5]))
    return 1 + _SWING * np.tanh((mean / usual - 1) / _SWING * 0.6)


def _place_on_body(share: np.ndarray, body: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each pixel lies between the edges, -1 to 1, and between top and bottom, 0 to 1: [h, w]."""
    mask = share > 0.5
    filled = mask.any(axis=1)
    rows = np.arange(len(mask), dtype=np.float32)
    known = np.flatnonzero(filled)
    left = np.interp(rows, known, mask[known].argmax(axis=1)).astype(np.float32)
    right = np.interp(rows, known, mask.shape[1] - mask[known, ::-1].argmax(axis=1)).astype(np.float32)
    left, right = (cv2.GaussianBlur(edge[:, None], (1, 0), 1, sigmaY=2.0) for edge in (left, right))
    across = (2 * np.arange(mask.shape[1], dtype=np.float32)[None] - left - right) / np.maximum(
        right - left, 1
    )
    painted = np.flatnonzero((body > 0.5).any(axis=1))
    bottom = painted[-1] if len(painted) else known[-1]
    down = np.clip((rows - known[0]) / max(1, bottom - known[0]), 0, 1)
    return np.clip(across, -1, 1), np.broadcast_to(down[:, None], mask.shape)


def _joined(
    skin: np.ndarray, photo: np.ndarray, share: np.ndarray, figure: Figure, height: int
) -> np.ndarray:
    """Return the painted colours, drawn towards those of the real mannequin where that is near."""
    along, off = likeness(photo, figure)
    real = ((along > 0.6) & (along < 1.9) & (off < 30) & (share == 0)).astype(np.float32)
    reach = cv2.dilate(
        (share > 0.5).astype(np.uint8), np.ones((5, 5), np.uint8), iterations=max(2, height // 200)
    )
    real = cv2.erode(real, np.ones((5, 5), np.uint8)) * reach  # without the fringe of the garment
    ratio = np.clip(photo / np.maximum(skin, 1), 0.5, 1.6).astype(np.float32)
    correction, weight = np.ones_like(skin), 0.02
    for sigma in (0.016 * height, 0.005 * height):
        near = blurred(real, sigma)[..., None]
        mean = (blurred(real[..., None] * ratio, sigma) + weight * correction) / (near + weight)
        correction = mean.astype(np.float32)
    return skin * correction
