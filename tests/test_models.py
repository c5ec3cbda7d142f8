"""The contract that every architecture keeps, and what the program says that a network costs."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drawing import draw_pair

from segmentation.config.loss import LossConfig
from segmentation.config.network import NORMS, ModelConfig
from segmentation.config.run import RunConfig
from segmentation.config.training import TrainConfig
from segmentation.core.errors import ConfigError
from segmentation.core.size import Size
from segmentation.models import registry
from segmentation.models.architectures import ARCHITECTURES, describe
from segmentation.models.backbones import BACKBONES
from segmentation.models.cost import Cost, measure
from segmentation.models.parts import head_layers
from segmentation.models.registry import complete
from segmentation.models.up_conv import UpConv2D
from segmentation.training.objectives import CrossEntropyMinusDice
from segmentation.training.optimizers import OPTIMIZERS, build_optimizer

CONVOLUTIONS = (keras.layers.Conv2D, UpConv2D)

# two convolutions down and three up, except where the name says otherwise
COUNTS = {"simple": (1, 1), "basic": (2, 2)}

# The first row of each kind: the tests choose filters, levels and size, and one small network stands for all
# of keras.applications, so that rows which differ in these alone are here the same.
APPLICATIONS = [name for name, row in BACKBONES.items() if row.application]
KINDS = {
    (row.family, row.down_convs, row.up_convs, row.backbone and row.backbone in APPLICATIONS): name
    for name, row in reversed(ARCHITECTURES.items())
    if not row.finds_objects  # which have a contract of their own
}
NETWORKS = {name: {"architecture": name} for name in KINDS.values()}
NETWORKS["fcn-resnet50"]["levels"] = 4  # fewer would have no skip

architectures = pytest.mark.parametrize(
    "architecture", [name for name, row in ARCHITECTURES.items() if not row.finds_objects]
)
networks = pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
plain_architectures = pytest.mark.parametrize(
    "architecture", [name for name, row in ARCHITECTURES.items() if row.family == "unet" and not row.backbone]
)


@pytest.fixture(autouse=True)
def small_backbones(monkeypatch):
    """One convolution a stage for the networks of keras.applications, which have tests of their own."""

    def stand_in(row):
        def network(*, input_shape, **_options):
            tensor = inputs = keras.Input(input_shape)
            for timed, feature in enumerate(row.features):
                tensor = keras.layers.Conv2D(8 * 2**timed, 3, 2, padding="same", use_bias=False)(tensor)
                tensor = keras.layers.BatchNormalization()(tensor)
                tensor = keras.layers.Activation("relu", name=feature)(tensor)
            return keras.Model(inputs, tensor)

        return network

    for row in BACKBONES.values():
        if row.application:
            monkeypatch.setattr(keras.applications, row.application, stand_in(row))


def build(architecture, shape=(32, 32, 3), *, filters=4, levels=2, classes=1, **options):
    row = ARCHITECTURES[architecture]
    levels = max(levels, min(row.possible_levels or [levels]))
    options = {"backbone_weights": "none" if row.backbone else None, **options}
    config = RunConfig().replace(
        architecture=architecture,
        filters=filters,
        levels=levels,
        input_size=Size(height=shape[0], width=shape[1]),
        **options,
    )
    return registry.build(complete(config).model, shape, classes)


def photos(shape, count=2, seed=0):
    return np.random.default_rng(seed).standard_normal((count, *shape)).astype(np.float32)


def layers_of(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


@networks
@pytest.mark.parametrize(("policy", "shape"), [("float32", (32, 48, 1)), ("mixed_bfloat16", (96, 64, 3))])
def test_scores_have_the_photos_size_and_lie_between_zero_and_one(options, policy, shape):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = build(shape=shape, **options)
    finally:
        keras.config.set_dtype_policy(before)
    scores = keras.ops.convert_to_numpy(network(photos(shape)))

    assert scores.shape == (2, *shape[:2], 1)
    assert scores.dtype == np.float32
    assert 0 <= scores.min() < scores.max() <= 1
    # finer than bfloat16, whatever the layers compute in
    assert (scores.view(np.uint32) & 0xFFFF).any()
    kinds = {layer.compute_dtype for layer in layers_of(network, CONVOLUTIONS)}
    assert kinds == {policy.removeprefix("mixed_")}


@architectures
def test_the_scores_of_several_classes_add_up_to_one(architecture):
    scores = keras.ops.convert_to_numpy(build(architecture, classes=5)(photos((32, 32, 3))))

    assert scores.shape == (2, 32, 32, 5)
    np.testing.assert_allclose(scores.sum(axis=-1), 1, rtol=1e-5)


@architectures
def test_the_head_is_all_that_depends_on_the_number_of_classes(architecture):
    levels = min(4, max(ARCHITECTURES[architecture].possible_levels or [4]))
    one, five = (build(architecture, classes=classes, levels=levels) for classes in (1, 5))
    differing = [
        new.name
        for old, new in zip(one.layers, five.layers, strict=True)
        if [weight.shape for weight in old.weights] != [weight.shape for weight in new.weights]
    ]

    assert differing
    assert sorted(layer.name for layer in head_layers(five)) == sorted(differing)


@networks
def test_four_photos_can_be_learned_by_heart(options):
    keras.utils.set_random_seed(0)
    # enlarged scores of every eighth pixel follow no edge
    coarse = ARCHITECTURES[options["architecture"]].possible_levels is not None
    side, filters, learned = (64, 32, -1.75) if coarse else (32, 8, -1.9)
    pairs = [draw_pair(seed, side, side) for seed in range(4)]
    images = np.stack([photo for photo, _ in pairs]).astype(np.float32) / 127.5 - 1
    targets = np.stack([alpha for _, alpha in pairs])[..., np.newaxis].astype(np.float32) / 255
    network = build(shape=(side, side, 3), **{"filters": filters, "levels": 1, **options})
    network.compile(keras.optimizers.Adam(0.03), CrossEntropyMinusDice(LossConfig()))
    network.optimizer.build(network.trainable_variables)  # or TensorFlow would trace the step twice

    losses = [float(network.train_on_batch(images, targets)) for _ in range(30)]

    # from a guess nearly to perfect masks, which give -2
    assert losses[0] > -1
    assert losses[-1] < learned


@networks
def test_saved_weights_give_the_same_scores(options, tmp_path):
    network = build(**options)
    images = photos((32, 32, 3))
    network(images, training=True)  # moves the statistics of the normalisation
    network.save_weights(tmp_path / "model.weights.h5")
    again = build(**options)
    different = keras.ops.convert_to_numpy(again(images))
    again.load_weights(tmp_path / "model.weights.h5")
    expected = keras.ops.convert_to_numpy(network(images))

    np.testing.assert_array_equal(again(images), expected)
    assert np.abs(different - expected).max() > 1e-3


@plain_architectures
@pytest.mark.parametrize("levels", [1, 3])
def test_the_number_of_convolutions_is_the_tables(architecture, levels):
    down, up = COUNTS.get(architecture, (2, 3))
    network = build(architecture, levels=levels)
    kernels = [layer.kernel.shape[:2] for layer in layers_of(network, CONVOLUTIONS)]

    assert kernels.count((3, 3)) == down * (levels + 1) + up * levels
    assert kernels.count((1, 1)) == 1
    assert len(layers_of(network, keras.layers.MaxPooling2D)) == levels
    assert len(layers_of(network, UpConv2D)) == levels


@pytest.mark.parametrize("bias", [False, True])
@given(height=st.integers(1, 5), width=st.integers(1, 5), skip=st.integers(1, 4), coarse=st.integers(1, 4))
@settings(max_examples=15)
def test_the_up_convolution_is_that_of_the_joined_and_upsampled_features(bias, height, width, skip, coarse):
    random = np.random.default_rng(0)
    features = random.standard_normal((2, 2 * height, 2 * width, skip)).astype(np.float32)
    below = random.standard_normal((2, height, width, coarse)).astype(np.float32)
    joined = np.concatenate([features, below.repeat(2, axis=1).repeat(2, axis=2)], axis=-1)
    textbook = keras.layers.Conv2D(3, 3, padding="same", use_bias=bias, bias_initializer="random_normal")
    expected = textbook(joined)
    layer = UpConv2D(3, use_bias=bias)
    layer.build([features.shape, below.shape])
    layer.set_weights(textbook.get_weights())

    np.testing.assert_allclose(layer([features, below]), expected, atol=1e-5)
    assert layer.compute_output_shape([features.shape, below.shape]) == expected.shape


def test_filters_double_with_each_level():
    network = build("unet-256", filters=4, levels=3)
    filters = [layer.filters for layer in layers_of(network, CONVOLUTIONS)]

    assert filters == [4, 4, 8, 8, 16, 16, 32, 32, 16, 16, 16, 8, 8, 8, 4, 4, 4, 1]


@architectures
def test_an_architecture_brings_its_own_size_filters_and_levels(architecture):
    row = ARCHITECTURES[architecture]
    config = RunConfig().replace(architecture=architecture, backbone_weights="none" if row.backbone else None)
    levels = min(row.possible_levels or [1])
    size = Size(4 * 2**levels, 3 * 2**levels)
    own = complete(config)
    chosen = complete(config.replace(filters=3, levels=levels, input_size=size))

    assert (own.model.filters, own.model.levels) == (row.filters, row.levels)
    assert own.preprocessing.input_size == row.size
    assert (chosen.model.filters, chosen.model.levels) == (3, levels)
    assert chosen.preprocessing.input_size == size
    assert f"{architecture}: {row.filters} filters, {row.levels} levels, {row.size}" in describe()


@pytest.mark.parametrize("side", [128, 256, 512, 1024])
def test_the_carvana_sizes_are_in_the_table(side):
    assert ARCHITECTURES[f"unet-{side}"].size == Size(side, side)


@pytest.mark.parametrize(
    ("size", "nearest"),
    [
        (Size(height=100, width=64), "64x96"),
        (Size(height=96, width=65), "64x96"),
        (Size(height=5, width=250), "256x32"),
        (Size(height=1728, width=1152), None),
    ],
)
def test_a_size_that_the_levels_do_not_divide_is_refused_with_the_nearest(size, nearest):
    config = RunConfig().replace(levels=5, input_size=size)
    if nearest is None:
        assert complete(config).preprocessing.input_size == size
        return

    with pytest.raises(ConfigError) as refused:
        complete(config)

    assert "multiples of 32 for 5 levels" in str(refused.value)
    assert f"received {size}" in str(refused.value)
    assert f"the nearest is {nearest}" in str(refused.value)
    assert complete(config.replace(input_size=Size.parse(nearest)))


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 8))
def test_the_nearest_size_is_nearest_and_can_be_built(height, width, levels):
    config = RunConfig().replace(levels=levels, input_size=Size(height, width))
    step = 2**levels
    try:
        complete(config)
    except ConfigError as refused:
        nearest = Size.parse(str(refused).split()[-1])
        complete(config.replace(input_size=nearest))
        for length, near in ((height, nearest.height), (width, nearest.width)):
            assert abs(near - length) <= step / 2 or (near == step and length < step)
    else:
        assert height % step == width % step == 0


def test_an_unknown_architecture_is_refused_with_the_choices():
    config = RunConfig(model=ModelConfig(architecture="unet-257"))
    for use in (
        lambda: RunConfig().replace(architecture="unet-257"),
        lambda: complete(config),
        lambda: registry.build(config.model, (32, 32, 3)),
    ):
        with pytest.raises(ConfigError) as refused:
            use()
        assert "'unet-257'" in str(refused.value)
        assert all(name in str(refused.value) for name in ARCHITECTURES)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("filters", [1, 4, 12, 17, 28])
def test_every_norm_can_be_built_with_any_number_of_filters(norm, filters):
    network = build("unet-128", (8, 8, 3), filters=filters, levels=1, norm=norm)
    scores = keras.ops.convert_to_numpy(network(photos((8, 8, 3))))

    assert np.isfinite(scores).all()
    normalising = layers_of(network, (keras.layers.BatchNormalization, keras.layers.GroupNormalization))
    assert len(normalising) == (0 if norm == "none" else 7)
    # a normalisation takes away what a bias adds
    biased = [layer.use_bias for layer in layers_of(network, CONVOLUTIONS)]
    assert biased == [norm == "none"] * 7 + [True]


def test_the_momentum_of_the_batch_statistics_is_that_asked_for():
    network = build("simple", norm_momentum=0.7)
    momenta = {layer.momentum for layer in layers_of(network, keras.layers.BatchNormalization)}

    assert momenta == {0.7}


@pytest.mark.parametrize("norm", ["group", "layer", "none"])
def test_without_batch_statistics_a_photo_is_scored_alone(norm):
    network = build("unet-256", norm=norm)
    images = photos((32, 32, 3), count=3)

    together = keras.ops.convert_to_numpy(network(images, training=True))
    alone = keras.ops.convert_to_numpy(network(images[:1], training=True))

    np.testing.assert_allclose(together[:1], alone, atol=1e-5)


def test_groups_are_at_least_eight_channels_and_divide_them():
    network = build("unet-256", filters=24, norm="group")
    for layer in layers_of(network, keras.layers.GroupNormalization):
        channels = layer.gamma.shape[0]
        assert channels % layer.groups == 0
        assert channels / layer.groups == 8


def test_parameters_and_arithmetic_are_those_of_a_hand_computation():
    network = build("simple", (8, 8, 3), filters=2, levels=1, norm="none")
    # down 3 -> 2 at 8x8; centre 2 -> 4 at 4x4; up 4 + 2 -> 2 at 8x8; 1x1 2 -> 1 at 8x8
    weights = [9 * 3 * 2, 9 * 2 * 4, 9 * 6 * 2, 2 * 1]
    biases = 2 + 4 + 2 + 1
    # the four upsampled channels meet four different weights, the two of the skip meet nine
    up = (4 * 4 + 9 * 2) * 2
    multiplications = 64 * weights[0] + 16 * weights[1] + 64 * up + 64 * weights[3]
    cost = measure(network)

    assert cost.parameters == sum(weights) + biases == network.count_params()
    assert cost.gflop == pytest.approx(2 * multiplications / 1e9)


def test_activations_are_those_of_a_hand_computation():
    network = build("simple", (8, 8, 3), filters=2, levels=1, norm="none")
    down = 64 * 2 * 2 + 16 * 2  # convolution and ReLU, pooling
    centre = 16 * 4 * 2
    up = 64 * 2 * 2 + 64 * 2  # convolution and ReLU, score before and after

    assert measure(network).activations == down + centre + up


def test_a_transposed_convolution_costs_a_kernel_for_every_value_that_it_enlarges():
    network = build("autoencoder", (8, 8, 3), filters=2, levels=1, norm="none")
    # down 3 -> 2 at 4x4; up 2 -> 2, nine weights each for 4x4 pixels; 1x1 2 -> 1 at 8x8
    multiplications = 16 * 9 * 3 * 2 + 16 * 9 * 2 * 2 + 64 * 2

    assert measure(network).gflop == pytest.approx(2 * multiplications / 1e9)


def test_holes_cost_nothing():
    fine, coarse = (build("atrous-resnet50", (32, 32, 3), levels=levels) for levels in (3, 4))
    for network, size in ((fine, 4), (coarse, 2)):
        head = 2 * size * size * (9 * 128 * 4 + 4)  # the last features, 3x3 to four filters, then the scores
        assert network.get_layer("head").input.shape[1:] == (size, size, 128)
        backbone = sum(
            2 * math.prod(layer.output.shape[1:]) * 9 * layer.input.shape[-1]
            for layer in layers_of(network, keras.layers.Conv2D)
            if layer.name.startswith("backbone.")
        )
        assert measure(network).gflop == pytest.approx((backbone + head) / 1e9)


def test_the_large_u_net_costs_161_gflop_where_upsampling_and_joining_would_make_it_194():
    network = build("unet-1024", (1024, 1024, 3), filters=16, levels=6)
    cost = measure(network)
    spared = sum(
        2 * 5 * math.prod(layer.output.shape[1:]) * layer.input[1].shape[-1]
        for layer in layers_of(network, UpConv2D)
    )

    assert cost.gflop == pytest.approx(161, rel=0.01)
    assert cost.gflop + spared / 1e9 == pytest.approx(194, rel=0.01)
    assert cost.parameters == network.count_params()


@pytest.mark.parametrize("average", [0, 0.9])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_memory_of_an_optimizer_is_what_it_really_keeps(name, average):
    network = build("simple", norm="none")
    optimizer = build_optimizer(TrainConfig(optimizer=name, average=average), weights=network.weights)
    optimizer.build(network.trainable_variables)
    kept = sum(math.prod(variable.shape) for variable in optimizer.variables) - 2  # iterations, rate
    cost, nothing = measure(network), Cost(0, 0.0, 0)
    weights_and_gradients = 2 * cost.parameters
    estimated = cost.training_bytes(0, name, averaged=average > 0) - nothing.training_bytes(0, name)

    assert estimated == 4 * (weights_and_gradients + kept)


costs = st.builds(Cost, st.integers(1, 10**9), st.floats(0.1, 1e4), st.integers(10**4, 10**9))
optimizers = st.sampled_from(list(OPTIMIZERS))


@given(costs, optimizers, st.integers(1, 64), st.sampled_from([2, 4]))
def test_memory_grows_by_the_same_amount_with_each_photo(cost, optimizer, batch_size, value_bytes):
    less, here, more = (
        cost.training_bytes(batch_size + change, optimizer, value_bytes) for change in (-1, 0, 1)
    )

    assert more - here == here - less > 0
    assert here - less == 2 * value_bytes * cost.activations


@given(costs, optimizers, st.sampled_from([2, 4]), st.integers(0, 64 * 2**30))
def test_the_largest_batch_fits_and_one_more_does_not(cost, optimizer, value_bytes, memory):
    try:
        batch_size = cost.largest_batch(memory, optimizer, value_bytes)
    except ConfigError:
        assert cost.training_bytes(1, optimizer, value_bytes) > memory
    else:
        assert batch_size >= 1
        assert cost.training_bytes(batch_size, optimizer, value_bytes) <= memory
        assert cost.training_bytes(batch_size + 1, optimizer, value_bytes) > memory


def test_when_nothing_fits_the_need_and_the_memory_are_named():
    cost = Cost(1000, 1.0, 2**28)  # 2 GB of activations and their gradients, half a GB beside them
    with pytest.raises(ConfigError) as refused:
        cost.largest_batch(2**30, "rmsprop")

    for part in ("`batch_size=auto`", "2.5 GB", "1.0 GB", "`input_size`", "`filters`"):
        assert part in str(refused.value)
