"""Score functions made of others keep the promise of one: the photo's size, scores in [0, 1]."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from segmentation.core.labels import LabelMap
from segmentation.scores.augmentation import averaged, cleaned, flip_averaged, scale_averaged

sides = st.integers(1, 9)
photos = hnp.arrays(np.uint8, st.tuples(sides, sides, st.just(3)))


def red(photo):
    return photo[..., :1].astype(np.float32) / 255


def leaning(photo):
    """Scores that depend on where in the photo a pixel lies."""
    height, width = photo.shape[:2]
    return np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32)[:, None], (height, width, 1))


def test_a_left_shoe_is_a_right_one_in_the_mirror():
    labels = LabelMap.of(("background", "left shoe", "right shoe"))
    scores = np.zeros((3, 4, 3), np.float32)
    scores[:, :2, 1] = scores[:, 2:, 2] = 1

    found = flip_averaged(lambda _photo: scores, labels)(np.zeros((3, 4, 3), np.uint8))
    np.testing.assert_array_equal(found, scores)


@given(photos)
def test_flipping_keeps_scores_that_do_not_lean_to_a_side(photo):
    scores = flip_averaged(red)(photo)

    assert scores.shape == (*photo.shape[:2], 1)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, red(photo))


@given(photos)
def test_flipping_evens_out_what_leans_to_a_side(photo):
    scores = flip_averaged(leaning)(photo)

    np.testing.assert_allclose(scores, 0.5 if photo.shape[1] > 1 else 0, atol=1e-6)


@given(photos)
def test_a_mirrored_photo_has_mirrored_scores(photo):
    def score(image):
        return red(image) * leaning(image)

    mirrored = np.ascontiguousarray(photo[:, ::-1])
    np.testing.assert_allclose(
        flip_averaged(score)(mirrored), flip_averaged(score)(photo)[:, ::-1], atol=1e-6
    )


@given(photos, st.integers(1, 4))
def test_an_average_of_models_is_their_mean(photo, count):
    members = [lambda image, share=number: red(image) * share / count for number in range(1, count + 1)]
    scores = averaged(members)(photo)

    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, red(photo) * (count + 1) / (2 * count), atol=1e-6)
    np.testing.assert_array_equal(averaged([red])(photo), red(photo))


@given(photos, st.lists(st.floats(0, 1, width=32), min_size=1, max_size=6))
def test_an_average_lies_between_its_models(photo, shares):
    members = [lambda image, share=share: np.maximum(red(image), np.float32(share)) for share in shares]
    members.append(leaning)
    scores = [member(photo) for member in members]
    average = averaged(members)(photo)

    assert average.shape == scores[0].shape
    assert 0 <= average.min() <= average.max() <= 1
    assert (average >= np.min(scores, axis=0) - 1e-6).all()
    assert (average <= np.max(scores, axis=0) + 1e-6).all()


scales = st.tuples(st.floats(0.3, 1), st.lists(st.floats(0.3, 3), max_size=3)).map(lambda s: (s[0], *s[1]))


@given(photos, scales)
def test_scales_change_nothing_where_the_frame_has_no_say(photo, chosen):
    scores = scale_averaged(red, chosen)(photo)

    assert scores.shape == (*photo.shape[:2], 1)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, red(photo), atol=1e-6)


@given(photos, scales)
def test_scores_at_several_scales_stay_scores(photo, chosen):
    scores = scale_averaged(leaning, chosen)(photo)

    assert scores.shape == (*photo.shape[:2], 1)
    assert 0 <= scores.min() <= scores.max() <= 1


def test_a_photo_is_shown_whole_within_its_border_continued_and_cropped():
    seen = []

    def score(photo):
        seen.append(photo)
        return np.full((*photo.shape[:2], 1), len(seen) * 0.2, np.float32)

    photo = np.random.default_rng(0).integers(0, 256, (80, 41, 3), np.uint8)
    scores = scale_averaged(score)(photo)
    whole, wide, near = seen

    np.testing.assert_array_equal(whole, photo)
    np.testing.assert_array_equal(wide, np.pad(photo, ((4, 5), (2, 3), (0, 0)), "edge"))
    np.testing.assert_array_equal(near, photo[3:76, 2:39])
    np.testing.assert_allclose(scores[3:76, 2:39], 0.4, atol=1e-6)
    scores[3:76, 2:39] = 0.3
    np.testing.assert_allclose(scores, 0.3, atol=1e-6)


masks = hnp.arrays(bool, st.tuples(st.integers(1, 16), st.integers(1, 16)))


def without_small_parts(mask, limit):
    """The mask without its regions below the limit, except the largest, as scipy finds them."""
    parts, count = ndimage.label(mask, np.ones((3, 3)))
    areas = ndimage.sum_labels(mask, parts, np.arange(1, count + 1))
    limit = min(limit, areas.max(initial=0))
    kept = [number for number in range(1, count + 1) if areas[number - 1] >= limit]
    return np.isin(parts, kept)


def clean(mask, **limits):
    scores = mask[..., np.newaxis].astype(np.float32)
    return cleaned(lambda _photo: scores, 0.5, **limits)(np.zeros((*mask.shape, 3), np.uint8))[..., 0] >= 0.5


@given(masks, st.integers(0, 40))
def test_islands_below_the_limit_are_removed_and_nothing_else(mask, limit):
    np.testing.assert_array_equal(clean(mask, islands_px=limit), without_small_parts(mask, limit))


@given(masks, st.integers(0, 40))
def test_holes_below_the_limit_are_filled_and_nothing_else(mask, limit):
    np.testing.assert_array_equal(clean(mask, holes_px=limit), ~without_small_parts(~mask, limit))


def test_no_soft_rim_stays_where_an_island_was_and_the_garment_keeps_its_own():
    scores = np.zeros((40, 40, 1), np.float32)
    scores[5:20, 5:20] = 0.4
    scores[7:18, 7:18] = 0.9
    scores[28:34, 28:34] = 0.4
    scores[30:32, 30:32] = 0.9
    result = cleaned(lambda _photo: scores, 0.5, islands_px=20)(np.zeros((40, 40, 3), np.uint8))

    assert not result[24:, 24:].any()
    np.testing.assert_array_equal(result[:22, :22], scores[:22, :22])


@given(masks)
def test_without_limits_nothing_is_cleaned(mask):
    np.testing.assert_array_equal(clean(mask), mask)
