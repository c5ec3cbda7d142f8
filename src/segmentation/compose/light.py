"""The light of a background on what is laid over it: exposure, tint, direction, haze, and light round edges.

Fields are float32 in 0...1, pictures RGB [H, W, 3], alpha [H, W].
"""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.synth.paint import blurred

_CELLS = 24  # across and down, of the picture in which light is measured
_TINTED, _EXPOSED = 0.3, 0.22  # how much of a background's colour and brightness falls on a foreground
_MOST_TINT, _MOST_EXPOSURE = 1.18, 1.3
_TURNED = 0.16  # what the side towards the light gains, and the other loses
_ACROSS = 0.07  # the same from end to end
_MOST_HAZE = 0.07
_LOWEST = -0.1  # floors are bright because lamps hang above them
_WRAPPED = 0.3  # how much of the background the outermost edge takes on


@dataclass(frozen=True)
class Light:
    """The light of a picture: `right` and `down` point towards it, at most 1 in length.

    `colour` is the mean, float64 [3], and `haze` the brightness of the darkest parts.
    """

    right: float
    down: float
    colour: np.ndarray
    haze: float


def light_of(ground: np.ndarray, rng: np.random.Generator) -> Light:
    """Measure the light of a background: it comes from where that is brighter, but never from below."""
    small = cv2.resize(ground, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    grey = small.mean(axis=2)
    place = np.linspace(-1, 1, _CELLS)
    slope = np.array([(grey * place).mean(), (grey * place[:, None]).mean()]) / max(float(grey.mean()), 0.05)
    towards = 12 * slope + (rng.uniform(-0.6, 0.6), rng.uniform(-0.9, -0.3))
    towards[1] = min(towards[1], _LOWEST)
    right, down = towards / max(1.0, float(np.hypot(*towards)))
    return Light(float(right), float(down), small.mean(axis=(0, 1)), float(np.percentile(grey, 2)))


def lit(colours: np.ndarray, alpha: np.ndarray, light: Light, rng: np.random.Generator) -> np.ndarray:
    """Return the colours of a foreground in the light of a background."""
    weight = alpha.sum() + 1e-6
    own = float((colours.mean(axis=2) * alpha).sum() / weight)
    level = float(light.colour.mean())
    exposure = np.clip((level / max(own, 0.02)) ** _EXPOSED, 1 / _MOST_EXPOSURE, _MOST_EXPOSURE)
    tint = np.clip((light.colour / max(level, 1e-3)) ** _TINTED, 1 / _MOST_TINT, _MOST_TINT)
    gain = exposure * rng.uniform(0.94, 1.04) * tint
    bright = colours * gain.astype(np.float32) * _shading(alpha, light)[..., None]
    haze = min(_MOST_HAZE, 0.5 * light.haze) * light.colour / max(level, 1e-3)
    return _shoulder(haze.astype(np.float32) + bright * (1 - haze.astype(np.float32)))


def wrapped(colours: np.ndarray, alpha: np.ndarray, ground: np.ndarray, reach_px: float) -> np.ndarray:
    """Return the colours of a foreground with the light of what is behind it around its edge."""
    inside = blurred(alpha, max(0.7, reach_px))
    share = _WRAPPED * np.clip(1 - inside, 0, 1)
    behind = blurred(ground, max(2.0, 4 * reach_px))
    return colours + share[..., None] * (behind - colours)


def _shading(alpha: np.ndarray, light: Light) -> np.ndarray:
    """Return what a foreground gains on the side of the light and loses on the other: [H, W], about 1.

    It is taken as round: where alpha falls off, it turns away.
    """
    height, width = alpha.shape
    unit = float(np.sqrt(alpha.sum())) + 1
    small = (max(8, round(128 * width / max(alpha.shape))), max(8, round(128 * height / max(alpha.shape))))
    soft = cv2.resize(alpha, small, interpolation=cv2.INTER_AREA)
    sigma = max(0.5, 0.09 * unit * small[0] / width)
    soft = cv2.GaussianBlur(soft, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    down, across = np.gradient(soft)
    turned = -2.5 * sigma * (across * light.right + down * light.down)  # outwards
    rows = np.linspace(-1, 1, small[1], dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, small[0], dtype=np.float32)
    along = rows * light.down + columns * light.right
    field = 1 + _TURNED * np.clip(turned, -1, 1) + _ACROSS * along
    return cv2.resize(field.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


def _shoulder(colours: np.ndarray) -> np.ndarray:
    """Return colours with the brightest compressed a little, instead of clipping all above white."""
    over = np.maximum(colours - 0.9, 0)
    return np.clip(np.where(over > 0, 0.9 + 0.1 * np.tanh(over / 0.1), colours), 0, 1)
