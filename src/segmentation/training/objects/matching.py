"""The matching of boxes to objects, and the weight of each.

The papers draw some boxes of each photo at random, so that the many of the background do not drown the few of
objects. Here every box counts as often as it would be drawn: the mean of all draws, without their noise, and
the same in a training that was interrupted.
"""

from typing import Any, NamedTuple

from keras import ops

Tensor = Any


class Matched(NamedTuple):
    """The object of each box [N, B], and whether the box counts as an object or as background."""

    places: Tensor
    positive: Tensor
    negative: Tensor


def match(overlaps: Tensor, low: float, high: float, *, nearest_too: bool = False) -> Matched:
    """Match boxes with objects by their intersection over union: [N, B, M] -> [N, B].

    A box belongs to the object that it overlaps most if that is at least `high`, and with `nearest_too` also
    where no box overlaps the object more (Ren et al. 2015); to the background below `low`; else to neither.
    """
    best = ops.max(overlaps, axis=-1)
    positive = best >= high
    if nearest_too:
        of_object = ops.max(overlaps, axis=1, keepdims=True)  # [N, 1, M]
        nearest = ops.logical_and(overlaps >= of_object, of_object > 0)
        positive = ops.logical_or(positive, ops.any(nearest, axis=-1))
    negative = ops.logical_and(best < low, ops.logical_not(positive))
    return Matched(ops.argmax(overlaps, axis=-1), positive, negative)


def draw_weights(positive: Tensor, negative: Tensor, size: int, share: float) -> Tensor:
    """Return how often each box is drawn on average, over the number that is drawn: bool [N, B] -> float32.

    `size` boxes are drawn, at most the `share` of them of objects, as many as there are. The weights of a
    photo add up to 1, unless it has neither kind.
    """
    positive, negative = ops.cast(positive, "float32"), ops.cast(negative, "float32")
    there = ops.sum(positive, axis=-1, keepdims=True), ops.sum(negative, axis=-1, keepdims=True)
    drawn = ops.minimum(there[0], size * share)
    others = ops.minimum(there[1], size - drawn)
    weights = positive * drawn / ops.maximum(there[0], 1.0) + negative * others / ops.maximum(there[1], 1.0)
    return weights / ops.maximum(drawn + others, 1.0)
