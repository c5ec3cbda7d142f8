"""Weights on disk: kernels in half precision, nothing else changed, nothing that only training needs."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from segmentation.models.weights import in_half_precision, load_weights, save_weights

FLOATS = st.floats(-7e4, 7e4, width=32)


def small_network():
    inputs = keras.Input((8, 8, 3))
    tensor = keras.layers.BatchNormalization()(keras.layers.Conv2D(16, 3)(inputs))
    return keras.Model(inputs, keras.layers.Conv2D(1, 1)(tensor))


@settings(max_examples=100, deadline=None)
@given(arrays.arrays(np.float32, arrays.array_shapes(max_dims=4, max_side=4), elements=FLOATS))
def test_a_kernel_is_rounded_by_a_thousandth_at_most_and_anything_else_is_kept(array):
    kept = in_half_precision(array)

    if array.ndim < 2 or np.abs(array).max() > 65504:
        assert kept is array
    else:
        assert kept.dtype == np.float16
        np.testing.assert_allclose(kept.astype(np.float32), array, rtol=2**-11, atol=2**-25)


def test_saving_twice_changes_nothing_more(tmp_path):
    network = small_network()
    save_weights(network, tmp_path / "once.weights.h5")
    load_weights(network, tmp_path / "once.weights.h5")
    once = network.get_weights()
    save_weights(network, tmp_path / "twice.weights.h5")
    load_weights(network, tmp_path / "twice.weights.h5")

    for before, after in zip(once, network.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_weights_are_near_and_the_batch_statistics_exact(tmp_path):
    network = small_network()
    network.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in network.get_weights()])
    weights = network.get_weights()
    save_weights(network, tmp_path / "model.weights.h5")
    again = small_network()
    load_weights(again, tmp_path / "model.weights.h5")

    for before, after in zip(weights, again.get_weights(), strict=True):
        np.testing.assert_allclose(after, before, rtol=2**-11 if before.ndim > 1 else 0)


@pytest.mark.parametrize("optimizer", ["adamw", "rmsprop"])
def test_what_only_training_needs_is_left_behind(tmp_path, optimizer):
    network = small_network()
    save_weights(network, tmp_path / "bare.weights.h5")
    network.compile(optimizer, "mse")
    network.optimizer.build(network.trainable_variables)
    save_weights(network, tmp_path / "trained.weights.h5")

    bare, trained = (tmp_path / f"{name}.weights.h5" for name in ("bare", "trained"))
    assert trained.stat().st_size == bare.stat().st_size
    assert {path.name for path in tmp_path.iterdir()} == {bare.name, trained.name}
