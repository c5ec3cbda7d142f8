"""Losses over classes: pure functions on score tensors, one value a photo.

`targets` are float32 [N, H, W, C], C >= 2: the share of each class in a pixel, as a rule one for the class it
is of. A pixel whose targets are all zero is ignored: it changes neither loss nor gradient. `scores` are
float32 [N, H, W, C] in [0, 1] that add up to one over the classes. Every loss is float32 [N], at least 0, and
0 for a photo that is ignored as a whole; every photo counts the same.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Tensor = Any
"""A tensor of the backend that Keras runs on."""

_PIXELS, _PHOTO = (1, 2), (1, 2, 3)  # the axes of one class of a photo, and of the whole photo
_SMOOTH = 0.5  # half a pixel on both sides of a ratio, which is the one pixel of the binary Dice


def two_classes(values: Tensor) -> Tensor:
    """Turn targets or scores of one class [N, H, W, 1] into those of two, background first: [N, H, W, 2]."""
    return ops.concatenate([1.0 - values, values], axis=-1)


def cross_entropy(
    targets: Tensor, scores: Tensor, class_weights: Tensor | None = None, label_smoothing: float = 0.0
) -> Tensor:
    """Return the cross-entropy, the mean over the pixels: [N].

    `class_weights` [C] weigh each pixel by its class. `label_smoothing` in [0, 1) spreads that share of
    every target evenly over the classes (Szegedy et al. 2016).
    """
    return _mean_of_pixels(_entropies(targets, scores, class_weights, label_smoothing), targets)


def focal(
    targets: Tensor,
    scores: Tensor,
    class_weights: Tensor | None = None,
    label_smoothing: float = 0.0,
    gamma: float = 2.0,
) -> Tensor:
    """Return the cross-entropy times (1 - score)^gamma, small for easy pixels (Lin et al. 2017): [N].

    `class_weights` [C] are the paper's alpha; `label_smoothing` is that of `cross_entropy`.
    """
    hardness = ops.power(1.0 - _clipped(scores), gamma)
    entropies = _entropies(targets, scores, class_weights, label_smoothing)
    return _mean_of_pixels(hardness * entropies, targets)


def dice(targets: Tensor, scores: Tensor) -> Tensor:
    """Return one minus the soft Dice coefficient, the mean over the classes that `tversky` counts: [N]."""
    return tversky(targets, scores, alpha=0.5, beta=0.5)


def tversky(targets: Tensor, scores: Tensor, alpha: float = 0.3, beta: float = 0.7) -> Tensor:
    """Return one minus the Tversky index, false positives weighted by `alpha`, misses by `beta`: [N].

    The mean over the classes of the photo: those of its targets, and those whose score is the highest of
    some pixel. Others do not count. The defaults are those found best by Salehi et al. 2017.
    """
    scores = counted(targets) * scores
    hits = ops.sum(targets * scores, axis=_PIXELS)  # [N, C]
    false = ops.sum((1.0 - targets) * scores, axis=_PIXELS)
    misses = ops.sum(targets * (1.0 - scores), axis=_PIXELS)
    index = (hits + _SMOOTH) / (hits + alpha * false + beta * misses + _SMOOTH)
    occurring = ops.logical_or(_any(targets), _any(hard(targets, scores)))
    return mean_of_classes(1.0 - index, occurring)


def lovasz(targets: Tensor, scores: Tensor) -> Tensor:
    """Return Lovász-Softmax, the convex extension of one minus IoU (Berman et al. 2018): [N].

    The mean over the classes of the photo's targets. Soft targets count with their share.
    """
    considered = _flat(counted(targets))  # [N, 1, H * W]
    targets, scores = _flat(targets), _flat(scores)  # [N, C, H * W]
    errors = considered * ops.abs(targets - scores)
    occurring = ops.max(targets, axis=-1) > 0
    keys = ops.stop_gradient(ops.where(considered > 0, errors, -1.0))  # ignored pixels come last
    # constant between two orders of the pixels, so that the gradient is that of the errors alone
    slopes = ops.stop_gradient(_slopes_of_occurring(keys, ops.stop_gradient(targets), occurring))
    return mean_of_classes(ops.sum(slopes * errors, axis=-1), occurring)


def mean_squared_error(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the squared error, the mean over pixels and classes: [N]."""
    errors = counted(targets) * ops.square(targets - scores)
    return _mean_of_pixels(errors, targets) / targets.shape[-1]


LOSSES: dict[str, Callable[..., Tensor]] = {
    "ce": cross_entropy,
    "focal": focal,
    "dice": dice,
    "tversky": tversky,
    "lovasz": lovasz,
    "mse": mean_squared_error,
}
"""The losses, by the names in `config.values.LOSSES` and in its order."""

