"""The discriminators: small networks that see a photo with a mask, and score whether the mask is a true one.

After Iizuka et al. 2017, who judge a local patch and the whole picture, and the PatchGAN of Isola et al.
2017, whose scores each see a patch. Their weights are normalised to a spectral norm of 1 (Miyato et al.
2018), so that they stay smooth.
"""

import keras
from keras import layers

FILTERS = 24
STRIDE = 8
"""Of the scores of `local_discriminator`, in pixels of the network's input."""

_SLOPE = 0.2  # of the leaky ReLU
_HALVINGS = 4  # of the whole picture, after it is made half as large


def local_discriminator(channels: int, dtype: str) -> keras.Model:
    """Build a network whose scores each see 38 pixels: [N, H, W, channels] -> logits [N, H / 8, W / 8, 1]."""
    inputs = keras.Input((None, None, channels), name="local_pictures")
    tensor = inputs
    for level in range(3):  # three halvings: STRIDE
        tensor = _halved(tensor, FILTERS * 2**level, dtype)
    return keras.Model(inputs, _logits(layers.Conv2D(1, 3, padding="same", dtype="float32"), tensor))


def whole_discriminator(channels: int, dtype: str) -> keras.Model:
    """Build a network with one score for the whole picture: [N, H, W, channels] -> logits [N, 1]."""
    inputs = keras.Input((None, None, channels), name="whole_pictures")
    tensor = layers.AveragePooling2D(2, padding="same", dtype=dtype)(inputs)
    for level in range(_HALVINGS):
        tensor = _halved(tensor, FILTERS * 2 ** min(level, 2), dtype)
    tensor = layers.GlobalAveragePooling2D(dtype="float32")(tensor)
    return keras.Model(inputs, _logits(layers.Dense(1, dtype="float32"), tensor))


def _halved(tensor: keras.KerasTensor, filters: int, dtype: str) -> keras.KerasTensor:
    convolution = layers.Conv2D(filters, 4, strides=2, padding="same", dtype=dtype)
    tensor = layers.SpectralNormalization(convolution, dtype=dtype)(tensor)
    return layers.LeakyReLU(_SLOPE, dtype=dtype)(tensor)


def _logits(scoring: keras.Layer, tensor: keras.KerasTensor) -> keras.KerasTensor:
    return layers.SpectralNormalization(scoring, dtype="float32")(tensor)
