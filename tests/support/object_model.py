"""A model that finds objects, trained in a minute on drawn photos of two things each."""

from pathlib import Path

import cv2
import keras
import numpy as np

from segmentation.core.predictions import FoundObject
from segmentation.images.files import write_image
from segmentation.models.mask_rcnn.found import BOX, CLASS, MASK, ROW, SCORE

SIZE = (96, 128)  # rows and columns
OPTIONS = {
    "architecture": "mask-rcnn",
    "input_size": "64x64",
    "filters": 8,
    "levels": 4,
    "optimizer": "adamw",
    "learning_rate": 4e-3,
    "l2": 1e-4,
    "batch_size": 4,
    "augmentation": "none",
    "precision": "float32",
    "patience": 0,
}


def draw_things(seed: int, things: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Draw a grey photo with things in colour side by side, and their numbers from 1 on."""
    random = np.random.default_rng(seed)
    height, width = SIZE
    photo = random.normal(120, 12, (height, width, 3)).clip(0, 255).astype(np.uint8)
    numbers = np.zeros(SIZE, np.uint8)
    for number in range(1, things + 1):
        middle = round(width * (2 * number - 1) / (2 * things)) + int(random.integers(-5, 6))
        centre = (middle, height // 2 + int(random.integers(-6, 7)))
        axes = (int(random.integers(13, 22)), int(random.integers(24, 36)))
        mask = np.zeros(SIZE, np.uint8)
        cv2.ellipse(mask, centre, axes, int(random.integers(-15, 16)), 0, 360, 1, -1)
        photo[mask > 0] = random.choice([(230, 40, 40), (40, 40, 230), (20, 160, 60), (240, 230, 40)])
        numbers[mask > 0] = number
    return photo, numbers


def draw_set(folder: Path, count: int = 4, seed: int = 0, name: str = "photo") -> Path:
    """Write `images` and `masks` of drawn things, each of them with a value of its own."""
    for place in range(count):
        photo, numbers = draw_things(seed + place)
        write_image(folder / "images" / f"{name}-{place}.png", photo)
        write_image(folder / "masks" / f"{name}-{place}.png", numbers)
    return folder


def train_object_model(home: Path, epochs: int = 34) -> Path:
    """Train models/things of `home` on the drawn photos in `home`/pairs, and return its folder."""
    from support.program import make

    draw_set(home / "pairs" / "train")
    draw_set(home / "pairs" / "val", 2, seed=100, name="other")
    options = [f"--{name.replace('_', '-')}={value}" for name, value in OPTIONS.items()]
    make(
        "train", "--data", home / "pairs", "--home", home, "--name", "things", f"--epochs={epochs}", *options
    )
    return home / "models" / "things"


def numpy(tensor: object) -> np.ndarray:
    """Return a tensor as an array."""
    return keras.ops.convert_to_numpy(tensor)


def draw_boxes(seed: int, count: int, side: float = 60.0, least: float = 2.0) -> np.ndarray:
    """Draw boxes (top, left, bottom, right) within a square of this side."""
    random = np.random.default_rng(seed)
    corner = random.uniform(0, side - least, (count, 2))
    size = random.uniform(least, side / 2, (count, 2))
    return np.concatenate([corner, np.minimum(corner + size, side)], axis=1).astype(np.float32)


def rows_of(boxes: list, scores: list, masks: np.ndarray, classes: int = 1) -> np.ndarray:
    """Return what a network says of one photo, [1, K, ROW]."""
    rows = np.zeros((1, len(boxes), ROW), np.float32)
    rows[..., BOX], rows[..., SCORE], rows[..., CLASS] = boxes, scores, classes
    rows[..., MASK:] = masks.reshape(len(boxes), -1)
    return rows


def one_object(
    top: int = 2, left: int = 3, side: int = 10, score: float = 0.9, index: int = 1
) -> FoundObject:
    """Return a square that was found, all of whose pixels are certain."""
    return FoundObject(
        (left, top, left + side, top + side), score, index, np.ones((side, side), np.float32), top, left
    )
