"""Tiles: a photo scored in overlapping parts at its own resolution, merged without seams."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from segmentation.core.predictions import ScoreFn
from segmentation.core.size import Size
from segmentation.preprocessing.pixels import at_least

_SPREAD = 1 / 6  # the standard deviation of the window of a tile, of its height and width
_WHOLE = 0.1  # the weight of the whole's own scores, beside 1 in the middle of a tile
_UNSURE = (0.05, 0.95)  # pixels with scores between these are scored again

Tile = tuple[slice, slice]

Worth = Callable[[np.ndarray], bool]
"""A function that returns whether a tile of a picture, uint8 [h, w, C], is worth scoring."""


@dataclass(frozen=True)
class Tiling:
    """Tiles of `size` in pixels of the photo; neighbours share at least `overlap` of it, 0 to 0.9.

    `where` is all, or edge for the tiles alone in which the scores of the whole are unsure.
    """

    size: Size
    overlap: float = 0.25
    where: str = "all"

    def over(self, score: ScoreFn, worth: Worth | None = None) -> ScoreFn:
        """Return what `score` says of tiles, by `tiled` or `along_edge`."""
        return along_edge(score, self) if self.where == "edge" else tiled(score, self, worth)

    def __str__(self) -> str:
        return f"{self.size} on {self.where}, overlap {self.overlap:g}"

    def tiles(self, height: int, width: int) -> Iterator[Tile]:
        """Yield tiles that cover a picture, evenly spread, row by row; none is larger than the picture."""
        for rows in self._spans(height, self.size.height):
            for columns in self._spans(width, self.size.width):
                yield rows, columns

    def _spans(self, length: int, tile: int) -> list[slice]:
        tile = min(tile, length)
        step = max(1, math.floor(tile * (1 - self.overlap)))
        count = -(-(length - tile) // step) + 1
        starts = np.round(np.linspace(0, length - tile, count)).astype(int).tolist()
        return [slice(start, start + tile) for start in starts]


def tiled(score: ScoreFn, tiling: Tiling, worth: Worth | None = None) -> ScoreFn:
    """Score a picture in tiles, each weighted by a Gaussian window.

    Tiles for which `worth` is false score 0 without being looked at. The window is never 0, so that scores
    of which every tile is sure stay as they are.
    """

    def score_tiles(picture: np.ndarray) -> np.ndarray:
        sewn = _Sewn(picture.shape[:2])
        for tile in tiling.tiles(*picture.shape[:2]):
            part = picture[tile]
            if worth is None or worth(part):
                sewn.add(tile, score(part))
            else:
                sewn.add(tile, None)
        return sewn.mean()

    return score_tiles


def padded(score: ScoreFn, size: Size) -> ScoreFn:
    """Score a picture that goes on by its last row and column where it is smaller than `size`.

    So it does in training, where a network that sees tiles never sees anything enlarged.
    """

    def score_padded(picture: np.ndarray) -> np.ndarray:
        height, width = picture.shape[:2]
        return score(at_least(picture, size))[:height, :width]

    return score_padded


def along_edge(score: ScoreFn, tiling: Tiling) -> ScoreFn:
    """Score a picture as a whole, and again in the tiles where that is unsure.

    Towards the border of the tiles that are looked at the scores of the whole take over.
    """

    def score_twice(picture: np.ndarray) -> np.ndarray:
        scores = score(picture)
        sewn = _Sewn(picture.shape[:2])
        for tile in tiling.tiles(*picture.shape[:2]):
            part = scores[tile]
            if ((part > _UNSURE[0]) & (part < _UNSURE[1])).any():
                sewn.add(tile, score(picture[tile]))
        return sewn.mean(scores)

    return score_twice


class _Sewn:
    """The weighted mean of tiles."""

    def __init__(self, shape: tuple[int, int]):
        self._total: np.ndarray | None = None  # float32 [H, W, C], once a tile has told C
        self._weights = np.zeros((*shape, 1), np.float32)

    def add(self, tile: Tile, scores: np.ndarray | None) -> None:
        """Add the scores of a tile, float32 [h, w, C]; None for 0 everywhere."""
        rows, columns = (part.stop - part.start for part in tile)
        window = _window(rows, columns)
        self._weights[tile] += window
        if scores is None:
            return
        if self._total is None:
            self._total = np.zeros((*self._weights.shape[:2], scores.shape[-1]), np.float32)
        self._total[tile] += scores * window

    def mean(self, whole: np.ndarray | None = None) -> np.ndarray:
        """Return float32 [H, W, C]; `whole` are scores of the whole picture, where no tile is or ends."""
        if self._total is None:
            return np.zeros_like(self._weights) if whole is None else whole
        if whole is None:
            return self._total / self._weights
        return (self._total + _WHOLE * whole) / (self._weights + _WHOLE)


@lru_cache(maxsize=2)  # all tiles of a picture are of one size
def _window(height: int, width: int) -> np.ndarray:
    """Return the weights of a tile's pixels, float32 [height, width, 1], 1 in the middle."""
    down, across = (
        np.exp(-0.5 * ((np.arange(length) - (length - 1) / 2) / (_SPREAD * length)) ** 2)
        for length in (height, width)
    )
    return np.outer(down, across).astype(np.float32)[..., np.newaxis]
