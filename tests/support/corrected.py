"""A model that knows red garments, and results of it on blue ones that a person corrected."""

from pathlib import Path

import numpy as np
from PIL import Image

from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.core.events import Tell, ignore
from segmentation.core.workspace import Workspace
from segmentation.jobs.context import Context
from segmentation.jobs.predict import predict
from support.drawing import draw_pair, draw_set

NETWORK = {
    "architecture": "simple",
    "filters": 8,
    "input_size": "32x48",
    "batch_size": 4,
    "epochs": 8,
    "repeats": 2,
    "learning_rate": 0.01,
}


def context(home: Path, tell: Tell = ignore) -> Context:
    return Context(Workspace(home), tell)


def train_red(home: Path) -> None:
    """Train the model `red` on drawn pairs in the data folder."""
    from segmentation.jobs.train import train

    data = draw_set(home / "data", garments=8)
    train(TrainOptions.of(data=data, name="red", **NETWORK), context(home))


def draw_blue(folder: Path, garments: int, first: int = 100) -> dict[str, np.ndarray]:
    """Write photos of blue garments, two of each; return their true masks, uint8 [H, W], by name."""
    folder.mkdir(parents=True, exist_ok=True)
    masks = {}
    for number in range(first, first + garments):
        for offset, view in enumerate(("Front", "Back")):
            photo, masks[f"{number}_{view}"] = draw_pair(2 * number + offset)
            Image.fromarray(photo[..., ::-1]).save(folder / f"{number}_{view}.png")
    return masks


def predict_blue(
    home: Path, folder: Path, garments: int, model: str = "red", first: int = 100
) -> dict[str, np.ndarray]:
    """Predict photos of blue garments, in `photos`, into `results`; return their true masks."""
    masks = draw_blue(folder / "photos", garments, first)
    source, output = folder / "photos", folder / "results"
    options = PredictOptions.of(input=source, output=output, save=True, model=model, workers=1)
    predict(options, context(home))
    return masks


def correct(results: Path, masks: dict[str, np.ndarray], folder: str = "masks") -> None:
    """Write true masks in the place of predicted ones, as an editor of pictures does."""
    for name, mask in masks.items():
        Image.fromarray(mask).save(results / folder / f"{name}.png")
