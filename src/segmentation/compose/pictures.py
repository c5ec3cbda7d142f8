"""The pictures that photos are layered of: which files are foregrounds, and which can lie behind them."""

from pathlib import Path

from segmentation.compose.scenery import LEAST_PX
from segmentation.core.labels import LabelMap
from segmentation.core.samples import Sample
from segmentation.core.viewpoint_names import group_and_view
from segmentation.datasets.check import Problem, attempt, check_headers, check_pixels
from segmentation.datasets.ground_truth import MaskFile
from segmentation.images.files import read_photo


def usable_foreground(path: Path, name: str) -> Sample | Problem:
    """Return a picture with transparency as photo and ground truth in one, or why it is no foreground.

    `name` is its id, which tells its group, so that a cutout stays with the other photos of its garment.
    """
    sample = Sample(name, path, MaskFile(path), *group_and_view(name))
    problem = check_headers(sample, cutout=True)
    found = problem or check_pixels(sample, LabelMap(), cutout=True)
    return found if isinstance(found, Problem) else sample


def usable_background(path: Path) -> Path | Problem:
    """Return a picture that can lie behind a foreground, or why it cannot."""
    picture = attempt(lambda: read_photo(path), path)
    if isinstance(picture, Problem):
        return picture
    height, width = picture.shape[:2]
    if min(height, width) < LEAST_PX:
        return Problem(
            path,
            f"is {width}x{height}, too small to lie behind a photo",
            f"give one of at least {LEAST_PX}x{LEAST_PX} pixels",
        )
    return path
