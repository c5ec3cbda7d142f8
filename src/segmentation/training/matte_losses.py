"""Losses and training metrics of mattes: pure functions on tensors, one value a photo.

`targets` are [N, H, W, 3] in [0, 1]: the true alpha, 1 in the unknown band of the trimap, and how far apart
the colours of foreground and background are, the mean over the channels. `scores` are [N, H, W, 1]. What is
known is never changed, so that errors count in the band alone; every loss is a sum over it, divided by its
pixels. A photo without a band has 0.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any
"""A tensor of the backend that Keras runs on."""

_PHOTO = (1, 2, 3)
_LEVELS = 5  # of the Laplacian pyramid
_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16  # of Burt and Adelson 1983


def l1(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the mean absolute error of alpha: [N]."""
    return _mean(ops.abs(_error(targets, scores)), targets)


def laplacian(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the L1 distance of the Laplacian pyramids of both alphas (Hou and Liu 2019): [N].

    The pyramid has five levels, the coarser of which weigh twice as much as the one before. It is that of the
    error, since pyramids are linear.
    """
    level = _error(targets, scores)
    total = 0.0
    for number in range(_LEVELS):
        coarser = _smoothed(level, stride=2)
        band = level - _enlarged(coarser, level)
        total += 2.0**number * ops.sum(ops.abs(band), axis=_PHOTO)
        level = coarser
    return total / _pixels(targets)


def gradient(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the L1 distance of the gradients of both alphas, by differences of neighbours: [N]."""
    error = _error(targets, scores)
    down, across = error[:, 1:] - error[:, :-1], error[:, :, 1:] - error[:, :, :-1]
    return (ops.sum(ops.abs(down), axis=_PHOTO) + ops.sum(ops.abs(across), axis=_PHOTO)) / _pixels(targets)


def composition(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the L1 error of the photo that is composed again with the alpha (Xu et al. 2017): [N].

    With the colours F and B of a pixel it is |alpha - true alpha| times |F - B|; they are those that
    `colour_distance` finds by the true alpha, since no set of photos has them.
    """
    return _mean(ops.abs(_error(targets, scores)) * targets[..., 2:3], targets)


MATTE_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": l1,
    "laplacian": laplacian,
    "gradient": gradient,
    "composition": composition,
}
"""The losses, by the names in `config.values.MATTE_LOSSES` and in its order."""

DEFAULT = {"l1": 1.0, "laplacian": 1.0, "gradient": 1.0}
"""The weights of those that a training takes without `loss`."""


class MatteLoss(keras.losses.Loss):
    """The weighted sum of losses of mattes; `terms` are weights by the names of MATTE_LOSSES."""

    def __init__(self, terms: Mapping[str, float], name: str = "matte_loss"):
        super().__init__(name=name)
        self.terms = terms

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        targets, scores = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        return sum(weight * MATTE_LOSSES[name](targets, scores) for name, weight in self.terms.items())


def soft_dice(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the Dice coefficient of fuzzy sets in the band, 2 min(a, b) / (a + b) in sums: [N]."""
    alpha, found = _in_band(targets, scores)
    total = ops.sum(alpha + found, axis=_PHOTO)
    return 1.0 - ops.sum(ops.abs(alpha - found), axis=_PHOTO) / ops.maximum(total, 1.0)


def soft_iou(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the intersection over union of fuzzy sets in the band, min(a, b) / max(a, b) in sums: [N]."""
    alpha, found = _in_band(targets, scores)
    total = ops.sum(ops.maximum(alpha, found), axis=_PHOTO)
    return 1.0 - ops.sum(ops.abs(alpha - found), axis=_PHOTO) / ops.maximum(total, 1.0)


def closeness(targets: Tensor, scores: Tensor) -> Tensor:
    """Return one minus the mean absolute error in the band: [N]."""
    return 1.0 - l1(targets, scores)


def _error(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the error in the band, and 0 elsewhere: [N, H, W, 1]."""
    return (scores - targets[..., :1]) * targets[..., 1:2]


def _in_band(targets: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    return targets[..., :1] * targets[..., 1:2], scores * targets[..., 1:2]


def _pixels(targets: Tensor) -> Tensor:
    """Return the pixels of the band, at least one: [N]."""
    return ops.maximum(ops.sum(targets[..., 1:2], axis=_PHOTO), 1.0)


def _mean(errors: Tensor, targets: Tensor) -> Tensor:
    return ops.sum(errors, axis=_PHOTO) / _pixels(targets)


def _smoothed(values: Tensor, stride: int = 1) -> Tensor:
    """Smooth [N, H, W, 1] by the binomial kernel, and keep one of `stride` rows and columns."""
    kernel = ops.convert_to_tensor(np.outer(_BINOMIAL, _BINOMIAL)[..., None, None])
    return ops.conv(values, kernel, strides=stride, padding="same")


def _enlarged(coarse: Tensor, fine: Tensor) -> Tensor:
    """Enlarge twice, to the size of `fine`, and smooth: -> [N, H, W, 1]."""
    repeated = ops.repeat(ops.repeat(coarse, 2, axis=1), 2, axis=2)
    return _smoothed(repeated[:, : fine.shape[1], : fine.shape[2]])
