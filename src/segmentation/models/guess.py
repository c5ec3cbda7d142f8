"""The output of a network that improves a first alpha."""

from typing import Any

import keras
from keras import layers, ops

from segmentation.models.blocks import scores

_LEAST = 0.01  # a first alpha of 0 or 1 can be wrong


class FromGuess(layers.Layer):
    """Add logits [N, H, W, 1] to those of a first alpha, the last channel of a picture [N, H, W, C].

    The first alpha is in [0, 1]. Logits of several classes stay as they are: a first alpha has none.
    """

    def call(self, logits: Any, picture: Any) -> Any:
        if logits.shape[-1] != 1:
            return logits
        guess = ops.clip(picture[..., -1:], _LEAST, 1.0 - _LEAST)
        return logits + ops.log(guess) - ops.log(1.0 - guess)


def alpha_head(tensor: keras.KerasTensor, picture: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """Score by the first alpha in the last channel of the picture and what a 3x3 convolution adds to it.

    The convolution begins with zeros, and so the network with the alpha that it is given: a few photos are
    enough to improve on it. Returns [N, H, W, classes] in [0, 1], float32.
    """
    change = layers.Conv2D(classes, 3, padding="same", kernel_initializer="zeros")(tensor)
    return scores(FromGuess(dtype="float32")(change, picture))
