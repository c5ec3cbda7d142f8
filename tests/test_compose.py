"""Score functions made of others keep the promise of one: the photo's size, scores in [0, 1]."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segmentation.inference.compose import flipped

sides = st.integers(1, 9)
photos = hnp.arrays(np.uint8, st.tuples(sides, sides, st.just(3)))


def red(photo):
    return photo[..., :1].astype(np.float32) / 255


def leaning(photo):
    """Scores that depend on where in the photo a pixel lies."""
    height, width = photo.shape[:2]
    return np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32)[:, None], (height, width, 1))


@given(photos)
def test_flipping_keeps_scores_that_do_not_lean_to_a_side(photo):
    scores = flipped(red)(photo)

    assert scores.shape == (*photo.shape[:2], 1)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, red(photo))


@given(photos)
def test_flipping_evens_out_what_leans_to_a_side(photo):
    scores = flipped(leaning)(photo)

    np.testing.assert_allclose(scores, 0.5 if photo.shape[1] > 1 else 0, atol=1e-6)


@given(photos)
def test_a_mirrored_photo_has_mirrored_scores(photo):
    def score(image):
        return red(image) * leaning(image)

    mirrored = np.ascontiguousarray(photo[:, ::-1])
    np.testing.assert_allclose(flipped(score)(mirrored), flipped(score)(photo)[:, ::-1], atol=1e-6)
