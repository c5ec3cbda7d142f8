"""The task by which a model is evaluated: a cutout or classes."""

from segmentation.core.types import LabelMap
from segmentation.evaluation.class_task import ClassTask
from segmentation.evaluation.cutout_task import CutoutTask
from segmentation.evaluation.measurement import Task


def task_of(labels: LabelMap) -> Task:
    """Return the task of a model of these classes."""
    return CutoutTask(labels) if labels.binary else ClassTask(labels)
