"""Mean and deviation of each channel of a network's input, by which `mean-std` normalises it."""

import dataclasses
from collections.abc import Callable, Iterable

import numpy as np

from segmentation.preprocessing.pixels import statistics
from segmentation.preprocessing.preprocessing import NO_STROKE, STROKES, Preprocessing

_FIXED = dict.fromkeys(("trimap", "alpha"), (0.0, 255.0)) | {STROKES: (float(NO_STROKE), 128.0)}
"""Channels that a network sees in [0, 1], and strokes in [-1, 1], so that no stroke is 0."""


def with_statistics(
    preprocessing: Preprocessing,
    start: Preprocessing | None,
    images: Callable[[], Iterable[np.ndarray]],
) -> Preprocessing:
    """Return the preprocessing with mean and deviation of its channels.

    Those of `start`, the preprocessing of the model that a training starts from, are kept, since its weights
    fit them. Others are computed of `images`, the training set, uint8 [H, W, C] with all channels but the
    guides of a matte; they are only read where that is needed.
    """
    known = _by_channel(start) if start and start.normalisation == "mean-std" else {}
    known |= _FIXED
    names = preprocessing.channel_names
    if not {*names} <= {*known}:
        measured = [name for name in names if name not in preprocessing.guides]
        mean, std = statistics(images())
        known = dict(zip(measured, zip(mean, std, strict=True), strict=True)) | known
    mean, std = zip(*(known[name] for name in names), strict=True)
    return dataclasses.replace(preprocessing, mean=mean, std=std)


def _by_channel(preprocessing: Preprocessing) -> dict[str, tuple[float, float]]:
    """The recorded statistics; a single one stands for all channels."""
    names = preprocessing.channel_names
    mean, std = (
        values if len(values) == len(names) else values * len(names)
        for values in (preprocessing.mean, preprocessing.std)
    )
    return dict(zip(names, zip(mean, std, strict=True), strict=True))
