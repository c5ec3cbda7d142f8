"""The losses of several classes against other programs' and the papers' definitions; class weights."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score, jaccard_score, log_loss
from support.drawing import draw_set
from support.program import run

from main import main
from segmentation.config.loss import LossConfig
from segmentation.config.run import RunConfig
from segmentation.config.values import LOSSES as NAMES
from segmentation.config.values import MATTE_LOSSES
from segmentation.core.errors import ConfigError
from segmentation.training import class_losses, objectives
from segmentation.training.class_losses import LOSSES
from segmentation.training.class_weights import WEIGHTS, class_weights, effective_number
from segmentation.training.objectives import CrossEntropyMinusDice, WeightedLosses, build_loss

PHOTOS, HEIGHT, WIDTH, CLASSES = 3, 6, 5, 4
IGNORED = CLASSES  # an index that stands for it, in these tests alone
LEAST = keras.config.epsilon()  # a score below it costs what it costs
each_loss = pytest.mark.parametrize("name", LOSSES)


def values(tensor):
    return keras.ops.convert_to_numpy(tensor)


def one_hot(labels, classes=CLASSES, dtype=np.float32):
    """Indices [...] -> targets [..., C]; zeros alone where the index is no class."""
    return (labels[..., np.newaxis] == np.arange(classes)).astype(dtype)


@st.composite
def batches(draw, ignored=True):
    """Indices [N, H, W], the targets that they stand for, and scores that add up to one."""
    shape = (PHOTOS, HEIGHT, WIDTH)
    labels = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, CLASSES - 1 + ignored)))
    seed, sharpness = draw(st.integers(0, 999)), draw(st.sampled_from([0.2, 1.0, 3.0]))
    return labels, one_hot(labels), random_scores(labels.shape, seed, sharpness)


def random_scores(shape, seed=0, sharpness=2.0, classes=CLASSES, dtype=np.float32):
    logits = sharpness * np.random.default_rng(seed).normal(size=(*shape, classes))
    return (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)).astype(dtype)


def example(dtype=np.float32):
    """Targets with ignored pixels, and scores, of three photos."""
    labels = np.random.default_rng(1).integers(0, CLASSES + 1, (PHOTOS, HEIGHT, WIDTH))
    return one_hot(labels, dtype=dtype), random_scores(labels.shape, dtype=dtype)


def per_photo(oracle, labels, scores):
    """Return what `oracle` gives for the counted pixels of each photo: indices [M], scores float64 [M, C]."""
    results = []
    for photo_labels, photo_scores in zip(labels, scores.astype(float), strict=True):
        known = photo_labels != IGNORED
        photo_scores = photo_scores / photo_scores.sum(-1, keepdims=True)
        results.append(oracle(photo_labels[known], photo_scores[known]) if known.any() else 0.0)
    return results


# --- each loss against another's ---------------------------------------------------------------------------


@settings(max_examples=25)
@given(batches())
def test_cross_entropy_is_that_of_scikit_learn_photo_by_photo(batch):
    labels, targets, scores = batch

    def oracle(truth, given):
        return log_loss(truth, given, labels=range(CLASSES))

    expected = per_photo(oracle, labels, scores.clip(LEAST))
    found = class_losses.cross_entropy(targets, scores)
    np.testing.assert_allclose(values(found), expected, rtol=1e-4, atol=1e-6)


@settings(max_examples=25)
@given(batches())
def test_a_class_weight_multiplies_what_the_pixels_of_the_class_cost(batch):
    labels, targets, scores = batch
    weights = np.array([0.1, 0.0, 1.9, 2.0])

    def cost(labels, scores):
        return (weights[labels] * -np.log(scores[np.arange(len(labels)), labels])).mean()

    expected = per_photo(cost, labels, scores.clip(LEAST))
    found = class_losses.cross_entropy(targets, scores, weights)
    np.testing.assert_allclose(values(found), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize(
    ("function", "oracle"),
    [
        (class_losses.cross_entropy, keras.losses.CategoricalCrossentropy),
        (class_losses.focal, lambda **given: keras.losses.CategoricalFocalCrossentropy(1.0, 2.0, **given)),
    ],
    ids=["ce", "focal"],
)
def test_both_cross_entropies_are_those_of_keras_where_no_pixel_is_ignored(function, oracle, label_smoothing):
    targets, scores = one_hot(np.random.default_rng(2).integers(0, CLASSES, (2, 6, 5))), example()[1][:2]

    expected = values(oracle(label_smoothing=label_smoothing, reduction=None)(targets, scores))  # [N, H, W]
    found = function(targets, scores, label_smoothing=label_smoothing)
    np.testing.assert_allclose(values(found), expected.mean(axis=(1, 2)), rtol=1e-5)


@settings(max_examples=25)
@given(batches())
def test_dice_of_hard_scores_is_one_minus_the_f1_of_the_classes_there_are(batch):
    labels, targets, scores = batch
    chosen = scores.argmax(axis=-1)

    def oracle(truth, hard):
        hard = hard.argmax(axis=-1)
        present = np.union1d(truth, hard)  # half a pixel more on both sides, as the docstring says
        sizes = np.array([(truth == one).sum() + (hard == one).sum() for one in present])
        f1 = f1_score(truth, hard, labels=present, average=None, zero_division=0)
        return 1 - ((f1 * sizes + 1) / (sizes + 1)).mean()

    found = class_losses.dice(targets, one_hot(chosen))
    np.testing.assert_allclose(values(found), per_photo(oracle, labels, one_hot(chosen)), atol=1e-5)


def test_a_class_that_is_neither_there_nor_found_does_not_count_in_dice():
    targets = one_hot(np.zeros((1, 4, 4), int))
    scores = np.full((1, 4, 4, CLASSES), 0.1, np.float32)
    scores[..., 0] = 0.7

    hits, false, misses = 16 * 0.7, 0, 16 * 0.3
    alone = 1 - (2 * hits + 1) / (2 * hits + false + misses + 1)
    assert values(class_losses.dice(targets, scores)) == pytest.approx(alone, rel=1e-5)
    scores[0, 0, 0] = (0.1, 0.7, 0.1, 0.1)  # now a second class is found, wrongly, and counts as well
    assert values(class_losses.dice(targets, scores))[0] > (alone + 0.5) / 2


def test_tversky_weighs_false_positives_and_misses():
    labels = np.zeros((1, 10, 10), int)
    labels[:, :4] = 1  # 40 pixels
    found = np.zeros_like(labels)
    found[:, :5, :6] = 1  # 24 of them, and 6 others
    targets, scores = one_hot(labels, 2), one_hot(found, 2)

    garment = 24.5 / (24.5 + 0.3 * 6 + 0.7 * 16)
    background = 54.5 / (54.5 + 0.3 * 16 + 0.7 * 6)
    loss = values(class_losses.tversky(targets, scores, alpha=0.3, beta=0.7))
    assert loss == pytest.approx(1 - (garment + background) / 2, rel=1e-5)


def lovasz_by_its_definition(truth, scores):
    """Equations 5, 8 and 9 of Berman et al. 2018, with sets: indices [M] and scores [M, C] -> a number."""
    losses = []
    for one in np.unique(truth):
        members = {*np.flatnonzero(truth == one)}

        def jaccard_loss(wrong, members=members):
            return len(wrong) / len(members | wrong)

        errors = np.where(truth == one, 1 - scores[:, one], scores[:, one])
        order = sorted(range(len(errors)), key=lambda pixel: -errors[pixel])
        losses.append(
            sum(
                errors[pixel] * (jaccard_loss({*order[: i + 1]}) - jaccard_loss({*order[:i]}))
                for i, pixel in enumerate(order)
            )
        )
    return np.mean(losses)


@settings(max_examples=25)
@given(batches())
def test_lovasz_is_the_papers_definition(batch):
    labels, targets, scores = batch

    expected = per_photo(lovasz_by_its_definition, labels, scores)
    np.testing.assert_allclose(values(class_losses.lovasz(targets, scores)), expected, rtol=1e-4, atol=1e-6)


@settings(max_examples=10)
@given(st.lists(st.integers(0, 30), min_size=PHOTOS, max_size=PHOTOS), st.integers(0, 999))
def test_lovasz_is_that_of_the_few_classes_of_each_photo_among_many(counts, seed):
    random = np.random.default_rng(seed)
    chosen = [random.choice(30, max(1, count), replace=False) for count in counts]
    labels = np.stack([random.choice(some, (HEIGHT, WIDTH)) for some in chosen])
    labels[np.array(counts) == 0] = 30  # ignored as a whole
    targets, scores = one_hot(labels, 30), random_scores(labels.shape, seed, classes=30)

    expected = [
        lovasz_by_its_definition(truth.ravel(), given.reshape(-1, 30)) if (truth < 30).all() else 0
        for truth, given in zip(labels, scores, strict=True)
    ]
    np.testing.assert_allclose(values(class_losses.lovasz(targets, scores)), expected, rtol=1e-4)


@settings(max_examples=25)
@given(batches())
def test_lovasz_of_hard_scores_is_one_minus_the_iou_of_the_true_classes(batch):
    labels, targets, scores = batch
    hard = one_hot(scores.argmax(axis=-1))

    def oracle(truth, found):
        return 1 - jaccard_score(truth, found.argmax(axis=-1), labels=np.unique(truth), average="macro")

    expected = per_photo(oracle, labels, hard)
    np.testing.assert_allclose(values(class_losses.lovasz(targets, hard)), expected, atol=1e-6)


@settings(max_examples=25)
@given(batches())
def test_mean_squared_error_is_the_mean_over_pixels_and_classes(batch):
    labels, targets, scores = batch

    expected = per_photo(lambda t, s: np.square(one_hot(t) - s).mean(), labels, scores)
    found = class_losses.mean_squared_error(targets, scores)
    np.testing.assert_allclose(values(found), expected, rtol=1e-4, atol=1e-7)


# --- what holds for all of them ----------------------------------------------------------------------------


def gradient(function, targets, scores):
    scores = tf.convert_to_tensor(scores)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = tf.reduce_sum(function(targets, scores))
    return tape.gradient(loss, scores).numpy()


@each_loss
def test_a_perfect_prediction_costs_nothing_and_its_opposite_much(name):
    targets = one_hot(np.random.default_rng(3).integers(0, 2, (2, 8, 8)), 2)

    np.testing.assert_allclose(values(LOSSES[name](targets, targets)), 0, atol=1e-6)
    assert (values(LOSSES[name](targets, 1 - targets)) > 0.9).all()


@each_loss
def test_the_gradient_is_that_of_finite_differences(name):
    targets, scores = example(np.float64)
    found, random = gradient(LOSSES[name], targets, scores), np.random.default_rng(4)

    for _ in range(5):
        step = 1e-7 * random.normal(size=scores.shape)
        above, below = (values(LOSSES[name](targets, scores + sign * step)).sum() for sign in (1, -1))
        assert (above - below) / 2 == pytest.approx((found * step).sum(), rel=1e-4, abs=1e-13)
    assert np.abs(found).max() > 1e-3


@each_loss
def test_ignored_pixels_change_neither_loss_nor_gradient(name):
    targets, scores = example()
    ignored = targets.max(axis=-1) == 0
    other = np.where(ignored[..., np.newaxis], random_scores(ignored.shape, 9, 8.0), scores)

    assert ignored.any(axis=(1, 2)).all()
    np.testing.assert_array_equal(values(LOSSES[name](targets, scores)), values(LOSSES[name](targets, other)))
    slopes = gradient(LOSSES[name], targets, scores)
    np.testing.assert_array_equal(slopes, gradient(LOSSES[name], targets, other))
    assert not slopes[ignored].any()
    assert slopes[~ignored].any()


@each_loss
def test_a_frame_of_ignored_pixels_changes_nothing(name):
    targets, scores = example()
    frame = ((0, 0), (2, 3), (1, 0), (0, 0))
    framed = np.pad(targets, frame), np.pad(scores, frame, constant_values=1 / CLASSES)

    inner = (slice(None), slice(2, 2 + HEIGHT), slice(1, None))
    np.testing.assert_allclose(
        values(LOSSES[name](*framed)), values(LOSSES[name](targets, scores)), rtol=1e-5
    )
    np.testing.assert_allclose(
        gradient(LOSSES[name], *framed)[inner], gradient(LOSSES[name], targets, scores), atol=1e-7
    )


def test_smoothing_and_class_weights_leave_ignored_pixels_out_as_well():
    targets, scores = example()
    ignored = targets.max(axis=-1) == 0

    for function in (class_losses.cross_entropy, class_losses.focal):
        slopes = gradient(lambda t, s, f=function: f(t, s, np.arange(1.0, 5.0), 0.1), targets, scores)
        assert not slopes[ignored].any()
        assert (slopes[~ignored] != 0).all()


@each_loss
def test_a_photo_that_is_ignored_as_a_whole_costs_nothing_and_others_keep_theirs(name):
    targets, scores = example()
    alone = values(LOSSES[name](targets[1:], scores[1:]))
    targets[0] = 0

    np.testing.assert_array_equal(values(LOSSES[name](targets, scores)), [0, *alone])
    assert not gradient(LOSSES[name], targets, scores)[0].any()


@each_loss
def test_scores_of_exactly_zero_and_one_have_a_finite_gradient(name):
    targets = example()[0]
    scores = one_hot(np.random.default_rng(5).integers(0, CLASSES, targets.shape[:3]))

    assert np.isfinite(gradient(LOSSES[name], targets, scores)).all()
    assert np.isfinite(values(LOSSES[name](targets, scores))).all()


# --- cutouts as two classes --------------------------------------------------------------------------------


def cutouts(soft=True):
    random = np.random.default_rng(6)
    targets = random.random((2, 8, 8, 1)).astype(np.float32)
    return targets if soft else targets.round(), random.random((2, 8, 8, 1)).astype(np.float32)


def test_losses_of_a_cutout_are_those_of_background_and_garment():
    targets, scores = cutouts()

    def loss(text):
        return float(build_loss(RunConfig().replace(loss=text).loss, classes=1)(targets, scores))

    assert loss("ce") == pytest.approx(values(objectives.cross_entropy(targets, scores)).mean(), rel=1e-5)
    assert loss("mse") == pytest.approx(np.square(targets - scores).mean(), rel=1e-5)
    both = [objectives.dice(*pair) for pair in ((targets, scores), (1 - targets, 1 - scores))]
    assert loss("dice") == pytest.approx(1 - values(both).mean(), rel=1e-5)
    assert loss("0.5*ce + 2*mse") == pytest.approx(0.5 * loss("ce") + 2 * loss("mse"), rel=1e-6)


def test_lovasz_of_a_cutout_takes_soft_edges_and_the_scores_that_equal_them_cost_nothing():
    targets, scores = cutouts()
    loss = build_loss(RunConfig().replace(loss="lovasz").loss, classes=1)

    assert float(loss(targets, targets)) == pytest.approx(0, abs=1e-6)
    assert float(loss(targets, scores)) > 0.2
    hard = cutouts(soft=False)[0]
    expected = [lovasz_by_its_definition(t.ravel().astype(int), np.hstack([1 - s, s]))
                for t, s in zip(hard, scores.reshape(2, -1, 1), strict=True)]  # fmt: skip
    assert float(loss(hard, scores)) == pytest.approx(np.mean(expected), rel=1e-5)


# --- which loss a configuration asks for -------------------------------------------------------------------


def test_the_losses_that_can_be_named_are_those_there_are():
    assert tuple(LOSSES) == NAMES


def test_without_a_sum_a_cutout_has_the_programs_own_loss():
    loss = build_loss(LossConfig(boundary_weight=2.0), classes=1)

    assert type(loss) is CrossEntropyMinusDice
    assert loss.config.boundary_weight == 2.0


def test_without_a_sum_several_classes_have_its_weights_of_cross_entropy_and_dice():
    targets, scores = example()
    expected = 0.25 * class_losses.cross_entropy(targets, scores) + 3 * class_losses.dice(targets, scores)

    loss = build_loss(LossConfig(bce_weight=0.25, dice_weight=3.0), CLASSES)
    assert float(loss(targets, scores)) == pytest.approx(values(expected).mean(), rel=1e-6)


def test_class_weights_and_smoothing_concern_the_cross_entropies_of_the_sum():
    targets, scores = example()
    counts = np.array([[900, 80, 20, 0], [500, 0, 400, 100]])
    options = class_weights("inverse", counts), 0.1
    expected = (
        class_losses.cross_entropy(targets, scores, *options)
        + 2 * class_losses.focal(targets, scores, *options)
        + class_losses.dice(targets, scores)
    )

    settings = (
        RunConfig().replace(loss="ce + 2*focal + dice", class_weights="inverse", label_smoothing=0.1).loss
    )
    loss = build_loss(settings, CLASSES, counts)
    assert float(loss(targets, scores)) == pytest.approx(values(expected).mean(), rel=1e-6)


def test_a_sum_is_computed_in_float32_and_weighs_photos():
    targets, scores = example()
    loss = WeightedLosses(dict.fromkeys(LOSSES, 1.0))
    low = keras.ops.cast(scores, "bfloat16")
    rounded = values(keras.ops.cast(low, "float32"))

    assert float(loss(targets, low)) == pytest.approx(float(loss(targets, rounded)), rel=1e-6)
    singly = [float(loss(targets[[at]], scores[[at]])) for at in range(PHOTOS)]
    weights = np.array([1.0, 0.5, 0.0], np.float32)
    assert float(loss(targets, scores, sample_weight=weights)) == pytest.approx(
        weights @ singly / 3, rel=1e-5
    )


@pytest.mark.parametrize(
    ("options", "classes", "said"),
    [
        ({"label_smoothing": 0.1}, 1, "`label_smoothing`: expected a `loss` with ce or focal, received none"),
        ({"class_weights": "median"}, 1, "`class_weights`: expected a `loss` with"),
        ({"loss": "dice", "label_smoothing": 0.1}, 3, "received dice"),
        ({"loss": "ce", "class_weights": "inverse"}, 1, "`class_weights`: expected none for a cutout"),
        ({"boundary_weight": 2.0}, 3, "`boundary_weight`: expected 0 for several classes, received 2"),
        ({"fault_weight": 0.5}, 3, "`fault_weight`: expected 0 for several classes, received 0.5"),
    ],
)
def test_options_that_the_loss_would_not_heed_are_refused(options, classes, said):
    with pytest.raises(ConfigError) as refused:
        build_loss(RunConfig().replace(**options).loss, classes)

    assert said in str(refused.value)


@pytest.mark.parametrize("sum_of_losses", [None, "lovasz", "focal + tversky + mse"])
def test_a_network_learns_to_tell_three_classes_apart(sum_of_losses):
    keras.utils.set_random_seed(0)
    labels = np.random.default_rng(7).integers(0, 4, (4, 8, 8))
    targets = one_hot(labels, 3)  # the fourth is ignored
    images = np.where(labels == 3, 5.0, labels - 1.0)[..., np.newaxis].astype(np.float32)
    inputs = keras.Input((8, 8, 1))
    hidden = keras.layers.Conv2D(12, 1, activation="relu")(inputs)
    network = keras.Model(inputs, keras.layers.Conv2D(3, 1, activation="softmax")(hidden))
    loss = build_loss(RunConfig().replace(loss=sum_of_losses).loss, classes=3)
    network.compile(keras.optimizers.Adam(0.05), loss, weighted_metrics=objectives.metrics(3))
    for _ in range(60):
        network.train_on_batch(images, targets)

    figures = network.test_on_batch(images, targets, return_dict=True)
    assert figures.keys() == {"loss", "dice", "iou", "accuracy"}
    assert figures["accuracy"] == figures["iou"] == figures["dice"] == pytest.approx(1)


# --- class weights -----------------------------------------------------------------------------------------

counts_of_photos = hnp.arrays(np.int64, (5, 4), elements=st.integers(0, 10**6)).filter(np.any)


@given(counts_of_photos, st.sampled_from(list(WEIGHTS)))
def test_class_weights_have_mean_one_over_the_pixels(counts, name):
    weights = class_weights(name, counts)
    occurring = counts.any(axis=0)

    assert (weights[~occurring] == 0).all()
    assert (weights[occurring] > 0).all()
    assert (weights * counts).sum() == pytest.approx(counts.sum())


@pytest.mark.parametrize("name", WEIGHTS)
def test_many_rare_classes_do_not_make_a_weighted_cross_entropy_small(name):
    labels = np.zeros((1, 100, 100), int)
    labels[0, :29, 0] = np.arange(1, 30)  # a pixel each, beside 9971 of the background
    targets, scores = one_hot(labels, 30), np.full((1, 100, 100, 30), 1 / 30, np.float32)
    weights = class_weights(name, targets.sum(axis=(1, 2)))

    assert values(class_losses.cross_entropy(targets, scores, weights)) == pytest.approx(np.log(30), rel=1e-4)


@given(counts_of_photos)
def test_the_rarer_a_class_the_more_it_weighs(counts):
    counts = counts[:, counts.any(axis=0)]
    order = counts.sum(axis=0).argsort()

    for name in ("inverse", "effective"):
        assert (np.diff(class_weights(name, counts)[order]) <= 1e-12).all()


def test_inverse_frequency_weighs_every_class_the_same_as_a_whole():
    weights = class_weights("inverse", np.array([[60, 10, 0], [30, 0, 0]]))

    np.testing.assert_allclose(weights, [5 / 9, 5, 0])  # 90 pixels and 10 pixels weigh 50 each


def test_median_frequency_looks_at_the_photos_that_a_class_occurs_in():
    # shares where they occur: 160 of 200, 20 of 100, 20 of 100; the median is 0.2
    counts = np.array([[80, 20, 0], [80, 0, 20]])
    weights = class_weights("median", counts)

    np.testing.assert_allclose(weights, np.array([0.25, 1, 1]) / 0.4)  # the mean over the 200 pixels
    # a class of few photos is not punished for that, as it is by inverse frequency
    rare = np.vstack([counts, [[80, 20, 0]] * 8])
    assert class_weights("median", rare)[1] == pytest.approx(class_weights("median", rare)[2])
    assert class_weights("inverse", rare)[2] > 8 * class_weights("inverse", rare)[1]


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.9999])
def test_the_effective_number_is_that_of_the_paper(beta):
    counts = np.array([[5, 70, 2000], [5, 30, 8000]])
    numbers = counts.sum(axis=0)

    np.testing.assert_allclose(effective_number(counts, beta), (1 - beta) / (1 - beta**numbers))


def test_the_effective_number_by_default_is_the_same_for_photos_of_any_size():
    counts = np.array([[9000, 900, 100]])
    weights = [class_weights("effective", counts * scale) for scale in (1, 16, 10**4)]

    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-3)
    np.testing.assert_allclose(weights[1], weights[2], rtol=1e-3)
    # between equal weights and inverse frequency, which are 1 and 90 times as much
    assert 10 < weights[0][2] / weights[0][0] < 40


@pytest.mark.parametrize("counts", [np.zeros((2, 3)), np.array([3, 4]), np.array([[1, -1]])])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(ValueError, match=r"expected counts of pixels \[P, C\]"):
        class_weights("median", counts)


# --- as a user types it ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_cutout_can_be_trained_with_a_sum_of_losses(tmp_path):
    pairs = draw_set(tmp_path / "pairs")
    command = (
        "train", "--home", tmp_path, "--data", pairs, "--name", "summed", "--architecture", "simple",
        "--filters", 4, "--input-size", "48x64", "--epochs", 2, "--batch-size", 2,
        "--loss", "0.5*ce + lovasz", "--label-smoothing", 0.05,
    )  # fmt: skip
    run(*command)

    saved = json.loads((tmp_path / "models" / "summed" / "bundle.json").read_text())
    assert saved["config"]["loss"]["loss"] == "0.5*ce + lovasz"
    assert saved["config"]["loss"]["label_smoothing"] == 0.05
    assert 0 < saved["provenance"]["val_at_input_size"]["val_loss"] < 2  # the own loss goes down to -2
    assert 0 < saved["provenance"]["val_at_input_size"]["val_dice"] <= 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--bce-weight", "0.5"), "--bce-weight: expected without --loss"),
        (("--dice-weight", "1", "--boundary-weight", "2"), "--dice-weight and --boundary-weight: expected"),
        (("--boundary-width", "5"), "--boundary-width: expected without --loss"),
    ],
)
def test_weights_of_the_own_loss_are_refused_beside_a_sum_in_its_place(tmp_path, capsys, given, said):
    status = main(["train", "--home", str(tmp_path), "--data", "nowhere", "--loss", "ce + dice", *given])

    assert status == 2
    error = capsys.readouterr().err
    assert said in error
    assert 'received beside --loss "ce + dice"' in error
    assert len(error.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_sum_that_cannot_be_is_refused_in_a_line(tmp_path):
    done = run("train", "--home", tmp_path, "--loss", "ce + 2*dise", check=2)

    assert f"expected one of {', '.join((*NAMES, *MATTE_LOSSES))} at character 8" in done.stderr
    assert "received 'dise'" in done.stderr
    assert not list(tmp_path.iterdir())
