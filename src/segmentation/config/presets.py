"""Named settings of a training, and the order in which they override each other."""

import dataclasses
from typing import Any

from segmentation.config.augmentation import AUGMENTATIONS
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.size import Size

AUTO = "auto"
"""In the place of a preset: settings that are planned by the photos and the machine."""

PRESETS: dict[str, dict[str, Any]] = {
    # make demo: 306 photos of 102 drawn garments, five minutes on two shared cores of an AMD EPYC (Zen 4);
    # on 54 photos of 18 others, at 576x864, Dice 0.9745 on average, median 0.9812, worst 0.9008.
    # Every garment is new, so colours need no changing.
    "demo": {
        "architecture": "unet-efficientnet-lite0",
        "filters": 8,
        "input_size": Size(width=128, height=192),
        "augmentation": "none",
        "flip": 0.5,
        "shift": 0.03,
        "scale": 0.05,
        "optimizer": "adamw",
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "epochs": 13,
        "batch_size": 8,
        "patience": 0,
    },
    # `train data=DIR preset=studio name=studio`, on 150 photos of one studio and 50 drawn
    # garments: 57 minutes on two shared cores of an AMD EPYC (Zen 4, bfloat16); on 28 photos of other
    # garments, at 1152x1728, Dice 0.9708 on average, median 0.9855, worst 0.8552, epoch 37 of 64.
    "studio": {
        "architecture": "unet-256",
        "filters": 16,
        "levels": 5,
        "input_size": Size(width=192, height=288),
        "synthetic": 50,
        "optimizer": "adamw",
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "epochs": 64,
        "batch_size": 4,
        "patience": 0,
        "shift": 0.04,
        "scale": 0.1,
        "hue": 10.0,
        "saturation": 30.0,
        "value": 20.0,
        "brightness": 0.15,
        "contrast_jitter": 0.15,
    },
    # A matte: photos with a true alpha, of which a few dozen are enough, since the network begins with the
    # closed form and learns where that is wrong. Hair is turned and scaled as it never is on a mannequin.
    "matte": {
        "target": "alpha",
        "architecture": "matte-efficientnet-lite0",
        "input_size": Size(width=448, height=448),
        "crops": Size(width=320, height=320),
        "optimizer": "adamw",
        "learning_rate": 5e-4,
        "schedule": "cosine",
        "epochs": 60,
        "batch_size": 4,
        "patience": 0,
        "shift": 0.0,
        "scale": 0.3,
        "rotation": 20.0,
        "hue": 20.0,
        "saturation": 30.0,
        "value": 20.0,
        "brightness": 0.2,
        "contrast_jitter": 0.2,
    },
    # The capstone's final network and training, for a card with 12 GB.
    "capstone": {
        "architecture": "unet-1024",
        "filters": 16,
        "levels": 6,
        "optimizer": "rmsprop",
        "learning_rate": 3e-4,
        "epochs": 100,
        "batch_size": 3,
    },
    # The Carvana solution: boundary-weighted loss, strong colour changes, falling learning rate.
    "carvana": {
        "architecture": "unet-1024",
        "augmentation": "carvana",
        "bce_weight": 1.0,
        "dice_weight": 1.0,
        "boundary_weight": 2.0,
        "boundary_width": 41,
        "optimizer": "rmsprop",
        "learning_rate": 1e-4,
        "schedule": "plateau",
        "patience": 8,
        "epochs": 100,
        "batch_size": "auto",
    },
}


def preset_names() -> tuple[str, ...]:
    """Return the names to choose a preset by."""
    return (*PRESETS, AUTO)


def configure(
    preset: str | None, augmentation: str | None, explicit: dict[str, Any], base: RunConfig | None = None
) -> RunConfig:
    """Return the configuration in which later settings override earlier ones.

    The order is: the defaults, the model and preprocessing of `base`, the `preset`, the named
    `augmentation`, and the `explicit` options by flat name. Raises ConfigError for a preset that has to be
    planned first.
    """
    if preset == AUTO:
        raise ConfigError(f"`preset={AUTO}`: expected in `train` alone, where it is planned; choose another")
    config = RunConfig()
    if base:
        config = dataclasses.replace(config, model=base.model, preprocessing=base.preprocessing)
    layer = dict(PRESETS[preset]) if preset else {}
    preset_augmentation = layer.pop("augmentation", None)  # the preset's other options refine it
    if preset_augmentation:
        config = dataclasses.replace(config, augmentation=AUGMENTATIONS[preset_augmentation])
    config = config.replace(**layer)
    if augmentation:
        config = dataclasses.replace(config, augmentation=AUGMENTATIONS[augmentation])
    return config.replace(**explicit)
