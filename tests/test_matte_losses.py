"""Losses of mattes: 0 for a perfect alpha, blind outside of the band, and what their papers say within it."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from segmentation.config.loss import LossConfig
from segmentation.config.run import RunConfig
from segmentation.config.values import MATTE_LOSSES as NAMES
from segmentation.core.errors import ConfigError
from segmentation.training import objectives
from segmentation.training.matte_losses import MATTE_LOSSES, closeness, soft_dice, soft_iou

each_loss = pytest.mark.parametrize("name", MATTE_LOSSES)
SIZE = 32


def drawn(seed, band=None):
    """Targets [2, SIZE, SIZE, 3] with a band of any form, and scores [2, SIZE, SIZE, 1]."""
    random = np.random.default_rng(seed)
    targets = random.random((2, SIZE, SIZE, 3)).astype(np.float32)
    targets[..., 1] = random.random((2, SIZE, SIZE)) < 0.6 if band is None else band
    return targets, random.random((2, SIZE, SIZE, 1)).astype(np.float32)


def values(tensor):
    return keras.ops.convert_to_numpy(tensor)


def error_of(targets, scores):
    return ((scores - targets[..., :1]) * targets[..., 1:2])[..., 0].astype(np.float64)


def test_the_names_are_those_of_the_option():
    assert (*MATTE_LOSSES,) == NAMES


@each_loss
def test_a_perfect_alpha_costs_nothing_and_any_other_does(name):
    targets, scores = drawn(0)
    np.testing.assert_allclose(values(MATTE_LOSSES[name](targets, targets[..., :1])), 0, atol=1e-6)
    assert (values(MATTE_LOSSES[name](targets, scores)) > 0.01).all()


@each_loss
def test_what_is_known_counts_nowhere(name):
    targets, scores = drawn(1)
    other = np.where(targets[..., 1:2] > 0, scores, 1 - scores)
    np.testing.assert_allclose(
        values(MATTE_LOSSES[name](targets, scores)), values(MATTE_LOSSES[name](targets, other)), rtol=1e-6
    )


@each_loss
def test_a_photo_without_a_band_costs_nothing(name):
    targets, scores = drawn(2, band=0)
    np.testing.assert_array_equal(values(MATTE_LOSSES[name](targets, scores)), 0)


def test_differences_are_means_over_the_band():
    targets, scores = drawn(3)
    error, pixels = np.abs(error_of(targets, scores)), targets[..., 1].sum(axis=(1, 2))
    np.testing.assert_allclose(
        values(MATTE_LOSSES["l1"](targets, scores)), error.sum(axis=(1, 2)) / pixels, rtol=1e-4
    )
    composed = (error * targets[..., 2]).sum(axis=(1, 2)) / pixels
    np.testing.assert_allclose(values(MATTE_LOSSES["composition"](targets, scores)), composed, rtol=1e-4)


def test_composing_again_with_the_true_colours_gives_the_composition_loss():
    random = np.random.default_rng(4)
    foreground, background = random.random((2, SIZE, SIZE, 3))
    targets, scores = (one[:1] for one in drawn(4, band=1))
    targets[..., 2] = np.abs(foreground - background).mean(axis=2)

    def composed(alpha):
        return alpha * foreground + (1 - alpha) * background

    expected = np.abs(composed(scores[0]) - composed(targets[0, ..., :1])).mean()
    assert values(MATTE_LOSSES["composition"](targets, scores))[0] == pytest.approx(expected, rel=1e-4)


def test_the_gradient_is_that_of_numpy():
    targets, scores = drawn(5)
    error, pixels = error_of(targets, scores), targets[..., 1].sum(axis=(1, 2))
    expected = sum(np.abs(np.diff(error, axis=axis)).sum(axis=(1, 2)) for axis in (1, 2)) / pixels
    np.testing.assert_allclose(values(MATTE_LOSSES["gradient"](targets, scores)), expected, rtol=1e-4)


def test_the_pyramid_is_that_of_scipy():
    targets, scores = drawn(6)
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256

    def one(level):
        total = 0.0
        for number in range(5):
            # of an even length TensorFlow's "same" starts at the second pixel
            coarse = ndimage.convolve(level, kernel, mode="constant")[1::2, 1::2]
            if len(level) == 1:
                coarse = ndimage.convolve(level, kernel, mode="constant")
            large = np.kron(coarse, np.ones((2, 2)))[: len(level), : len(level)]
            total += 2**number * np.abs(level - ndimage.convolve(large, kernel, mode="constant")).sum()
            level = coarse
        return total

    expected = [one(error) for error in error_of(targets, scores)] / targets[..., 1].sum(axis=(1, 2))
    np.testing.assert_allclose(values(MATTE_LOSSES["laplacian"](targets, scores)), expected, rtol=1e-3)


def test_figures_of_a_training_are_one_for_a_perfect_alpha_and_fall_with_the_error():
    targets, scores = drawn(8)
    between = (scores + targets[..., :1]) / 2
    for figure in (soft_dice, soft_iou, closeness):
        np.testing.assert_allclose(values(figure(targets, targets[..., :1])), 1, atol=1e-6)
        assert (values(figure(targets, between)) > values(figure(targets, scores))).all()


def test_soft_measures_are_those_of_fuzzy_sets():
    targets, scores = drawn(9)
    band = targets[..., 1] > 0
    for photo in range(2):
        alpha, found = targets[photo, ..., 0][band[photo]], scores[photo, ..., 0][band[photo]]
        both, either = np.minimum(alpha, found).sum(), np.maximum(alpha, found).sum()
        assert values(soft_dice(targets, scores))[photo] == pytest.approx(
            2 * both / (alpha.sum() + found.sum()), rel=1e-4
        )
        assert values(soft_iou(targets, scores))[photo] == pytest.approx(both / either, rel=1e-4)


def test_the_loss_of_the_target_alpha_is_the_sum_that_was_asked_for():
    targets, scores = drawn(10)
    config = RunConfig().replace(loss="2*l1 + composition").loss
    found = objectives.build_loss(config, 1, target="alpha")(targets, scores)
    parts = [values(MATTE_LOSSES[name](targets, scores)) for name in ("l1", "composition")]
    assert float(found) == pytest.approx((2 * parts[0] + parts[1]).mean(), rel=1e-5)
    default = objectives.build_loss(LossConfig(), 1, target="alpha")(targets, scores)
    sums = sum(values(MATTE_LOSSES[name](targets, scores)) for name in ("l1", "laplacian", "gradient"))
    assert float(default) == pytest.approx(sums.mean(), rel=1e-5)
    assert [one.name for one in objectives.metrics(1, "alpha")] == [one.name for one in objectives.metrics()]


@pytest.mark.parametrize(
    ("options", "target", "expected"),
    [
        (
            {"loss": "dice"},
            "alpha",
            "`loss`: expected some of l1, laplacian, .*received dice, a loss of masks",
        ),
        ({"loss": "l1"}, "soft", "`loss`: expected some of ce, .*received l1, a loss of mattes"),
        ({"boundary_weight": 2}, "alpha", "`boundary_weight`: expected 0 with `target=alpha`, received 2"),
    ],
)
def test_losses_of_the_other_kind_are_refused(options, target, expected):
    with pytest.raises(ConfigError, match=expected):
        objectives.check_loss(RunConfig().replace(**options).loss, 1, target)
