"""The batch normalisation that networks train with is Keras' own, whichever kernel computes it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.models.batch_norm import BatchNormalization

shapes = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6), st.integers(1, 5))


def trained_once(kind, shape, seed, **options):
    """Return results, the gradient of the input and the weights after one step of training."""
    random = np.random.default_rng(seed)
    photos = tf.constant(random.normal(random.uniform(-3, 3), 2, shape), "float32")
    of_results = tf.constant(random.standard_normal(shape), "float32")
    layer = kind(momentum=0.9, **options)
    layer.build(shape)
    layer.set_weights([random.uniform(0.5, 2, weight.shape) for weight in layer.weights])
    with tf.GradientTape() as tape:
        tape.watch(photos)
        results = tf.cast(layer(photos, training=True), "float32")
        loss = tf.reduce_sum(results * of_results)
    gradients = tape.gradient(loss, [photos, *(weight.value for weight in layer.trainable_variables)])
    return [results, *gradients, *layer.weights]


@settings(max_examples=40, deadline=None)
@given(shapes, st.integers(0, 2**16), st.booleans(), st.booleans())
def test_a_step_of_training_is_that_of_keras(shape, seed, scale, center):
    options = {"scale": scale, "center": center}
    ours = trained_once(BatchNormalization, shape, seed, **options)
    theirs = trained_once(keras.layers.BatchNormalization, shape, seed, **options)

    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_the_precision_results_are_rounded_and_statistics_are_not(dtype):
    ours = trained_once(BatchNormalization, (2, 4, 4, 3), 1, dtype=dtype)
    theirs = trained_once(keras.layers.BatchNormalization, (2, 4, 4, 3), 1, dtype=dtype)

    np.testing.assert_allclose(np.asarray(ours[0]), np.asarray(theirs[0]), rtol=0.02, atol=0.02)
    for one, other in zip(ours[-2:], theirs[-2:], strict=True):
        assert one.dtype == "float32"
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0.02)


def test_a_frozen_layer_keeps_its_statistics():
    layer = BatchNormalization()
    layer.build((1, 2, 2, 3))
    layer.trainable = False
    photo = np.full((1, 2, 2, 3), 5.0, np.float32)

    np.testing.assert_allclose(layer(photo, training=True), photo, rtol=1e-3)
    assert not np.asarray(layer.moving_mean).any()
