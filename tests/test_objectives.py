"""The training's losses and metrics against scikit-learn, photo by photo."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import accuracy_score, f1_score, jaccard_score, log_loss
from support.drawing import ellipse

from segmentation.config.loss import PIXEL_WEIGHTS, LossConfig
from segmentation.training import objectives
from segmentation.training.objectives import CrossEntropyMinusDice

SHAPE = (3, 12, 10, 1)
units = hnp.arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32))
masks = hnp.arrays(np.float32, SHAPE, elements=st.sampled_from([0.0, 1.0]))
random = np.random.default_rng(0)


def values(tensor):
    return keras.ops.convert_to_numpy(tensor)


def batch(*photos):
    """[N, H, W, 1] float32 of 2D arrays."""
    return np.stack(photos)[..., np.newaxis].astype(np.float32)


def garments(count=4, height=64, width=64):
    """Masks and plausible scores for them."""
    targets = batch(*(ellipse(height, width, radii=(0.1 + 0.08 * n, 0.3)) for n in range(count)))
    scores = np.clip(targets * 0.7 + 0.3 * random.random(targets.shape), 0.01, 0.99).astype(np.float32)
    return targets, scores


def per_photo(oracle, targets, scores):
    return [oracle(target.ravel(), score.ravel()) for target, score in zip(targets, scores, strict=True)]


@settings(max_examples=40)
@given(masks, units)
def test_the_metrics_are_those_of_scikit_learn_photo_by_photo(targets, scores):
    hard = scores >= 0.5
    arguments = targets >= 0.5, hard

    def smoothed_f1(target, mask):  # one pixel keeps the ratio of two empty masks defined
        total = target.sum() + mask.sum()
        return (f1_score(target, mask, zero_division=0) * total + 1) / (total + 1)

    def smoothed_iou(target, mask):
        union = (target | mask).sum()
        return (jaccard_score(target, mask, zero_division=0) * union + 1) / (union + 1)

    for function, oracle in (
        (objectives.dice_coefficient, smoothed_f1),
        (objectives.iou, smoothed_iou),
        (objectives.accuracy, accuracy_score),
    ):
        np.testing.assert_allclose(
            values(function(targets, scores)), per_photo(oracle, *arguments), rtol=1e-5
        )


@pytest.mark.parametrize(
    ("function", "oracle"),
    [(objectives.dice_coefficient, f1_score), (objectives.iou, jaccard_score)],
)
def test_the_metrics_of_photos_of_garments_are_practically_unsmoothed(function, oracle):
    targets = garments()[0]
    scores = np.roll(targets, 5, axis=1)

    expected = per_photo(oracle, targets > 0.5, scores > 0.5)
    np.testing.assert_allclose(values(function(targets, scores)), expected, atol=0.002)


@settings(max_examples=40)
@given(masks, units)
def test_cross_entropy_is_that_of_scikit_learn_photo_by_photo(targets, scores):
    # as far as float32 distinguishes scores from 0 and 1
    clipped = np.clip(scores, 1e-6, 1 - 1e-6)
    expected = per_photo(lambda target, score: log_loss(target, score, labels=[0, 1]), targets, clipped)

    np.testing.assert_allclose(
        values(objectives.cross_entropy(targets, clipped)), expected, rtol=1e-3, atol=1e-6
    )


@settings(max_examples=40)
@given(units, units)
def test_soft_dice_is_twice_the_overlap_over_the_sum(targets, scores):
    targets64, scores64 = targets.astype(float), scores.astype(float)
    overlap = (targets64 * scores64).sum(axis=(1, 2, 3))
    total = (targets64 + scores64).sum(axis=(1, 2, 3))
    result = values(objectives.dice(targets, scores))

    np.testing.assert_allclose(result, (2 * overlap + 1) / (total + 1), rtol=1e-5)
    assert ((result > 0) & (result <= 1 + 1e-6)).all()


def test_every_photo_counts_the_same_however_large_its_garment():
    tiny, large = ellipse(64, 64, radii=(0.05, 0.05)), ellipse(64, 64, radii=(0.45, 0.45))
    targets = batch(tiny, large)
    only_large = batch(np.zeros_like(tiny), large)
    result = values(objectives.dice(targets, only_large))

    assert result.shape == (2,)
    assert result[0] < 0.05
    assert result[1] == pytest.approx(1)
    metric = objectives.metrics()[0]
    metric.update_state(targets, only_large)
    assert metric.name == "dice"
    assert float(metric.result()) == pytest.approx(0.5, abs=0.03)  # over the batch as a whole it is 0.99


def test_training_metrics_are_means_over_photos_across_batches():
    targets, scores = garments()
    for metric, function in zip(
        objectives.metrics(),
        (objectives.dice_coefficient, objectives.iou, objectives.accuracy),
        strict=True,
    ):
        metric.update_state(targets[:3], scores[:3])
        metric.update_state(targets[3:], 1 - scores[3:])
        expected = [
            *values(function(targets[:3], scores[:3])),
            *values(function(targets[3:], 1 - scores[3:])),
        ]
        assert float(metric.result()) == pytest.approx(np.mean(expected), rel=1e-5), metric.name


@st.composite
def class_maps(draw):
    """Indices [N, H, W] of four classes, 4 where the pixel is ignored, and scores [N, H, W, 4]."""
    labels = draw(hnp.arrays(np.int64, SHAPE[:3], elements=st.integers(0, 4)))
    scores = np.random.default_rng(draw(st.integers(0, 999))).random((*SHAPE[:3], 4))
    return labels, (scores / scores.sum(-1, keepdims=True)).astype(np.float32)


def one_hot(labels, classes=4):
    """Zeros alone where the index is no class."""
    return (labels[..., np.newaxis] == np.arange(classes)).astype(np.float32)


@settings(max_examples=40)
@given(class_maps())
def test_the_metrics_of_several_classes_are_those_of_scikit_learn_photo_by_photo(pair):
    labels, scores = pair

    def over_true_classes(score):
        return lambda truth, found: score(truth, found, labels=np.unique(truth), average="macro")

    for function, oracle in (
        (objectives.class_dice, over_true_classes(f1_score)),
        (objectives.class_iou, over_true_classes(jaccard_score)),
        (objectives.class_accuracy, accuracy_score),
    ):
        expected = [
            oracle(truth[truth < 4], found[truth < 4]) if (truth < 4).any() else 1.0
            for truth, found in zip(labels, scores.argmax(axis=-1), strict=True)
        ]
        np.testing.assert_allclose(values(function(one_hot(labels), scores)), expected, rtol=1e-5, atol=1e-6)


def test_training_metrics_have_the_same_names_for_several_classes_and_are_means_over_photos():
    labels = random.integers(0, 5, SHAPE[:3])
    targets, scores = one_hot(labels), random.random((*SHAPE[:3], 4)).astype(np.float32)
    functions = (objectives.class_dice, objectives.class_iou, objectives.class_accuracy)

    assert [metric.name for metric in objectives.metrics(4)] == [m.name for m in objectives.metrics()]
    for metric, function in zip(objectives.metrics(4), functions, strict=True):
        metric.update_state(targets[:2], scores[:2])
        metric.update_state(targets[2:], scores[2:])
        expected = values(function(targets, scores)).mean()
        assert float(metric.result()) == pytest.approx(expected, rel=1e-5), metric.name


def test_a_photo_that_is_ignored_as_a_whole_has_nothing_wrong():
    nothing = np.zeros((1, 6, 6, 4), np.float32)

    for function in (objectives.class_dice, objectives.class_iou, objectives.class_accuracy):
        assert values(function(nothing, nothing + 0.25)) == [1]


def loss(targets, scores, **options):
    return float(CrossEntropyMinusDice(LossConfig(**options))(targets, scores))


def test_the_loss_is_half_the_cross_entropy_minus_twice_dice():
    targets, scores = garments()
    overlap, total = (targets * scores).sum(axis=(1, 2, 3)), (targets + scores).sum(axis=(1, 2, 3))
    entropy = -np.where(targets > 0.5, np.log(scores), np.log(1 - scores)).mean(axis=(1, 2, 3))
    dice = (2 * overlap + 1) / (total + 1)

    assert loss(targets, scores) == pytest.approx((0.5 * entropy - 2 * dice).mean(), rel=1e-5)
    assert loss(targets, scores, bce_weight=3, dice_weight=0) == pytest.approx(3 * entropy.mean(), rel=1e-5)
    assert loss(targets, scores, bce_weight=0, dice_weight=1) == pytest.approx(-dice.mean(), rel=1e-5)


@pytest.mark.parametrize("weight", [0.0, 3.0])
@pytest.mark.parametrize("name", PIXEL_WEIGHTS)
def test_a_perfect_mask_gives_minus_two(name, weight):
    targets = garments()[0]

    assert loss(targets, targets, **{name: weight}) == pytest.approx(-2, abs=1e-5)
    assert loss(targets, 1 - targets, **{name: weight}) > 5


def test_an_empty_photo_without_garment_is_perfect_too():
    nothing = np.zeros((1, 16, 16, 1), np.float32)

    assert loss(nothing, nothing) == pytest.approx(-2, abs=1e-5)
    for function in (objectives.dice_coefficient, objectives.iou, objectives.accuracy):
        assert values(function(nothing, nothing)) == pytest.approx(1)


@pytest.mark.parametrize("weight", [0.0, 5.0])
@pytest.mark.parametrize("bias", [-1e4, 1e4, 0.0])
def test_gradients_are_finite_even_for_scores_of_exactly_zero_and_one(bias, weight):
    inputs = keras.Input((16, 16, 1))
    layer = keras.layers.Conv2D(1, 1, activation="sigmoid", kernel_initializer="zeros")
    network = keras.Model(inputs, layer(inputs))
    layer.bias.assign([bias])
    target = batch(ellipse(16, 16), np.zeros((16, 16)), np.ones((16, 16)))
    scores = values(network(target))
    assert len(np.unique(scores)) == 1
    assert scores.flat[0] == {-1e4: 0, 1e4: 1, 0.0: 0.5}[bias]

    network.compile("sgd", CrossEntropyMinusDice(LossConfig(**dict.fromkeys(PIXEL_WEIGHTS, weight))))
    before = network.get_weights()
    value = network.train_on_batch(target, target)

    assert np.isfinite(value)
    assert all(np.isfinite(weights).all() for weights in network.get_weights())
    if not bias:
        assert any((old != new).any() for old, new in zip(before, network.get_weights(), strict=True))


def test_the_loss_is_computed_in_float32_whatever_the_scores_are():
    targets, scores = garments()
    low = keras.ops.cast(scores, "bfloat16")
    rounded = values(keras.ops.cast(low, "float32"))

    assert loss(targets, low) == pytest.approx(loss(targets, rounded), rel=1e-6)
