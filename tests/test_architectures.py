"""The parts that each architecture takes from its paper: maxima, holes, skips, the pyramid, dense blocks."""

import re

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.program import run

from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.size import Size
from segmentation.models import registry
from segmentation.models.blocks import upsample
from segmentation.models.deeplab import aspp_rates
from segmentation.models.encoder import encode
from segmentation.models.registry import ARCHITECTURES, MOST_FILTERS
from segmentation.models.unpooling import MaxUnpooling2D, PoolingIndices

pytestmark = pytest.mark.usefixtures("networks_built_once")


def build(architecture, shape=(64, 96, 3), classes=1, **options):
    weights = "none" if ARCHITECTURES[architecture].backbone else None
    config = RunConfig().replace(
        architecture=architecture, input_size=Size(*shape[:2]), backbone_weights=weights, **options
    )
    return registry.build(registry.complete(config).model, shape, classes)


def names(network, pattern):
    return [layer.name for layer in network.layers if re.fullmatch(pattern, layer.name)]


def shape_of(network, name):
    return network.get_layer(name).output.shape[1:]


def photo(shape, seed=0):
    return np.random.default_rng(seed).standard_normal((1, *shape)).astype(np.float32)


# Networks of keras.applications as they are; the contract in test_models has smaller ones in their place.


@pytest.mark.parametrize(
    "name",
    [name for name, row in ARCHITECTURES.items() if row.family != "unet" and not row.finds_objects],
)
def test_several_classes_are_scored_in_float32_and_add_up_to_one(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build(name, (32, 64, 4), classes=5, filters=8)
    finally:
        keras.config.set_dtype_policy(before)
    scores = keras.ops.convert_to_numpy(network(photo((32, 64, 4))))

    assert scores.shape == (1, 32, 64, 5)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(axis=-1), 1, rtol=1e-5)
    assert {layer.compute_dtype for layer in network.layers if layer.weights} == {"bfloat16"}


# SegNet


def windows(features):
    """[N, H, W, C] -> [N, H / 2, W / 2, C, 4], the places of a window along the rows."""
    count, height, width, channels = features.shape
    apart = features.reshape(count, height // 2, 2, width // 2, 2, channels)
    return apart.transpose(0, 1, 3, 5, 2, 4).reshape(count, height // 2, width // 2, channels, 4)


features = st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)).flatmap(
    lambda shape: arrays(
        np.float32,
        (shape[0], 2 * shape[1], 2 * shape[2], shape[3]),
        elements=st.integers(-2, 2),  # few values, so that many are equal
    )
)


@given(features)
def test_the_index_of_a_window_is_that_of_its_first_maximum(given_features):
    indices = PoolingIndices()(given_features)

    np.testing.assert_array_equal(indices, windows(given_features).argmax(axis=-1))
    assert indices.shape == PoolingIndices().compute_output_shape(given_features.shape)


@given(features, st.integers(0, 99))
def test_a_value_goes_back_to_the_one_place_where_the_maximum_was(given_features, seed):
    places = windows(given_features).argmax(axis=-1)
    values = np.random.default_rng(seed).uniform(1, 2, places.shape).astype(np.float32)
    layer = MaxUnpooling2D()
    unpooled = keras.ops.convert_to_numpy(layer([values, PoolingIndices()(given_features)]))
    expected = np.zeros((*places.shape, 4), np.float32)
    np.put_along_axis(expected, places[..., np.newaxis], values[..., np.newaxis], axis=-1)

    assert unpooled.shape == given_features.shape == layer.compute_output_shape([values.shape])
    np.testing.assert_array_equal(windows(unpooled), expected)
    np.testing.assert_array_equal(keras.layers.MaxPooling2D()(unpooled), values)


def test_segnets_decoder_mirrors_vgg16_and_gets_nothing_but_places():
    network = build("segnet", filters=64, classes=11)
    assert network.count_params() == pytest.approx(29.45e6, rel=0.005)  # as published for eleven classes
    down = names(network, r"conv\d_\d")
    assert [shape_of(network, name)[-1] for name in down] == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert names(network, r"conv\d_\d_D") == [f"{name}_D" for name in reversed(down)]
    for level in range(1, 6):
        values, indices = network.get_layer(f"unpool{level}").input
        assert values.shape == indices.shape == network.get_layer(f"pool{level}").output.shape


# holes


