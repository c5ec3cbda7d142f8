"""The output of a network that improves a first alpha."""

from typing import Any

import keras
from keras import layers, ops


class FromGuess(layers.Layer):
    """A layer that adds a change to a first alpha, the last channel of a picture, and keeps it in [0, 1].

    [N, H, W, 1] and [N, H, W, C] -> [N, H, W, 1]. In training the gradient passes as if nothing had been cut
    off (Bengio et al. 2013): a first alpha of 0 or 1 can be wrong, and the change has to be able to grow from
    there. The logits of several classes become their scores; a first alpha has none.
    """

    def call(self, change: Any, picture: Any, training: bool | None = None) -> Any:
        if change.shape[-1] != 1:
            return ops.softmax(change)
        alpha = picture[..., -1:] + change
        kept = ops.clip(alpha, 0.0, 1.0)
        return alpha + ops.stop_gradient(kept - alpha) if training else kept


def alpha_head(tensor: keras.KerasTensor, picture: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """Score by the first alpha in the last channel of the picture and what a 3x3 convolution adds to it.

    The convolution begins with zeros, and so the network with the alpha that it is given: a few photos are
    enough to improve on it. Returns [N, H, W, classes] in [0, 1], float32.
    """
    change = layers.Conv2D(classes, 3, padding="same", kernel_initializer="zeros")(tensor)
    return FromGuess(dtype="float32", name="scores")(change, picture)
