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
    "ClassMap",
    "ConfigError",
    "Cutout",
    "DataError",
    "ExportError",
    "ImageError",
    "MissingExtraError",
    "Model",
    "SegmentationError",
    "TrainingError",
    "__version__",
    "evaluate",
    "find_dataset",
    "load_model",
    "predict_folder",
    "train",
]

_HOMES = {
    "api.cutout": ("ClassMap", "Cutout"),
    "api.jobs": ("evaluate", "find_dataset", "predict_folder", "train"),
    "api.model": ("Model", "load_model"),
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
}

if TYPE_CHECKING:
    from segmentation.api.cutout import ClassMap, Cutout
    from segmentation.api.jobs import evaluate, find_dataset, predict_folder, train
    from segmentation.api.model import Model, load_model
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
