"""The heads: one proposes regions, one classifies and moves boxes, and one draws the masks in them.

Each is a layer of layers, which it names as `sublayers`; `operations` are those of a photo in multiply-adds.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from segmentation.models.mask_rcnn.anchors import RATIOS
from segmentation.models.mask_rcnn.found import MASK_PX
from segmentation.models.mask_rcnn.roi_align import align

Tensor = Any

_BOX_CELLS, _MASK_CELLS = 7, MASK_PX // 2
_MASK_CONVS = 4
_HIDDEN = 4  # units of the box head by filters: 1024 of 256 in the paper


class _Head(keras.layers.Layer):
    """A layer of layers, whose inputs stay in their own precision: boxes in bfloat16 would be pixels off."""

    sublayers: list[keras.layers.Layer]
    operations: int = 0

    def __init__(self, name: str):
        super().__init__(name=name)
        self.autocast = False


class RegionProposals(_Head):
    """A head: pyramid levels [N, h, w, C] -> logits [N, A] and steps [N, A, 4] of all levels' anchors."""

    def __init__(self, filters: int, places: int):
        super().__init__("region_proposals")
        small = keras.initializers.RandomNormal(stddev=0.01)
        self.shared = layers.Conv2D(filters, 3, padding="same", activation="relu")
        self.logits = layers.Conv2D(len(RATIOS), 1, kernel_initializer=small, dtype="float32")
        self.steps = layers.Conv2D(4 * len(RATIOS), 1, kernel_initializer=small, dtype="float32")
        self.sublayers = [self.shared, self.logits, self.steps]
        self.operations = places * filters * (9 * filters + 5 * len(RATIOS))

    def call(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        seen = [self.shared(level) for level in levels]
        logits = [ops.reshape(self.logits(level), (-1, _places(level) * len(RATIOS))) for level in seen]
        steps = [ops.reshape(self.steps(level), (-1, _places(level) * len(RATIOS), 4)) for level in seen]
        return ops.concatenate(logits, axis=1), ops.concatenate(steps, axis=1)


class BoxHead(_Head):
    """Boxes [N, R, 4] and levels -> logits of background and classes [N, R, 1 + classes], steps [N, R, 4].

    The classes of a box share its step.
    """

    def __init__(self, strides: Sequence[int], filters: int, classes: int, regions: int):
        super().__init__("box_head")
        self.strides = tuple(strides)
        units = _HIDDEN * filters
        self.hidden = [layers.Dense(units, "relu", kernel_initializer="he_normal") for _ in range(2)]
        small, smaller = (keras.initializers.RandomNormal(stddev=deviation) for deviation in (0.01, 0.001))
        self.logits = layers.Dense(1 + classes, kernel_initializer=small, dtype="float32")
        self.steps = layers.Dense(4, kernel_initializer=smaller, dtype="float32")
        self.sublayers = [*self.hidden, self.logits, self.steps]
        self.operations = regions * units * (_BOX_CELLS**2 * filters + units + classes + 5)

    def call(self, inputs: list[Tensor]) -> tuple[Tensor, Tensor]:
        boxes, *levels = inputs
        tensor = align(dict(zip(self.strides, levels, strict=True)), boxes, _BOX_CELLS)
        tensor = ops.reshape(tensor, (-1, boxes.shape[1], math.prod(tensor.shape[2:])))
        for layer in self.hidden:
            tensor = layer(tensor)
        return self.logits(tensor), self.steps(tensor)


class MaskHead(_Head):
    """Boxes [N, R, 4] and levels -> logits of the mask of each class in each box, [N, R, 28, 28, classes]."""

    def __init__(self, strides: Sequence[int], filters: int, classes: int, regions: int):
        super().__init__("mask_head")
        self.strides = tuple(strides)
        initial: dict[str, Any] = {"kernel_initializer": "he_normal", "activation": "relu"}
        self.convolutions = [layers.Conv2D(filters, 3, padding="same", **initial) for _ in range(_MASK_CONVS)]
        self.enlarge = layers.Conv2DTranspose(filters, 2, 2, **initial)
        self.logits = layers.Conv2D(classes, 1, dtype="float32")
        self.sublayers = [*self.convolutions, self.enlarge, self.logits]
        cells = _MASK_CELLS**2
        self.operations = regions * cells * filters * (9 * _MASK_CONVS * filters + 4 * (filters + classes))

    def call(self, inputs: list[Tensor]) -> Tensor:
        boxes, *levels = inputs
        tensor = align(dict(zip(self.strides, levels, strict=True)), boxes, _MASK_CELLS)
        tensor = ops.reshape(tensor, (-1, *tensor.shape[2:]))  # [N * R, 14, 14, C]
        for layer in self.convolutions:
            tensor = layer(tensor)
        tensor = self.logits(self.enlarge(tensor))
        return ops.reshape(tensor, (-1, boxes.shape[1], *tensor.shape[1:]))


def _places(level: Tensor) -> int:
    return level.shape[1] * level.shape[2]
