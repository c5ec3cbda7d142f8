"""Losses and training metrics: pure functions on score tensors first, the Keras loss last.

Tensors are targets and scores of shape [N, H, W, C] in [0, 1]; every photo counts the same, however
large its garment.
"""

import keras
from keras import ops

from config import LossConfig

_PHOTO = (1, 2, 3)  # the axes of one photo
_SMOOTH = 1.0  # one pixel: keeps the ratio of two empty masks defined, and at 1
_EDGE_SHARE = 0.005  # a window is on the edge when its mean is between this and one minus this


def dice(targets, scores, weights=1.0):
    """Soft Dice coefficient of each photo: [N] in [0, 1]. Weights broadcast over the pixels."""
    overlap = ops.sum(weights * targets * scores, axis=_PHOTO)
    total = ops.sum(weights * targets, axis=_PHOTO) + ops.sum(weights * scores, axis=_PHOTO)
    return (2.0 * overlap + _SMOOTH) / (total + _SMOOTH)


def cross_entropy(targets, scores, weights=1.0):
    """Binary cross-entropy, the mean over the pixels of each photo: [N]. Weights broadcast over pixels."""
    epsilon = keras.config.epsilon()
    scores = ops.clip(scores, epsilon, 1.0 - epsilon)
    losses = -(targets * ops.log(scores) + (1.0 - targets) * ops.log(1.0 - scores))
    return ops.mean(weights * losses, axis=_PHOTO)


def boundary_weights(targets, weight: float, width_px: int):
    """Pixel weights [N, H, W, C] with mean one a photo: 1 + `weight` in the band along the mask's edge.

    The band holds the pixels whose window of `width_px` contains both sides of the edge; after the
    weighted losses of the Carvana solution.
    """
    share = ops.average_pool(targets, pool_size=width_px, strides=1, padding="same")
    on_edge = ops.logical_and(share > _EDGE_SHARE, share < 1.0 - _EDGE_SHARE)
    weights = 1.0 + weight * ops.cast(on_edge, targets.dtype)
    return weights / ops.mean(weights, axis=_PHOTO, keepdims=True)


def dice_coefficient(targets, scores):
    """Dice of each photo's mask at threshold 0.5: [N]."""
    return dice(_hard(targets), _hard(scores))


def iou(targets, scores):
    """Intersection over union of each photo's mask at threshold 0.5: [N]."""
    targets, scores = _hard(targets), _hard(scores)
    overlap = ops.sum(targets * scores, axis=_PHOTO)
    union = ops.sum(targets, axis=_PHOTO) + ops.sum(scores, axis=_PHOTO) - overlap
    return (overlap + _SMOOTH) / (union + _SMOOTH)


def accuracy(targets, scores):
    """Fraction of each photo's pixels on the right side of threshold 0.5: [N]."""
    return ops.mean(ops.cast(ops.equal(_hard(targets), _hard(scores)), "float32"), axis=_PHOTO)


def metrics() -> list[keras.metrics.Metric]:
    """Fresh training metrics, each the mean over photos."""
    return [
        keras.metrics.MeanMetricWrapper(dice_coefficient, name="dice"),
        keras.metrics.MeanMetricWrapper(iou, name="iou"),
        keras.metrics.MeanMetricWrapper(accuracy, name="accuracy"),
    ]


class CrossEntropyMinusDice(keras.losses.Loss):
    """`bce_weight * BCE - dice_weight * Dice`, the capstone's loss; with pixel weights when asked for.

    The smallest value is `-dice_weight`, reached by a perfect mask.
    """

    def __init__(self, config: LossConfig, name: str = "cross_entropy_minus_dice"):
        super().__init__(name=name)
        self.config = config

    def call(self, y_true, y_pred):
        config = self.config
        targets, scores = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        weights = 1.0
        if config.boundary_weight:
            weights = boundary_weights(targets, config.boundary_weight, config.boundary_width)
        return config.bce_weight * cross_entropy(targets, scores, weights) - config.dice_weight * dice(
            targets, scores, weights
        )


def _hard(values):
    return ops.cast(values >= 0.5, "float32")
