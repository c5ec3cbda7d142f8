"""Garment cutouts: train a segmentation network on (photo, cutout) pairs and produce cutouts with it.

    import segmentation

    model = segmentation.load_model("default")
    cutout = model.cut_out("shirt.jpg")
    cutout.save("shirt.png")

Importing the package loads nothing; each name below is loaded when it is first used.
"""

from typing import TYPE_CHECKING

__version__ = "0.2.0"

__all__ = [
    "BundleError",
    "Caution",
    "ClassMap",
    "ConfigError",
    "Cutout",
    "DataError",
    "Dataset",
    "Evaluated",
    "EvaluatedMattes",
    "ExportError",
    "FolderPrediction",
    "FoundObject",
    "ImageError",
    "LikelyFault",
    "MissingExtraError",
    "Model",
    "Note",
    "PhotoDone",
    "Progress",
    "Result",
    "Sample",
    "SegmentationError",
    "Trained",
    "TrainingError",
    "__version__",
    "evaluate",
    "find_dataset",
    "load_model",
    "predict_folder",
    "print_progress",
    "train",
]

_HOMES = {
    "api.cutout": ("ClassMap", "Cutout"),
    "api.jobs": ("evaluate", "find_dataset", "predict_folder", "train"),
    "api.model": ("Model", "load_model"),
    "api.progress": ("print_progress",),
    "core.errors": (
        "BundleError",
        "ConfigError",
        "DataError",
        "ExportError",
        "ImageError",
        "MissingExtraError",
        "SegmentationError",
        "TrainingError",
    ),
    "core.events": ("Caution", "Note", "Progress"),
    "core.predictions": ("FoundObject", "LikelyFault"),
    "core.samples": ("Sample",),
    "datasets.discover": ("Dataset",),
    "jobs.evaluate": ("Evaluated",),
    "jobs.evaluate_mattes": ("EvaluatedMattes",),
    "jobs.folder": ("PhotoDone",),
    "jobs.predict": ("FolderPrediction",),
    "jobs.trained": ("Trained",),
    "outputs.result": ("Result",),
}

if TYPE_CHECKING:
    from segmentation.api.cutout import ClassMap, Cutout
    from segmentation.api.jobs import evaluate, find_dataset, predict_folder, train
    from segmentation.api.model import Model, load_model
    from segmentation.api.progress import print_progress
    from segmentation.core.errors import (
        BundleError,
        ConfigError,
        DataError,
        ExportError,
        ImageError,
        MissingExtraError,
        SegmentationError,
        TrainingError,
    )
    from segmentation.core.events import Caution, Note, Progress
    from segmentation.core.predictions import FoundObject, LikelyFault
    from segmentation.core.samples import Sample
    from segmentation.datasets.discover import Dataset
    from segmentation.jobs.evaluate import Evaluated
    from segmentation.jobs.evaluate_mattes import EvaluatedMattes
    from segmentation.jobs.folder import PhotoDone
    from segmentation.jobs.predict import FolderPrediction
    from segmentation.jobs.trained import Trained
    from segmentation.outputs.result import Result
else:  # a type checker would take every name for one that `__getattr__` finds

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used."""
        from importlib import import_module

        for home, names in _HOMES.items():
            if name in names:
                found = getattr(import_module(f"{__name__}.{home}"), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
