"""Random changes of a training pair; photo and mask move together. The only import of albumentations."""

import os
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from segmentation.config.augmentation import AugmentConfig
from segmentation.config.scoring import CHANNELS
from segmentation.core.imports import require
from segmentation.core.labels import BINARY, LabelMap
from segmentation.scores.channels import as_grey
from segmentation.training.recolour import recolour
from segmentation.training.target_coding import TargetCoding, coding_of

Augment = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""uint8 image [H, W, C], uint8 mask [H, W], seed -> the changed pair; the same seed, the same change.

The mask may hold the indices of several classes, where `build_augment` is given their labels. A mask
[H, W, M] has others behind the first, which move with it."""


def build_augment(
    config: AugmentConfig,
    *,
    colour: bool = True,
    labels: LabelMap = BINARY,
    coding: TargetCoding | None = None,
) -> Augment | None:
    """Return the composed changes of `config`, None when there are none.

    `colour` is whether images have hues. Where a pair is moved, its border is extended with the pixels at its
    edge, photo and mask alike. Masks of several `labels` are not interpolated between classes, and one of the
    classes in the picture stands for the garment that gets another colour. A `coding` besides that of the
    labels says how masks are moved.
    """
    recolours, one_channel = (config.recolour, config.one_channel) if colour else (0.0, 0.0)
    coding = coding or coding_of(labels)
    if not recolours and not one_channel and not _transforms(config, colour, labels, coding):
        return None
    local = threading.local()  # a composition carries its random state, so each thread has its own

    def augment(image: np.ndarray, mask: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        if not hasattr(local, "compose"):
            local.compose = _albumentations().Compose(_transforms(config, colour, labels, coding))
        random = np.random.default_rng(seed)
        if random.random() < recolours:
            garment = mask if mask.ndim == 2 else mask[..., 0]
            image = recolour(image, coding.choose_garment(garment, random), random)
        local.compose.set_random_seed(seed)
        changed = local.compose(image=image, mask=mask)
        return _in_one_channel(changed["image"], one_channel, seed), changed["mask"]

    return augment


def _in_one_channel(image: np.ndarray, probability: float, seed: int) -> np.ndarray:
    """Return the grey picture of a random channel with that probability, and the image itself otherwise."""
    random = np.random.default_rng((seed, 4))  # others draw from the seed and from (seed, 1) to (seed, 3)
    if random.random() >= probability:
        return image
    return as_grey(image, CHANNELS[random.integers(len(CHANNELS))])


def _transforms(config: AugmentConfig, colour: bool, labels: LabelMap, coding: TargetCoding) -> list[Any]:
    library = _albumentations()
    transforms = []
    if config.flip:
        transforms.append(_flip(library, labels)(p=config.flip))
    if config.shift or config.scale or config.rotation:
        move = library.Affine(
            scale=(1 - config.scale, 1 + config.scale),
            translate_percent=(-config.shift, config.shift),
            rotate=(-config.rotation, config.rotation),
            keep_ratio=True,
            interpolation=cv2.INTER_LINEAR,
            mask_interpolation=coding.interpolation,
            border_mode=cv2.BORDER_REPLICATE,
            p=1.0,
        )
        transforms.append(move)
    if colour and (config.hue or config.saturation or config.value):
        transforms.append(library.HueSaturationValue(config.hue, config.saturation, config.value, p=0.7))
    if config.brightness or config.contrast_jitter:
        light = library.RandomBrightnessContrast(config.brightness, config.contrast_jitter, p=0.7)
        transforms.append(light)
    return transforms


def _flip(library: Any, labels: LabelMap) -> Any:
    """Return the transform that mirrors a pair, where the left one of two classes becomes the right one."""
    index_of = np.arange(256, dtype=np.uint8)
    index_of[: len(labels.names)] = labels.mirrored_indices
    if (index_of == np.arange(256)).all():
        return library.HorizontalFlip

    class SwappingFlip(library.HorizontalFlip):
        def apply_to_mask(self, mask: np.ndarray, **params: Any) -> np.ndarray:
            return index_of[super().apply_to_mask(mask, **params)]

    return SwappingFlip


def _albumentations() -> ModuleType:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # its import would ask the network otherwise
    require("albumentations", "train")
    import albumentations

    return albumentations