CROSS_ENTROPIES = ("ce", "focal")
"""The losses that take class weights and label smoothing."""


def counted(targets: Tensor) -> Tensor:
    """Return one for pixels that count, zero for those that are ignored: [N, H, W, 1]."""
    return ops.cast(ops.max(targets, axis=-1, keepdims=True) > 0, targets.dtype)


def hard(targets: Tensor, scores: Tensor) -> Tensor:
    """Return one for the class with the highest score of each pixel that counts, else zero: [N, H, W, C]."""
    return counted(targets) * ops.one_hot(ops.argmax(scores, axis=-1), scores.shape[-1], dtype=scores.dtype)


def mean_of_classes(values: Tensor, counts: Tensor) -> Tensor:
    """Average `values` [N, C] over the classes that `counts`, bool [N, C], names: [N]; 0 over none."""
    counts = ops.cast(counts, values.dtype)
    return ops.sum(counts * values, axis=-1) / ops.maximum(ops.sum(counts, axis=-1), 1.0)


def _entropies(targets: Tensor, scores: Tensor, class_weights: Tensor, label_smoothing: float) -> Tensor:
    """Return the terms that add up to the cross-entropy of each pixel: [N, H, W, C]."""
    if label_smoothing:
        even = counted(targets) / targets.shape[-1]
        targets = (1.0 - label_smoothing) * targets + label_smoothing * even
    if class_weights is not None:
        targets = targets * ops.cast(class_weights, targets.dtype)
    return -targets * ops.log(_clipped(scores))


def _clipped(scores: Tensor) -> Tensor:
    epsilon = keras.config.epsilon()
    return ops.clip(scores, epsilon, 1.0 - epsilon)


def _mean_of_pixels(losses: Tensor, targets: Tensor) -> Tensor:
    """Average over the pixels that count, summed over the classes: [N, H, W, C] -> [N]."""
    return ops.sum(losses, axis=_PHOTO) / ops.maximum(ops.sum(counted(targets), axis=_PHOTO), 1.0)


def _slopes_of_occurring(keys: Tensor, targets: Tensor, occurring: Tensor) -> Tensor:
    """Return `_lovasz_slopes` of the classes of each photo, bool [N, C], zero for others: [N, C, H * W].

    Sorting takes nearly all of the time, so it is done as often as the photo with the most classes needs.
    """
    classes = targets.shape[1]
    queue = ops.argsort(ops.where(occurring, 0, 1), axis=-1)  # the classes of each photo come first

    def add(number: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
        chosen = ops.one_hot(ops.take(queue, number, axis=1), classes, dtype=targets.dtype)[
            ..., None
        ]  # [N, C, 1]
        found = _lovasz_slopes(ops.sum(chosen * keys, axis=1), ops.sum(chosen * targets, axis=1))
        return number + 1, slopes + chosen * found[:, None]

    most = ops.max(ops.sum(ops.cast(occurring, "int32"), axis=-1))
    return ops.while_loop(lambda number, _: number < most, add, (0, ops.zeros_like(targets)))[1]


def _lovasz_slopes(keys: Tensor, targets: Tensor) -> Tensor:
    """Return by how much the error of each pixel raises the loss of one class: [N, H * W].

    Pixels become wrong one after the other, those with the largest `keys` first.
    """
    order = ops.argsort(-keys, axis=-1)
    share = ops.take_along_axis(targets, order, axis=-1)
    # the IoU of the class when all pixels up to this one are wrong, and by how much this one has lowered it:
    # its closed form, since float32 does not hold the difference of two that are almost the same
    area = ops.sum(targets, axis=-1, keepdims=True)
    left = ops.maximum(area - ops.cumsum(share, axis=-1), 0.0)
    union = area + ops.cumsum(1.0 - share, axis=-1)
    before = ops.maximum(union - (1.0 - share), _SMOOTH)  # zero only for a class that is not there
    losses = (share * union + (1.0 - share) * left) / (before * ops.maximum(union, _SMOOTH))
    photos, pixels = ops.shape(targets)
    places = order + pixels * ops.arange(photos, dtype=order.dtype)[:, None]
    back = ops.scatter(ops.reshape(places, (-1, 1)), ops.reshape(losses, (-1,)), (photos * pixels,))
    return ops.reshape(back, (photos, pixels))


def _any(values: Tensor) -> Tensor:
    """Return whether each class has a pixel above zero: bool [N, C]."""
    return ops.max(values, axis=_PIXELS) > 0


def _flat(values: Tensor) -> Tensor:
    """Flatten the pixels: [N, H, W, C] -> [N, C, H * W]."""
    flat = ops.reshape(values, (ops.shape(values)[0], -1, values.shape[-1]))  # [N, H * W, C]
    return ops.transpose(flat, (0, 2, 1))
