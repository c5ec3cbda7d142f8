"""The network: a photo to its objects in one piece, with every shape known beforehand.

After He et al. 2017 on a feature pyramid (Lin et al. 2017), in the size that processors train: few filters, a
hundred proposals, a step of the boxes that all classes share.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from segmentation.core.size import InputShape
from segmentation.models.blocks import conv_norm_relu
from segmentation.models.encoder import encode
from segmentation.models.mask_rcnn.anchors import anchors_of
from segmentation.models.mask_rcnn.found import MOST_OBJECTS
from segmentation.models.mask_rcnn.heads import BoxHead, MaskHead, RegionProposals
from segmentation.models.mask_rcnn.layers import BoxesOf, Detections, Output, Proposals

Tensor = Any

FINEST = 2
"""The finest level of the pyramid, as a power of two: stride 4."""


@dataclass(frozen=True)
class Parts:
    """The parts that training reaches into, which share their layers with the network.

    `trunk` gives the levels of the pyramid by rising stride, then logits [N, A] and steps [N, A, 4] of all
    `anchors` [A, 4], of which `proposals` makes boxes; `finish` takes what the trunk gives to the output.
    """

    trunk: keras.Model
    anchors: np.ndarray
    proposals: Proposals
    box_head: BoxHead
    mask_head: MaskHead
    finish: Callable[[list[Tensor]], Tensor]


class MaskRCNN(keras.Model):
    """Photo [N, H, W, C] -> objects [N, K, ROW], see `found`; in training also the trunk's outputs.

    The loss that it is compiled with is called with (parts, the trunk's outputs, targets) and returns the
    loss of each photo, [N], by name; their sum is minimised. Metrics are called with the targets and the
    objects of photos that are held out.
    """

    parts: Parts

    def call(self, inputs: Tensor, training: bool | None = None, mask: Any = None) -> Any:
        """Return the objects, or in training the list of the trunk's outputs."""
        if training:
            return self.parts.trunk(inputs, training=True)
        return super().call(inputs, training=training, mask=mask)

    def compile(self, optimizer: Any, loss: Any = None, weighted_metrics: Any = None, **options: Any) -> None:
        super().compile(optimizer, **options)
        self.objective = loss
        self.judges = list(weighted_metrics or ())
        self.terms = [keras.metrics.Mean(name=name) for name in getattr(loss, "names", ())]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self._loss_tracker, *self.judges, *self.terms] if self.compiled else []

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        made = y_pred if isinstance(y_pred, list) else self.parts.trunk(x, training=False)
        losses = self.objective(self.parts, made, y)
        for metric in self.terms:
            metric.update_state(losses[metric.name], sample_weight)
        each = sum(losses.values())  # [N]
        return keras.ops.mean(each if sample_weight is None else each * sample_weight)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):  # noqa: ARG002
        if isinstance(y_pred, list):  # in training nothing is found yet
            return {metric.name: metric.result() for metric in (self._loss_tracker, *self.terms)}
        for metric in self.judges:
            metric.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()


def mask_rcnn(
    input_shape: InputShape,
    *,
    backbone: str,
    classes: int = 1,
    filters: int,
    levels: int,
    norm: str = "batch",
    momentum: float = 0.9,
) -> MaskRCNN:
    """Build the network for `classes` kinds of objects: normalised photo -> [N, MOST_OBJECTS, ROW].

    The pyramid has strides 4 to 2 ** `levels` and `filters` at each, and so have the heads. `norm` is that of
    the pyramid; the backbone keeps its batch normalisation, and the heads have none, as in the paper. Height
    and width must be multiples of 2 ** levels. The weights are random: see `pretrained.load_backbone`.
    """
    height, width, _ = input_shape
    if height is None or width is None:
        raise ValueError("input_shape: expected height and width, from which the anchors are made")
    strides = [2**level for level in range(FINEST, levels + 1)]
    anchors = anchors_of(height, width, strides)
    inputs = keras.Input(input_shape)
    features = encode(inputs, backbone, levels=levels, momentum=momentum)
    pyramid = _pyramid(features, strides, filters, norm=norm, momentum=momentum)
    places = sum((height // stride) * (width // stride) for stride in strides)
    trunk = keras.Model(inputs, [*pyramid, *RegionProposals(filters, places)(pyramid)])
    proposals = Proposals(anchors, height, width, name="proposals")
    box_head = BoxHead(strides, filters, classes, proposals.count)
    mask_head = MaskHead(strides, filters, classes, MOST_OBJECTS)
    detections = Detections(height, width, name="detections")
    boxes_of, output = BoxesOf(name="found_boxes"), Output(height, width, name="objects")

    def finish(made: list[Tensor]) -> Tensor:
        *levels, logits, steps = made
        proposed = proposals([logits, steps])
        found = detections([proposed, *box_head([proposed, *levels])])
        return output([found, mask_head([boxes_of(found), *levels])])

    model = MaskRCNN(inputs, finish(trunk.outputs))
    model.parts = Parts(trunk, np.concatenate(anchors), proposals, box_head, mask_head, finish)
    return model


def _pyramid(features: dict[int, Tensor], strides: list[int], filters: int, **norms: Any) -> list[Tensor]:
    """Merge features by stride, the coarse added to the fine: [N, H / s, W / s, filters] by rising stride."""
    merged: list[Tensor] = []
    for stride in reversed(strides):
        tensor = layers.Conv2D(filters, 1, name=f"lateral_{stride}")(features[stride])
        if merged:
            coarser = layers.UpSampling2D(2, name=f"enlarged_{stride}")(merged[-1])
            tensor = layers.Add(name=f"merged_{stride}")([tensor, coarser])
        merged.append(tensor)
    return [
        conv_norm_relu(tensor, filters, name=f"pyramid_{stride}", **norms)
        for stride, tensor in zip(strides, reversed(merged), strict=True)
    ]
