"""The pictures that discriminators see of true and of predicted masks, and the places along the edge."""

from typing import Any, NamedTuple

from keras import ops

Tensor = Any

_LEAST = 1 / 64  # of a difference between neighbours that is an edge


class Pictures(NamedTuple):
    """True masks and predicted ones, [N, H, W, C] in [0, 1], and 1 along the true edge, [N, H, W, 1]."""

    true: Tensor
    made: Tensor
    edge: Tensor

    def places(self, stride: int) -> Tensor:
        """Return 1 for each square of `stride` pixels with an edge, [N, H / stride, W / stride, 1]."""
        return ops.max_pool(self.edge, stride, strides=stride, padding="same")


def pictures_of(targets: Tensor, scores: Tensor, target: str) -> Pictures:
    """Return the pictures of targets and scores; the kind of `target` is that of the data's configuration.

    Of a matte it is alpha with what the trimap knows, and the edge is the unknown band. What is ignored among
    several classes is 0 in both. Targets are those of the losses.
    """
    targets, scores = ops.cast(targets, "float32"), ops.cast(scores, "float32")
    if target == "alpha":
        alpha, band = targets[..., :1], targets[..., 1:2]
        return Pictures(alpha, alpha + band * (scores - alpha), band)
    if targets.shape[-1] > 1:
        scores = scores * ops.max(targets, axis=-1, keepdims=True)
    step = _largest(targets) + _largest(-targets)
    edge = ops.cast(ops.max(step, axis=-1, keepdims=True) > _LEAST, "float32")
    return Pictures(targets, scores, edge)


def _largest(values: Tensor) -> Tensor:
    return ops.max_pool(values, 3, strides=1, padding="same")
