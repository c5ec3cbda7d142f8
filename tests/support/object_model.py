"""A model that finds objects, trained in a minute on drawn photos of two things each."""

from pathlib import Path

import cv2
import numpy as np

from segmentation.images.files import write_image

SIZE = (96, 128)  # rows and columns
OPTIONS = {
    "architecture": "mask-rcnn",
    "input_size": "96x96",
    "filters": 16,
    "levels": 4,
    "optimizer": "adamw",
    "learning_rate": 2e-3,
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


def train_object_model(home: Path, epochs: int = 60) -> Path:
    """Train models/things of `home` on the drawn photos in `home`/pairs, and return its folder."""
    from support.program import make

    draw_set(home / "pairs" / "train")
    draw_set(home / "pairs" / "val", seed=100, name="other")
    options = [f"--{name.replace('_', '-')}={value}" for name, value in OPTIONS.items()]
    make(
        "train", "--data", home / "pairs", "--home", home, "--name", "things", f"--epochs={epochs}", *options
    )
    return home / "models" / "things"
