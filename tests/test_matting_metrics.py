"""The errors of a matte against other ways to compute them, and against pictures with a known answer."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage import measure
from sklearn.metrics import mean_absolute_error, mean_squared_error

from segmentation.metrics.matting import matte_errors

levels = st.integers(0, 255).map(lambda level: np.float32(level / 255))


@st.composite
def mattes(draw):
    """An alpha, the true one and a region that is judged."""
    shape = draw(st.tuples(st.integers(3, 20), st.integers(3, 20)))
    alphas = hnp.arrays(np.float32, shape, elements=levels)
    return draw(alphas), draw(alphas), draw(hnp.arrays(bool, shape))


def drawn(seed, noise=0.2, size=48):
    """A soft blob and the same with noise: float32 [size, size]."""
    random = np.random.default_rng(seed)
    target = np.clip(ndimage.gaussian_filter(random.normal(0, 12, (size, size)), 4) + 0.5, 0, 1)
    return np.clip(target + random.normal(0, noise, target.shape), 0, 1).astype(np.float32), target.astype(
        np.float32
    )


@given(mattes())
def test_differences_agree_with_scikit_learn(case):
    alpha, target, region = case
    found = matte_errors(alpha, target, region)
    if not region.any():
        assert (found.sad, found.mse) == (0, 0)
        return
    pair = target[region].astype(np.float64), alpha[region].astype(np.float64)
    assert found.sad == pytest.approx(mean_absolute_error(*pair) * region.sum() / 1000, abs=1e-6)
    assert found.mse == pytest.approx(mean_squared_error(*pair), abs=1e-6)


@settings(deadline=None)
@given(mattes())
def test_the_gradient_is_that_of_scipy_with_kernels_of_norm_one(case):
    alpha, target, region = case

    def derivative(values, axis):
        order = [int(axis == which) for which in range(2)]
        options = {"sigma": 1.4, "order": order, "mode": "nearest", "truncate": 4 / 1.4}
        impulse = np.zeros((21, 21))
        impulse[10, 10] = 1
        norm = np.sqrt(np.square(ndimage.gaussian_filter(impulse, **options)).sum())
        return ndimage.gaussian_filter(values.astype(np.float64), **options) / norm

    slopes = [np.hypot(derivative(values, 0), derivative(values, 1)) for values in (alpha, target)]
    expected = np.square(slopes[0] - slopes[1])[region].sum() / 1000
    assert matte_errors(alpha, target, region).gradient == pytest.approx(expected, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("seed", range(6))
def test_connectivity_agrees_with_its_definition_pixel_by_pixel(seed):
    alpha, target = drawn(seed)
    region = np.random.default_rng(seed).random(alpha.shape) < 0.7
    objects = []
    for step in range(1, 11):
        both = (alpha >= np.float32(step / 10)) & (target >= np.float32(step / 10))
        regions = measure.label(both, connectivity=1)
        sizes = np.bincount(regions.ravel())[1:]
        assert not sizes.size or np.count_nonzero(sizes == sizes.max()) == 1 or sizes.max() < 3
        objects.append(regions == sizes.argmax() + 1 if sizes.size else np.zeros_like(both))
    total = 0.0
    for place in zip(*np.nonzero(region), strict=True):
        outside = [step for step, members in enumerate(objects) if not members[place]]
        level = outside[0] / 10 if outside else 1.0
        above = [float(values[place]) - level for values in (alpha, target)]
        first, second = (1 - (value if value >= 0.15 else 0) for value in above)
        total += abs(first - second)
    assert matte_errors(alpha, target, region).connectivity == pytest.approx(total / 1000, rel=1e-4)


@given(mattes())
def test_a_perfect_matte_has_no_error_anywhere(case):
    _, target, region = case
    assert astuple(matte_errors(target, target, region)) == pytest.approx([0, 0, 0, 0], abs=1e-12)
    assert astuple(matte_errors(target, target)) == pytest.approx([0, 0, 0, 0], abs=1e-12)


def test_an_island_costs_connectivity_and_a_hole_in_a_strand_does_too():
    target = np.zeros((20, 40), np.float32)
    target[8:12, :20] = 1
    island = target.copy()
    island[9:11, 30:34] = 1
    errors = matte_errors(island, target)
    assert errors.sad == pytest.approx(0.008)
    assert errors.connectivity == pytest.approx(0.008)  # all of it hangs on nothing


def test_errors_outside_of_the_region_do_not_count():
    alpha, target = drawn(1)
    region = np.zeros(alpha.shape, bool)
    region[:24] = True
    worse = alpha.copy()
    worse[40:] = 1 - target[40:]
    assert matte_errors(worse, target, region).sad == matte_errors(alpha, target, region).sad
    assert matte_errors(worse, target).sad > matte_errors(alpha, target).sad


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"expected one shape, received \(2, 2\)"):
        matte_errors(np.zeros((2, 2)), np.zeros((2, 3)))
