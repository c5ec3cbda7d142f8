"""Drawn photos of dresses and bags, and a tiny model that distinguishes the two and the background."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.saving import save_description
from segmentation.config.run import RunConfig
from segmentation.core.labels import LabelMap
from segmentation.core.size import Size
from segmentation.images.files import write_image
from segmentation.preprocessing.preprocessing import Preprocessing
from support.drawing import draw_pair, ellipse

BAG = (40, 90, 160)
LABELS = LabelMap.of(("background", "dress", "bag"))
SIZE = Size(height=64, width=48)


def draw_classes(seed: int, height: int = 64, width: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """A photo, uint8 RGB [H, W, 3], and its indices of LABELS, uint8 [H, W]; every fourth has no bag."""
    random = np.random.default_rng(seed)
    photo, alpha = draw_pair(seed, height, width)
    indices = (alpha > 0).astype(np.uint8)
    if seed % 4 != 1:
        bag = ellipse(height, width, random.uniform(0.3, 0.7, 2), random.uniform(0.08, 0.15, 2))
        photo[bag] = random.integers(-9, 10, (np.count_nonzero(bag), 3)) + BAG
        indices[bag] = 2
    return photo, indices


def colour_score(photo: np.ndarray) -> np.ndarray:
    """Scores of LABELS, certain of the colours that `draw_classes` draws in."""
    red, green, blue = np.moveaxis(photo.astype(int), -1, 0)
    indices = np.where(red > green + 50, 1, np.where(blue > red + 50, 2, 0))
    return np.eye(len(LABELS.names), dtype=np.float32)[indices]


def train_class_model(folder: Path) -> Path:
    """Train a network on `draw_classes`, export it, and put the bundle into the folder."""
    import keras

    from segmentation.jobs.openvino_export import with_openvino
    from segmentation.models import registry

    config = registry.complete(
        RunConfig().replace(
            architecture="simple", filters=8, levels=1, input_size=SIZE, norm_momentum=0.5, classes="all"
        )
    )
    way = replace(Preprocessing.from_config(config.preprocessing), mean=(128.0,) * 3, std=(64.0,) * 3)
    photos, indices = map(np.stack, zip(*map(draw_classes, range(16)), strict=True))
    keras.utils.set_random_seed(0)
    network = registry.build(config.model, photos.shape[1:], classes=len(LABELS.names))
    loss = keras.losses.SparseCategoricalCrossentropy()
    network.compile(keras.optimizers.Adam(0.02), loss, jit_compile=False)
    network.fit(way.normalise(photos), indices, batch_size=8, epochs=15, verbose=0)
    folder.mkdir(parents=True)
    bundle = ModelBundle(folder, config, way, LABELS)
    network.save_weights(bundle.weights)
    photo = folder.parent / "photo.png"
    write_image(photo, photos[0])
    save_description(with_openvino(bundle, [photo], [])[0])
    photo.unlink()
    return folder
