"""Weights on disk: kernels in half precision, nothing else changed, nothing that only training needs."""

import errno
import resource

import h5py
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from segmentation.models.weights import in_half_precision, load_weights, save_state, save_weights

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


def test_weights_and_the_state_of_the_optimizer_come_back_as_they_were(tmp_path):
    def compiled():
        network = small_network()
        network.compile("adam", "mse")
        network.optimizer.build(network.trainable_variables)
        return network

    network, again = compiled(), compiled()
    network.fit(np.ones((4, 8, 8, 3)), np.ones((4, 6, 6, 1)), verbose=0)
    save_state(network, tmp_path / "state.weights.h5")
    load_weights(again, tmp_path / "state.weights.h5")

    for before, after in zip(network.variables, again.variables, strict=True):
        np.testing.assert_array_equal(np.array(after), np.array(before))
    for before, after in zip(network.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.array(after), np.array(before))


@pytest.mark.parametrize("save", [save_weights, save_state])
def test_a_full_disk_costs_a_line_and_leaves_the_weights_before(tmp_path, save):
    """The limit of file sizes stands in for it."""
    path = tmp_path / "model.weights.h5"
    path.write_bytes(b"before")
    network, limits = small_network(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError) as raised:  # noqa: PT011
            save(network, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert (raised.value.errno, raised.value.filename) == (errno.EFBIG, str(path))
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def replaced(name, content):
    """Put something else in the place of what an HDF5 file holds under a name."""

    def damage(path):
        with h5py.File(path, "r+") as file:
            del file[name]
            if content is None:
                file.create_group(name)
            else:
                file[name] = content

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (replaced("layers/conv2d/vars/0", None), "those of the layer .* are missing, or something else"),
        (replaced("layers/conv2d/vars/0", "text"), "those of the layer .* are missing, or something else"),
        (replaced("layers/conv2d", np.zeros(3)), "its groups are not those of weights"),
        (
            replaced("layers/conv2d/vars/0", np.zeros((3, 3, 3, 8))),
            r"kernel: expected the shape \(3, 3, 3, 16\)",
        ),
        (lambda path: path.write_bytes(b"text"), "it is no HDF5 file"),
        (lambda path: path.write_bytes(path.read_bytes()[:2000]), "its end is missing"),
        (lambda path: path.unlink(), "no such file or directory"),
    ],
    ids=["group", "text", "array", "shape", "no HDF5", "cut off", "gone"],
)
def test_what_is_wrong_with_weights_is_said_in_words(tmp_path, damage, said):
    path = tmp_path / "model.weights.h5"
    save_weights(small_network(), path)
    damage(path)

    with pytest.raises(ValueError, match=said) as raised:
        load_weights(small_network(), path)
    assert not set("<>[\n") & set(str(raised.value))
