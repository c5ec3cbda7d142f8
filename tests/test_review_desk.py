"""A review at work: several requests at once, writes that fail, and a predict that runs meanwhile."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from segmentation.images.picture import Picture
from segmentation.retouch.shown import ShownPhoto


def test_tiles_that_are_asked_for_at_once_are_each_of_their_size():
    """A browser asks for six at a time."""
    pixels = np.random.default_rng(0).integers(0, 255, (3000, 4000, 3), np.uint8)
    for _ in range(3):
        shown = ShownPhoto(Picture(pixels))
        with ThreadPoolExecutor(6) as browser:
            tiles = [browser.submit(shown.tile, level, 0, 0) for level in (1, 1, 2, 2, 3, 3)]
        assert tiles[0].result() == tiles[1].result()
        assert [shown.tile(level, 1, 0) is None for level in (1, 2, 3)] == [False, True, True]
