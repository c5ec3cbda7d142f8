"""Weights of the pixels in the loss of a cutout: those that decide whether a mask needs a person count more.

Tensors are targets and scores of shape [N, H, W, C] in [0, 1]; widths are in pixels at the network's size.
An even width of a square is taken for the next odd one.
"""

from keras import ops

from segmentation.config.loss import LossConfig
from segmentation.training.class_losses import Tensor

_PHOTO = (1, 2, 3)  # the axes of one photo
_EDGE_SHARE = 0.005  # a window is on the edge when its mean is between this and one minus this


def pixel_weights(targets: Tensor, scores: Tensor, config: LossConfig) -> Tensor:
    """Return the weights [N, H, W, C] that `config` asks for, 1 everywhere where it asks for none.

    The weights of edges and thin parts are scaled to a mean of one in each photo; what faults add is not, so
    that a photo with faults counts more than one without.
    """
    weights = ops.ones_like(targets)
    if config.boundary_weight:
        weights += config.boundary_weight * edge_band(targets, config.boundary_width)
    if config.thin_weight:
        weights += config.thin_weight * thin_parts(targets, config.thin_width)
    weights /= ops.mean(weights, axis=_PHOTO, keepdims=True)
    if config.fault_weight:
        weights += config.fault_weight * faults(targets, scores, config.fault_width)
    return weights


def edge_band(targets: Tensor, width_px: int) -> Tensor:
    """Return 1 where the window of `width_px` contains both sides of the mask's edge, else 0: [N, H, W, C].

    After the weighted losses of the Carvana solution.
    """
    share = ops.average_pool(targets, pool_size=width_px, strides=1, padding="same")
    on_edge = ops.logical_and(share > _EDGE_SHARE, share < 1.0 - _EDGE_SHARE)
    return ops.cast(on_edge, targets.dtype)


def thin_parts(targets: Tensor, width_px: int) -> Tensor:
    """Return how much of each pixel is part of a strap, or of a gap, thinner than `width_px`: [N, H, W, C].

    It is what opening by a square of that width takes away, and what closing adds (Serra 1982).
    """
    opened = _dilated(_eroded(targets, width_px), width_px)
    closed = _eroded(_dilated(targets, width_px), width_px)
    return closed - opened


def faults(targets: Tensor, scores: Tensor, width_px: int) -> Tensor:
    """Return 1 where mask and ground truth differ over a square of `width_px` at least, else 0: [N, H, W, C].

    Both are cut at 0.5. An edge that is off by less does not count; a lost strap or a shoulder taken for
    garment does.
    """
    wrong = ops.cast(ops.not_equal(targets >= 0.5, scores >= 0.5), targets.dtype)
    return _dilated(_eroded(wrong, width_px), width_px)


def _dilated(values: Tensor, width_px: int) -> Tensor:
    odd_px = width_px // 2 * 2 + 1  # a square about the pixel: others would move what they open
    return ops.max_pool(values, pool_size=odd_px, strides=1, padding="same")


def _eroded(values: Tensor, width_px: int) -> Tensor:
    return -_dilated(-values, width_px)