@pytest.mark.parametrize(
    ("backbone", "output_stride", "layer"),
    [
        ("resnet50", 8, "conv5_block3_out"),
        ("mobilenet-v3", 16, "expanded_conv_12_depthwise"),
        ("mobilenet-v3", 8, "expanded_conv_7_depthwise"),  # beyond it the mean of all places takes part
    ],
)
def test_at_the_places_that_are_left_features_with_holes_are_those_without(backbone, output_stride, layer):
    inputs = keras.Input((64, 96, 3))
    whole, holed = (
        keras.Model(inputs, encode(inputs, backbone, output_stride=stride)) for stride in (32, output_stride)
    )
    random = np.random.default_rng(0)
    for weight in whole.weights:
        if "moving" in weight.path or "beta" in weight.path:
            weight.assign(random.uniform(0.5, 1.5, weight.shape))
    holed.set_weights(whole.get_weights())
    coarse, fine = (
        keras.ops.convert_to_numpy(
            keras.Model(inputs, network.get_layer(f"backbone.{backbone}.{layer}").output)(photo((64, 96, 3)))
        )
        for network in (whole, holed)
    )
    step = fine.shape[1] // coarse.shape[1]

    assert fine.shape[1] == 64 // output_stride
    assert step > 1
    assert coarse.std() > 1e-3
    assert np.abs(fine[:, ::step, ::step] - coarse).max() < 1e-5 * np.abs(coarse).max()


