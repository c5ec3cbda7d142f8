"""Whether a model is evaluated as one of a cutout or as one of classes."""

from segmentation.core.types import LabelMap
from segmentation.evaluation.class_task import ClassTask
from segmentation.evaluation.cutout_task import CutoutTask
from segmentation.evaluation.measurement import Task


def task_of(labels: LabelMap) -> Task:
    """Return the task of a model of these classes."""
    return CutoutTask(labels) if labels.binary else ClassTask(labels)
