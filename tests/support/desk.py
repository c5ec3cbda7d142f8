"""Results of `predict` on drawn photos, as a review begins from them."""

import dataclasses
from pathlib import Path

import numpy as np
from PIL import Image

from segmentation.confidence.estimator import estimator_for
from support.bundles import CONFIDENCE_MODEL
from support.drawing import draw_pair
from support.folder_job import BUNDLE, cut_folder, red_score

NAMES = ("a_Front", "a_Back", "b_Front", "c_Front", "d_Front", "e_Front")
SIZE = 96, 128  # width, height


def draw_results(
    folder: Path, names=NAMES, size=SIZE, model_bundle=BUNDLE, knowing=CONFIDENCE_MODEL, **options
) -> Path:
    """Photos of garments with a sash that the second opinion does not take for garment; their results.

    `knowing` is the confidence model.
    """
    source, output = folder / "photos", folder / "results"
    source.mkdir(parents=True)
    width, height = size
    for number, name in enumerate(names):
        photo, alpha = draw_pair(number, height, width)
        inside = np.flatnonzero((alpha > 0).any(axis=1))
        rows = slice(int(inside.mean()) - height // 16, int(inside.mean()) + height // 16)
        photo[rows][alpha[rows] > 0] = (150, 60, 60)
        Image.fromarray(photo).save(source / f"{name}.png")
    estimator = estimator_for([doubting_score], 0.5, knowing)
    bundle = dataclasses.replace(model_bundle, confidence_model=knowing)
    cut_folder(source, output, bundle=bundle, score=red_score, estimator=estimator, **options)
    return output


def doubting_score(photo: np.ndarray) -> np.ndarray:
    """Like `red_score`, but the sash is no garment."""
    sash = (photo[..., 1:2] > 52) & (photo[..., :1] < 190)
    return np.where(sash, np.float32(0), red_score(photo))


def read(path: Path) -> np.ndarray:
    return np.array(Image.open(path))