@pytest.mark.parametrize(("levels", "rates"), [(4, (6, 12, 18)), (3, (12, 24, 36))])
def test_the_pyramid_looks_as_far_as_the_paper_says(levels, rates):
    network = build("deeplab-v3-mobilenet-v3", levels=levels, filters=2)
    assert aspp_rates(2**levels) == rates
    assert shape_of(network, "concat_projection") == (64 // 2**levels, 96 // 2**levels, 2)
    for number, rate in enumerate((0, *rates)):
        assert reach(network.get_layer(f"aspp{number}")) == ({-rate, 0, rate} if rate else {0})


@pytest.mark.parametrize("levels", [3, 4])
def test_deeplab_v3_has_the_multi_grid_of_its_paper_and_no_other_network_has(levels):
    ends = {}
    for architecture in ("deeplab-v3-resnet50", "atrous-resnet50"):
        network = build(architecture, levels=levels, filters=2)
        layers = [network.get_layer(f"backbone.resnet50.conv5_block{block}_2_conv") for block in (1, 2, 3)]
        ends[architecture] = [max(reach(layer)) for layer in layers]
    rate = 32 // 2**levels

    assert ends == {"deeplab-v3-resnet50": [rate, 2 * rate, 4 * rate], "atrous-resnet50": [rate] * 3}


def reach(layer):
    """Return how many rows above and below a value affect a convolution's result for it."""
    impulse = np.zeros((1, 81, 1, layer.input.shape[-1]), np.float32)
    impulse[0, 40] = 1
    answer = keras.ops.convert_to_numpy(layer(impulse))[0, :, 0]
    return {int(row) - 40 for row in np.flatnonzero(np.abs(answer).max(axis=-1))}


def test_the_pyramid_sees_the_mean_of_the_whole_picture():
    network = build("deeplab-v3-mobilenet-v3", filters=2, norm="none")
    branch = keras.Model(network.input, network.get_layer("concat_projection").input)
    mean = keras.ops.convert_to_numpy(branch(photo((64, 96, 3))))[..., -2:]

    assert shape_of(network, "image_pooling") == (1, 1, 2)
    np.testing.assert_array_equal(mean, np.broadcast_to(mean[:, :1, :1], mean.shape))


def test_largefov_is_vgg16_that_stays_at_stride_eight():
    network = build("deeplab-largefov", (64, 96, 3), classes=21, norm="none")

    assert network.count_params() == pytest.approx(20.5e6, rel=0.005)  # as published for 21 classes
    for name in ("block4_pool", "block5_conv3", "block5_pool"):
        assert shape_of(network, f"backbone.vgg16.{name}") == (8, 12, 512)
    for number in (1, 2, 3):
        assert reach(network.get_layer(f"backbone.vgg16.block5_conv{number}")) == {-2, 0, 2}
    assert reach(network.get_layer("fc6")) == {-12, 0, 12}
    assert reach(network.get_layer("fc7")) == {0}


# FCN


def test_fcn_adds_the_scores_of_strides_16_and_8_to_the_coarsest():
    network = build("fcn-resnet50", filters=2)
    logits = keras.Model(network.input, network.get_layer("upscore8").output)
    seen = photo((64, 96, 3))
    before = keras.ops.convert_to_numpy(logits(seen))
    for name, stride, source in (
        ("score_pool3", 8, "conv3_block4_out"),
        ("score_pool4", 16, "conv4_block6_out"),
        ("score_fr", 32, None),
    ):
        layer = network.get_layer(name)
        assert layer.output.shape == (None, 64 // stride, 96 // stride, 1)
        if source:
            assert layer.input is network.get_layer(f"backbone.resnet50.{source}").output
        layer.bias.assign(layer.bias + 1)
        after = keras.ops.convert_to_numpy(logits(seen))
        np.testing.assert_allclose(after - before, 1, atol=1e-4)
        before = after


@given(st.integers(1, 8), st.floats(-2, 2), st.floats(-2, 2))
def test_enlarging_is_bilinear(times, down, across):
    rows, columns = np.mgrid[:6, :5].astype(np.float32)
    slope = (down * rows + across * columns)[np.newaxis, ..., np.newaxis].astype(np.float32)
    enlarged = keras.ops.convert_to_numpy(upsample(slope, times))[0, ..., 0]
    # centres of the small pixels in rows and columns of the large ones
    rows, columns = (np.mgrid[: 6 * times, : 5 * times] + 0.5) / times - 0.5
    inside = (rows >= 0) & (rows <= 5) & (columns >= 0) & (columns <= 4)

    assert enlarged.shape == (6 * times, 5 * times)
    np.testing.assert_allclose(enlarged[inside], (down * rows + across * columns)[inside], atol=1e-4)


# FC-DenseNet and the autoencoder


def test_the_small_tiramisu_has_56_layers_and_its_papers_widths():
    network = build("fc-densenet")
    kinds = keras.layers.Conv2D | keras.layers.Conv2DTranspose
    convolutions = [layer for layer in network.layers if isinstance(layer, kinds)]
    narrowing = [layer for layer in convolutions if layer.kernel_size == (1, 1)]

    assert len(convolutions) == 56
    # 48, and 12 more for each of the four layers of a block; the last sees 48 + 48 + 48 + 48
    assert [layer.input.shape[-1] for layer in narrowing] == [96, 144, 192, 240, 288, 192]
    enlarging = [layer for layer in convolutions if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert [layer.input.shape[-1] for layer in enlarging] == [48] * 5
    # on the way up a block sees what is enlarged and the skip, not what was enlarged before
    joined = [48 + skip for skip in (288, 240, 192, 144, 96)]
    after = [convolutions[convolutions.index(layer) + 1].input.shape[-1] for layer in enlarging]
    assert after == joined
    assert network.count_params() == pytest.approx(1.4e6, rel=0.01)


def test_the_autoencoder_brings_all_through_its_narrowest_features():
    network = build("autoencoder", (64, 32, 3), filters=4, levels=3)
    way = [shape_of(network, f"encoder{level}") for level in (1, 2, 3)]
    back = [shape_of(network, f"decoder{level}") for level in (3, 2, 1)]

    assert way == [(32, 16, 4), (16, 8, 8), (8, 4, 16)]
    assert back == [(16, 8, 8), (32, 16, 4), (64, 32, 4)]
    assert all(not isinstance(layer.input, list) for layer in network.layers[1:])
    assert not any(isinstance(layer, keras.layers.MaxPooling2D) for layer in network.layers)


# options


@pytest.mark.parametrize("name", [name for name, row in ARCHITECTURES.items() if row.possible_levels])
def test_levels_that_an_architecture_has_not_are_refused_with_those_that_it_has(name):
    row = ARCHITECTURES[name]
    config = RunConfig().replace(architecture=name, backbone_weights="none")
    for levels in range(1, 8):
        if levels in row.possible_levels:
            assert registry.complete(config.replace(levels=levels)).model.levels == levels
            continue
        with pytest.raises(ConfigError, match=f"`levels`: expected .*{row.levels}.* with {name}, received"):
            registry.complete(config.replace(levels=levels))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_input_is_a_multiple_of_two_to_the_levels(name):
    row = ARCHITECTURES[name]
    config = RunConfig().replace(architecture=name, backbone_weights="none" if row.backbone else None)
    step = 2**row.levels
    assert registry.complete(config.replace(input_size=Size(3 * step, 2 * step)))
    with pytest.raises(ConfigError, match=f"`input_size`: expected multiples of {step} for {row.levels} lev"):
        registry.complete(config.replace(input_size=Size(3 * step, 2 * step + step // 2)))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_more_filters_than_a_model_may_have_are_refused_before_training(name):
    row = ARCHITECTURES[name]
    config = RunConfig().replace(architecture=name, backbone_weights="none" if row.backbone else None)
    most = MOST_FILTERS // 2**row.levels
    assert registry.complete(config.replace(filters=most)).model.filters == most
    with pytest.raises(ConfigError, match=f"`filters`: expected at most {most} with {row.levels} levels"):
        registry.complete(config.replace(filters=most + 1))


@pytest.mark.slow
def test_a_segnet_is_trained_and_exported_from_the_command_line(tiny_set, tmp_path):
    options = f"--data {tiny_set} --home {tmp_path} --architecture segnet --filters 2 --levels 2"
    options += " --input-size 32x48 --epochs 1 --holdout 0.4"
    done = run("train", *options.split())

    assert "held-out Dice" in done.stdout
    assert (tmp_path / "models" / "segnet" / "model.xml").is_file()
