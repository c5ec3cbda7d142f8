"""Training pairs of photos and their objects."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from segmentation.config.data import DataConfig
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.samples import GroundTruth, Sample
from segmentation.core.size import Size
from segmentation.datasets.objects import objects_of
from segmentation.models.mask_rcnn.found import MOST_OBJECTS
from segmentation.preprocessing.pixels import resize_labels
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.batches import PreparedPairs

_LEAST_PIXELS = 16  # of an object at the network's size; if augmentation leaves less of one, it is dropped


class ObjectCoding:
    """The coding for a network of objects; a ground truth is uint8 [H, W, 2].

    The first channel has the number of each pixel's object from 1 on, 0 where there is none, the second its
    class from 1 on.
    """

    interpolation = cv2.INTER_NEAREST  # between two objects there is no third

    def resize(self, truth: np.ndarray, size: Size, _config: DataConfig) -> np.ndarray:
        """Return the numbers and classes of the nearest pixels."""
        return np.dstack(
            [resize_labels(np.ascontiguousarray(part), size) for part in np.moveaxis(truth, -1, 0)]
        )

    def targets(self, truths: np.ndarray) -> dict[str, np.ndarray]:
        """Return the targets of `ObjectLoss`: uint8 [N, H, W, 2] -> boxes, classes and numbers."""
        found = [_targets(truth) for truth in truths]
        names = _Targets._fields
        return {name: np.stack(parts) for name, parts in zip(names, zip(*found, strict=True), strict=True)}

    def choose_garment(self, truth: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return one of the objects, if there are any, 255 inside; `truth` is that or its numbers alone."""
        numbers = truth if truth.ndim == 2 else truth[..., 0]
        there = np.unique(numbers[numbers > 0])
        if not len(there):
            return np.zeros_like(numbers)
        return np.where(numbers == random.choice(there), 255, 0).astype(np.uint8)

    def regions(self, truth: np.ndarray) -> np.ndarray:
        """Return the numbers."""
        return truth[..., 0]


class ObjectPairs(PreparedPairs):
    """`PreparedPairs` whose ground truth is that of `ObjectCoding`.

    If a photo has more than MOST_OBJECTS objects, the smallest are left out.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        config: DataConfig,
        labels: LabelMap = BINARY,
    ):
        super().__init__(samples, preprocessing, config, labels)
        self.coding = ObjectCoding()

    def _read_truth(self, truth: GroundTruth) -> np.ndarray:
        objects = objects_of(truth)
        numbers, classes = objects.numbers, np.array([0, *objects.classes], np.uint8)
        if len(objects.classes) > MOST_OBJECTS:
            areas = np.bincount(numbers.ravel(), minlength=len(classes))[1:]
            kept = np.sort(np.argsort(-areas, kind="stable")[:MOST_OBJECTS]) + 1
            number_of = np.zeros(len(classes), np.uint8)
            number_of[kept] = np.arange(1, MOST_OBJECTS + 1)
            numbers, classes = number_of[numbers], classes[[0, *kept]]
        return np.dstack([numbers, classes[numbers]])


class _Targets(NamedTuple):
    boxes: np.ndarray
    classes: np.ndarray
    numbers: np.ndarray


def _targets(truth: np.ndarray) -> _Targets:
    """Return boxes float32 [M, 4], classes int32 [M] and numbers uint8 [H, W] of one photo."""
    boxes, classes = np.zeros((MOST_OBJECTS, 4), np.float32), np.zeros(MOST_OBJECTS, np.int32)
    numbers = np.ascontiguousarray(truth[..., 0])
    for number in np.unique(numbers[numbers > 0]):
        mask = numbers == number
        if mask.sum() < _LEAST_PIXELS:
            continue
        left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
        boxes[number - 1] = top, left, top + height, left + width
        classes[number - 1] = truth[..., 1][mask][0]
    return _Targets(boxes, classes, numbers)
