"""Recorded recipes: the jobs, one after another, that make a model or a study from the data sets.

Standard library and options only, since `--help` lists the recipes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.jobs.recipe_steps import Request, Step
from segmentation.jobs.study_steps import study_steps

_SCHEDULE = {"optimizer": "adamw", "schedule": "cosine", "patience": 0}
_COLOURS = {"hue": 10, "saturation": 30, "value": 20}
WHOLE_PHOTOS: dict[str, Any] = {
    **{"learning_rate": 1e-3, "batch_size": 8, **_SCHEDULE, **_COLOURS},
    **{"brightness": 0.25, "contrast_jitter": 0.2, "recolour": 0.5, "shift": 0.06, "scale": 0.12},
}
"""The options that train a network which sees whole photos of one studio."""

_FAULTS = {"average": 0.99, "thin_weight": 2, "fault_weight": 1}
_WHOLE: dict[str, Any] = {**WHOLE_PHOTOS, **_FAULTS, "scale": 0.25, "input_size": "256x384"}
REGIONS: dict[str, Any] = {
    **{**_SCHEDULE, **_COLOURS, **_FAULTS, "brightness": 0.15, "contrast_jitter": 0.15, "recolour": 0.3},
    **{"shift": 0.04, "scale": 0.15, "batch_size": 4, "learning_rate": 1e-3},
}
"""The options of training a second pass, which sees regions."""
_REGION = "576x864"
_LITE2 = {"architecture": "unet-efficientnet-lite2"}
_SECOND = {**_LITE2, "levels": 4, "input_size": _REGION, **REGIONS}
_ON_CROPS = {"crops": "288x432", "batch_size": 8}
_CACHE = "9GB"
_FOLDS = (1, 2, 3)
_PAIRED = 1  # the photos that one fold holds out are enough for a confidence
_STREET: dict[str, Any] = {"input_size": "192x288", "batch_size": 4, "loss": "ce + dice", **_SCHEDULE}
_ARCHITECTURES: dict[str, dict[str, Any]] = {
    "lite0": {"architecture": "unet-efficientnet-lite0", "epochs": 16},
    "unet": {"architecture": "unet-256", "filters": 16, "epochs": 14},
    "fcn": {"architecture": "fcn-resnet50", "backbone_weights": "none", "epochs": 10},
    "v3-mobilenet": {"architecture": "deeplab-v3-mobilenet-v3", "backbone_weights": "none", "epochs": 14},
    "segnet": {"architecture": "segnet", "filters": 16, "epochs": 12},
    "v3-resnet50": {"architecture": "deeplab-v3-resnet50", "backbone_weights": "none", "epochs": 8},
    "densenet": {"architecture": "unet-densenet121", "backbone_weights": "none", "epochs": 8},
}


@dataclass(frozen=True)
class Recipe:
    """A description, and the steps for what is asked.

    The last model that is trained has the name that was asked for; those that it is built on are called
    NAME-.... One of `questions` makes the tables of a study.
    """

    about: str
    steps: Callable[[Request], list[Step]]
    questions: bool = False


def _train(made: str, /, **options: Any) -> Step:
    return Step(made, TrainOptions.of(**options, name=made))


def _default(request: Request) -> list[Step]:
    """Return a first pass for every kind of photo, its folds' models, and a second pass on their scores.

    The first pass finally learns where no garment is. The second pass learns edges from crops, and then what
    belongs to a garment from whole regions, also of the few photos from other sides. A second pass of one
    fold gives the confidence.
    """
    data, name = request.data, request.name
    studio, street, views = data / "studio", data / "ccp" / "train", data / "studio" / "views"
    products = [data / "packshots", data / "flatlay"]
    every = {"exclude": "held-out", "cache": _CACHE}
    first_kinds = {"data": [studio, *products, street], "mix": "0.35,0.2,0.2,0.25", **every}
    kinds = {"data": [studio, *products, street], "mix": "0.5,0.25,0.15,0.1", **every}
    pretrained, garments, first = f"{name}-pretrained", f"{name}-garments", f"{name}-first"
    second, pair = f"{name}-second", f"{name}-pair"
    folds = {fold: f"{name}-fold{fold}" for fold in _FOLDS}

    def fold_of(kinds: dict[str, Any], fold: int, mix: str, *folders: Path) -> dict[str, Any]:
        """Return options that hold photos of every folder out, and train on none of `studio/val`."""
        held_out = {"held_out_from": "all", "folds": 3, "fold": fold}
        return {**kinds, **held_out, "data": [studio / "train", *folders], "mix": mix}

    def first_passes(fold: int) -> list[str]:
        """Return the model of the same fold first, so that the held-out photos are new to both passes."""
        return [folds[fold], *(folds[other] for other in _FOLDS if other != fold)]

    guides = [first, *folds.values()]
    with_views = {**kinds, "data": [studio, *products, street, views], "mix": "0.5,0.25,0.1,0.1,0.05"}
    return [
        _train(
            pretrained, data=data / "ccp", synthetic=100, **_LITE2, epochs=6,
            **{**WHOLE_PHOTOS, "input_size": "192x288", "scale": 0.2},
        ),
        _train(garments, **first_kinds, model=pretrained, epochs=24, **_WHOLE),
        _train(
            first, **{**first_kinds, "mix": "0.45,0.17,0.17,0.21"}, model=garments, epochs=6,
            empty_rooms=45, synthetic=20, **{**_WHOLE, "learning_rate": 4e-4},
        ),
        *(
            _train(
                folds[fold], **fold_of(first_kinds, fold, "0.35,0.2,0.2,0.25", *products, street),
                model=pretrained, epochs=10, **_WHOLE,
            )
            for fold in _FOLDS
        ),
        _train(second, **kinds, second_pass=guides, **{**_SECOND, **_ON_CROPS}, epochs=48),
        _train(
            name, **with_views, second_pass=guides, model=second, epochs=8,
            **{**REGIONS, "crops": _REGION, "learning_rate": 7e-4},
        ),
        _train(
            pair, **fold_of(kinds, _PAIRED, "0.7,0.3", data / "packshots"),
            second_pass=first_passes(_PAIRED), **_SECOND, epochs=8,
        ),
        Step(
            name,
            CalibrateOptions.of(
                model=name, data=[studio / "train", data / "packshots"], exclude="held-out", synthetic=60,
                fold_model=[pair],
            ),
        ),
    ]  # fmt: skip


def _architectures(request: Request) -> list[Step]:
    data, name = request.data, request.name
    street = {"data": data / "ccp", **_STREET}
    twelve = {**street, "learning_rate": 1e-3, "classes": "ccp-12"}
    every = {**street, "learning_rate": 4e-3, "classes": "all"}
    return [
        *(_train(f"{name}-{short}", **twelve, **options) for short, options in _ARCHITECTURES.items()),
        _train(f"{name}-unet-all", **every, model=f"{name}-unet", epochs=14),
        _train(name, **every, model=f"{name}-lite0", epochs=16),
    ]


RECIPES: dict[str, Recipe] = {
    "default": Recipe(
        "the model that comes with the program, from studio, packshots, flatlay and ccp below `data`",
        _default,
    ),
    "architectures": Recipe(
        "twelve classes of clothing by several architectures, from ccp below `data`, and all classes by the "
        "best two of them, each starting from its model of the twelve",
        _architectures,
    ),
    "study": Recipe(
        "the tables of a study of tiles, channels, composing, mattes, discriminators, optimizers and "
        "objects, from studio, packshots, alphamatting, ccp, pennfudan, foregrounds and textures below "
        "`data`",
        study_steps,
        questions=True,
    ),
}
