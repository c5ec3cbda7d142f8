"""The five losses of Mask R-CNN (He et al. 2017): of proposed regions, of boxes, and of masks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from segmentation.models.mask_rcnn.boxes import HEAD_SCALES, encode, iou_matrix
from segmentation.models.mask_rcnn.found import MASK_PX
from segmentation.models.mask_rcnn.layers import mask_of_class, take_each
from segmentation.models.mask_rcnn.network import Parts
from segmentation.training.objects.matching import draw_weights, match

Tensor = Any

_BEND = 1 / 9  # of the smooth L1 loss, where it turns from a square into a line
_ANCHORS_DRAWN, _ANCHORS_OF_OBJECTS = 256, 0.5
_REGIONS_DRAWN, _REGIONS_OF_OBJECTS = 128, 0.25
_MASKS = 24  # regions of objects in a photo whose masks are drawn


class ObjectLoss:
    """The losses of each photo by name, all [N]: what a `MaskRCNN` is compiled with.

    Targets are `boxes` float32 [N, M, 4] (top, left, bottom, right) in pixels of the input, `classes` int [N,
    M] from 1, 0 where there is no object, and `numbers` [N, H, W], the place of each pixel's object from 1
    on.
    """

    names = ("rpn_class", "rpn_box", "box_class", "box_box", "mask")

    def __call__(self, parts: Parts, made: list[Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        *levels, logits, steps = made
        boxes = ops.cast(targets["boxes"], "float32")
        classes = ops.cast(targets["classes"], "int32")
        found = proposal_losses(parts.anchors, logits, steps, boxes)
        regions = ops.concatenate([parts.proposals([logits, steps]), boxes], axis=1)
        there = ops.concatenate([ops.ones_like(regions[:, : -boxes.shape[1], 0]), classes > 0], axis=1)
        matched = match(iou_matrix(regions, boxes), 0.5, 0.5)
        matched = matched._replace(negative=ops.logical_and(matched.negative, ops.cast(there, "bool")))
        meant = ops.take_along_axis(classes, matched.places, axis=1)  # [N, R], as if all were of objects
        found += box_losses(
            parts.box_head([regions, *levels]), regions, take_each(boxes, matched.places), meant, matched
        )
        # regions that were proposed come first, as in prediction; those of the targets stand in for them
        best, chosen = ops.top_k(ops.cast(matched.positive, "float32"), _MASKS)
        seen, meant = take_each(regions, chosen), ops.take_along_axis(meant, chosen, axis=1)
        numbers = ops.take_along_axis(matched.places, chosen, axis=1) + 1
        drawn = mask_of_class(parts.mask_head([seen, *levels]), ops.cast(meant, "float32") - 1.0)
        found.append(mask_loss(drawn, mask_targets(targets["numbers"], seen, numbers), best))
        return dict(zip(self.names, found, strict=True))


def proposal_losses(anchors: np.ndarray, logits: Tensor, steps: Tensor, boxes: Tensor) -> list[Tensor]:
    """Return the losses of whether anchors are of objects, and of the steps of those that are: two [N]."""
    matched = match(iou_matrix(anchors[np.newaxis], boxes), 0.3, 0.7, nearest_too=True)
    weights = draw_weights(matched.positive, matched.negative, _ANCHORS_DRAWN, _ANCHORS_OF_OBJECTS)
    positive = ops.cast(matched.positive, "float32")
    wanted = encode(take_each(boxes, matched.places), anchors[np.newaxis])
    return [
        ops.sum(weights * cross_entropy(positive, logits), axis=-1),
        ops.sum(weights * positive * smooth_l1(wanted, steps), axis=-1),
    ]


def box_losses(
    made: tuple[Tensor, Tensor], regions: Tensor, boxes: Tensor, classes: Tensor, matched: Any
) -> list[Tensor]:
    """Return the losses of the classes of regions, and of the steps of those of objects: two [N]."""
    logits, steps = made
    weights = draw_weights(matched.positive, matched.negative, _REGIONS_DRAWN, _REGIONS_OF_OBJECTS)
    positive = ops.cast(matched.positive, "float32")
    right = ops.one_hot(ops.where(matched.positive, classes, 0), logits.shape[-1])
    likelihoods = -ops.sum(right * ops.log_softmax(logits, axis=-1), axis=-1)
    wanted = encode(boxes, regions, HEAD_SCALES)
    return [
        ops.sum(weights * likelihoods, axis=-1),
        ops.sum(weights * positive * smooth_l1(wanted, steps), axis=-1),
    ]


def mask_targets(numbers: Tensor, boxes: Tensor, wanted: Tensor) -> Tensor:
    """Return what is drawn into boxes: numbers [N, H, W], [N, R, 4], [N, R] -> float32 [N, R, 28, 28].

    It is 1 where the pixel below the middle of a cell belongs to the object whose number is `wanted`.
    """
    _, height, width = numbers.shape
    middles = (np.arange(MASK_PX, dtype=np.float32) + 0.5) / MASK_PX
    rows, columns = (
        ops.cast(
            ops.clip(
                ops.floor(boxes[..., low, None] + (boxes[..., high, None] - boxes[..., low, None]) * middles),
                0,
                length - 1,
            ),
            "int32",
        )
        for low, high, length in ((0, 2, height), (1, 3, width))
    )  # [N, R, 28]
    places = rows[..., :, None] * width + columns[..., None, :]
    flat = ops.take_along_axis(
        ops.cast(ops.reshape(numbers, (-1, height * width)), "int32"),
        ops.reshape(places, (-1, boxes.shape[1] * MASK_PX**2)),
        axis=1,
    )
    drawn = ops.reshape(flat, (-1, boxes.shape[1], MASK_PX, MASK_PX))
    return ops.cast(ops.equal(drawn, ops.cast(wanted, "int32")[..., None, None]), "float32")


def mask_loss(logits: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
    """Return the mean cross-entropy of the masks that are `counted` [N, R]: two [N, R, 28, 28] -> [N]."""
    losses = ops.mean(cross_entropy(targets, logits), axis=(-2, -1))
    return ops.sum(losses * counted, axis=-1) / ops.maximum(ops.sum(counted, axis=-1), 1.0)


def cross_entropy(targets: Tensor, logits: Tensor) -> Tensor:
    """Return the binary cross-entropy of each value, computed from logits so that it cannot overflow."""
    return ops.softplus(logits) - targets * logits


def smooth_l1(targets: Tensor, values: Tensor) -> Tensor:
    """Return the sum over the last axis of a loss that is square near 0, else straight (Girshick 2015)."""
    distances = ops.abs(targets - values)
    bent = 0.5 * distances**2 / _BEND
    return ops.sum(ops.where(distances < _BEND, bent, distances - 0.5 * _BEND), axis=-1)
