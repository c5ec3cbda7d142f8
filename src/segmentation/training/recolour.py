"""Recolouring of the garment, a band of it, or its surroundings, so that one pair stands for many."""

import cv2
import numpy as np

from segmentation.core.labels import HALF

_CAMOUFLAGE = 0.4  # of the recoloured garments take a colour of their surroundings
_IN_PART = 0.4  # of them in one part only: a yoke, a side, a band
_LIGHTNESS = (8.0, 97.0)  # CIELAB, 0 black to 100 white: of the colours that garments have
_MOST_CHROMA = 60.0
_SURROUNDINGS = (12.0, 6.0, 6.0)  # standard deviations of their change in CIELAB
_EDGE_PX = 9  # on either side of an edge, within which its colours are taken


def recolour(image: np.ndarray, alpha: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Recolour the garment or a band of it, its surroundings, or both, along the soft edge between them.

    From uint8 RGB [H, W, 3] and uint8 [H, W], 255 in the garment, to uint8 RGB [H, W, 3]. Folds and patterns
    stay, as differences from the new colour. Photos of a studio repeat a few mannequins and walls, and a
    network trained on one colour does not recognise another: beige on beige, white on white.
    """
    if not 0 < alpha.mean() < 255:
        return image
    inside, outside = (_unmixed(image, alpha, sure) for sure in (255, 0))
    change_garment, change_surroundings = random.permutation([True, random.random() < 0.5])
    if change_garment:
        part = alpha > 0
        if random.random() < _IN_PART:
            part &= _band(alpha, random)
        lab = _lab(inside[part])
        mean = np.average(lab, axis=0, weights=alpha[part])
        colour = _nearby(outside, alpha, random) if random.random() < _CAMOUFLAGE else _any(random)
        inside[part] = _rgb(colour + (lab - mean) * random.uniform(0.5, 1.3))
    if change_surroundings:
        beside = alpha < 255
        outside[beside] = _rgb(_lab(outside[beside]) + random.normal(0.0, _SURROUNDINGS))
    garment = alpha.astype(np.float32)[..., np.newaxis] / 255  # [H, W, 1]
    return np.rint(outside + garment * (inside - outside)).astype(np.uint8)


def _unmixed(image: np.ndarray, alpha: np.ndarray, sure: int) -> np.ndarray:
    """Extend the colours where alpha is `sure` over the edge, where two layers mix.

    From uint8 RGB [H, W, 3] to float32 [H, W, 3] in [0, 255].
    """
    layer = image.astype(np.float32)
    known = (alpha == sure).astype(np.float32)[..., np.newaxis]
    mixed = (alpha > 0) & (alpha < 255)
    carried, share = (cv2.blur(part, (_EDGE_PX, _EDGE_PX))[mixed] for part in (layer * known, known))
    near = share > 1e-6
    places = np.flatnonzero(mixed)[near]
    layer.reshape(-1, 3)[places] = carried[near] / share[near, np.newaxis]
    return layer


def _band(alpha: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a straight band across the garment, in any direction, as a yoke or one half: bool [H, W]."""
    rows, columns = np.nonzero(alpha == alpha.max())
    angle = random.uniform(0, np.pi)
    across = np.cos(angle) * np.arange(alpha.shape[1]) + np.sin(angle) * np.arange(len(alpha))[:, np.newaxis]
    places = across[rows, columns]
    length = random.uniform(0.15, 0.6) * np.ptp(places)
    return np.abs(across - random.choice(places)) <= length / 2 + 1


def _any(random: np.random.Generator) -> np.ndarray:
    """Return a random colour of a garment, in CIELAB; dull ones are more frequent than bright ones."""
    hue, chroma = random.uniform(0, 2 * np.pi), _MOST_CHROMA * random.beta(1, 2.5)
    return np.array([random.uniform(*_LIGHTNESS), chroma * np.cos(hue), chroma * np.sin(hue)])


def _nearby(outside: np.ndarray, alpha: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return about the colour of a place beside the garment, in CIELAB: mannequin, wall or floor.

    Of a part of a photo within a garment it is a random one, since nothing lies beside it.
    """
    reach = max(3, len(alpha) // 12)
    band = (cv2.dilate(alpha, np.ones((reach, reach), np.uint8)) > 0) & (alpha == 0)
    places = np.flatnonzero(band if band.any() else alpha < HALF)
    if not len(places):
        return _any(random)
    place = outside.reshape(-1, 3)[places[random.integers(len(places))]]
    return _lab(place[np.newaxis])[0] + random.normal(0.0, (4.0, 2.0, 2.0))


def _lab(colours: np.ndarray) -> np.ndarray:
    """Return colours, float32 RGB [N, 3] in [0, 255], in CIELAB: float32 [N, 3]."""
    return cv2.cvtColor(colours[np.newaxis] / np.float32(255), cv2.COLOR_RGB2LAB)[0]


def _rgb(lab: np.ndarray) -> np.ndarray:
    """Return the nearest colours that there are to some in CIELAB, [N, 3]: float32 RGB [N, 3] in [0, 255]."""
    lab = np.clip(lab, (0, -127, -127), (100, 127, 127)).astype(np.float32)
    return np.clip(cv2.cvtColor(lab[np.newaxis], cv2.COLOR_LAB2RGB)[0], 0, 1) * np.float32(255)
