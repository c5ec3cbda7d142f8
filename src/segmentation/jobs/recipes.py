"""Recorded recipes: the commands that make a model from the data sets, one after another."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_NETWORK = "--architecture unet-efficientnet-lite0"
_SCHEDULE = "--optimizer adamw --schedule cosine --patience 0"
_COLOURS = "--hue 10 --saturation 30 --value 20"
WHOLE_PHOTOS = (
    f"--learning-rate 1e-3 --batch-size 8 {_SCHEDULE} {_COLOURS} --brightness 0.25 --contrast-jitter 0.2 "
    "--recolour 0.5 --shift 0.06 --scale 0.12"
)
_REGIONS = (
    f"{_SCHEDULE} {_COLOURS} --brightness 0.15 --contrast-jitter 0.15 --recolour 0.3 --shift 0.04 --scale 0.1"
)
_SECOND_PASS = (
    "--data {data}/studio --second-pass {name}-first --second-pass {name}-fold1 --second-pass {name}-fold2 "
    "--second-pass {name}-fold3"
)
_FOLDS = (1, 2, 3)
_STREET = f'--data {{data}}/ccp --input-size 192x288 --batch-size 4 --loss "ce + dice" {_SCHEDULE}'
_TWELVE_CLASSES = f"{_STREET} --learning-rate 1e-3 --classes ccp-12"
_ALL_CLASSES = f"{_STREET} --learning-rate 4e-3 --classes all"
_ARCHITECTURES = {
    "lite0": "unet-efficientnet-lite0 --epochs 16",
    "unet": "unet-256 --filters 16 --epochs 14",
    "fcn": "fcn-resnet50 --backbone-weights none --epochs 10",
    "v3-mobilenet": "deeplab-v3-mobilenet-v3 --backbone-weights none --epochs 14",
    "segnet": "segnet --filters 16 --epochs 12",
    "v3-resnet50": "deeplab-v3-resnet50 --backbone-weights none --epochs 8",
    "densenet": "unet-densenet121 --backbone-weights none --epochs 8",
}


def _other_folds(fold: int) -> str:
    """The first pass of a fold's pair is the fold's own, so that its held-out photos are new to both."""
    return " ".join(f"--second-pass {{name}}-fold{other}" for other in _FOLDS if other != fold)


@dataclass(frozen=True)
class Recipe:
    """What it makes, and options of `train` for each model on the way, the last of which it is.

    {data} stands for the folder of the data sets, {name} for the name of what is made. `judged` are options
    of `calibrate`, where more than the held-out photos tell how far the model can be trusted.
    """

    about: str
    models: Mapping[str, str]
    judged: str = ""


RECIPES: dict[str, Recipe] = {
    "default": Recipe(
        "the model that comes with the program, from studio and ccp below --data",
        {
            "{name}-pretrained": f"--data {{data}}/ccp --synthetic 100 {_NETWORK} --input-size 192x288 "
            f"--epochs 6 {WHOLE_PHOTOS}",
            "{name}-first": "--data {data}/studio --synthetic 20 --model {name}-pretrained "
            f"--epochs 36 {WHOLE_PHOTOS}",
            **{
                f"{{name}}-fold{fold}": f"--data {{data}}/studio/train --folds 3 --fold {fold} "
                f"--model {{name}}-pretrained --epochs 14 {WHOLE_PHOTOS}"
                for fold in _FOLDS
            },
            **{
                f"{{name}}-pair{fold}": f"--data {{data}}/studio/train --folds 3 --fold {fold} "
                f"--second-pass {{name}}-fold{fold} {_other_folds(fold)} {_NETWORK} --levels 4 "
                f"--input-size 320x480 --epochs 6 --learning-rate 1e-3 --batch-size 8 {_REGIONS}"
                for fold in _FOLDS
            },
            "{name}-second": f"{_SECOND_PASS} {_NETWORK} --levels 4 --input-size 320x480 --epochs 16 "
            f"--learning-rate 1e-3 --batch-size 8 {_REGIONS}",
            "{name}": f"{_SECOND_PASS} --model {{name}}-second --input-size 384x576 --epochs 10 "
            f"--learning-rate 5e-4 --batch-size 4 {_REGIONS}",
        },
        judged="--data {data}/studio/train --synthetic 60 "
        + " ".join(f"--fold-model {{name}}-pair{fold}" for fold in _FOLDS),
    ),
    "architectures": Recipe(
        "twelve classes of clothing by several architectures, from ccp below --data, and all classes by the "
        "best two of them, each from its model of the twelve",
        {
            **{
                f"{{name}}-{model}": f"{_TWELVE_CLASSES} --architecture {options}"
                for model, options in _ARCHITECTURES.items()
            },
            "{name}-unet-all": f"{_ALL_CLASSES} --model {{name}}-unet --epochs 14",
            "{name}": f"{_ALL_CLASSES} --model {{name}}-lite0 --epochs 16",
        },
    ),
}


@dataclass(frozen=True)
class Step:
    """A command of a recipe: the model that it makes or judges, and the arguments of the program."""

    model: str
    arguments: tuple[str, ...]


def steps(recipe: Recipe, data: Path, name: str) -> list[Step]:
    """The commands of the recipe with a folder of data sets and a name, in their order."""

    def filled_in(options: str) -> list[str]:
        return [word.format(data=data, name=name) for word in shlex.split(options)]

    models = [(pattern.format(name=name), options) for pattern, options in recipe.models.items()]
    made = [Step(model, ("train", *filled_in(options), "--name", model)) for model, options in models]
    if recipe.judged:
        made.append(Step(name, ("calibrate", "--model", name, *filled_in(recipe.judged))))
    return made
