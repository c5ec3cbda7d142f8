"""A network and its discriminators as one model, so that one step of any backend trains them all.

Each loss reaches the weights that it is meant for, since gradients are stopped elsewhere: the discriminators
see masks that they cannot change, and the network is judged by discriminators that it cannot change.
"""

from typing import Any

import keras
from keras import ops

from segmentation.training.adversaries.discriminators import STRIDE, local_discriminator, whole_discriminator
from segmentation.training.adversaries.pictures import Pictures, pictures_of

Tensor = Any

LOCAL, WHOLE = "local", "whole"
ADVERSARIAL = "adversarial_loss"
"""The network's loss against them: the mean of -log of the truth that they see in predicted masks."""


def discriminator_loss(name: str) -> str:
    """Return the name of a discriminator's loss in the history; by chance alone it is log 2 = 0.69."""
    return f"{name}_discriminator_loss"


class Adversaries(keras.Model):
    """A network that learns against two discriminators: photo [N, H, W, C] -> scores [N, H, W, classes].

    The loss that it is compiled with is the `loss` of its history; what is learned is that, `weight` times
    ADVERSARIAL once `followed`, and the losses of the discriminators. Of photos that are held out all are
    measured too. `target` is that of the data's configuration, and decides what a mask is.
    """

    def __init__(self, network: keras.Model, weight: float, target: str, dtype: str) -> None:
        super().__init__()
        self.network = network
        self.weight = weight
        self.target = target
        channels = network.input_shape[-1] + network.output_shape[-1]
        self.local = local_discriminator(channels, dtype)
        self.whole = whole_discriminator(channels, dtype)
        self.followed = self.add_weight(name="followed", initializer="zeros", trainable=False)
        names = ("own_loss", ADVERSARIAL, discriminator_loss(LOCAL), discriminator_loss(WHOLE))
        self.terms = [keras.metrics.Mean(name=name) for name in names]
        self.built = True  # all parts are

    @property
    def discriminators(self) -> dict[str, keras.Model]:
        """Both by name."""
        return {LOCAL: self.local, WHOLE: self.whole}

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Return the scores of the network."""
        return self.network(inputs, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        own = super().compute_loss(x, y, y_pred, sample_weight, training)
        pictures = pictures_of(y, y_pred, self.target)
        told, fooled = [], []
        for name, discriminator in self.discriminators.items():
            true, made = _seen_apart(discriminator, x, pictures, training)
            places = pictures.places(STRIDE) if name == LOCAL else ops.ones_like(true)
            told.append(_mean(0.5 * (ops.softplus(-true) + ops.softplus(made)), places))
            fooled.append(_mean(ops.softplus(-_as_it_is(discriminator, x, pictures)), places))
        adversarial = 0.5 * sum(fooled)  # each [N]
        photos = ops.shape(x)[0]
        weights = ops.ones(photos) if sample_weight is None else ops.cast(sample_weight, "float32")
        values = [ops.mean(one * weights) for one in (adversarial, *told)]
        for term, value in zip(self.terms, (own, *values), strict=True):
            term.update_state(value, photos)
        if not training:
            return own
        return own + self.weight * self.followed * values[0] + sum(values[1:])

    def get_metrics_result(self):
        figures = super().get_metrics_result()
        figures["loss"] = figures.pop(self.terms[0].name)
        return figures


def network_of(model: keras.Model) -> keras.Model:
    """Return the network that is kept of a model that was trained: without its discriminators, if any."""
    return model.network if isinstance(model, Adversaries) else model


def _seen_apart(
    discriminator: keras.Model, photos: Tensor, pictures: Pictures, training: bool
) -> tuple[Tensor, Tensor]:
    """The logits of true masks and of predicted ones, from which the discriminator learns alone."""
    both = ops.concatenate([pictures.true, ops.stop_gradient(pictures.made)])
    logits = discriminator(
        ops.concatenate([ops.concatenate([photos, photos]), both], axis=-1), training=training
    )
    true, made = ops.split(logits, 2)
    return true, made


def _as_it_is(discriminator: keras.Model, photos: Tensor, pictures: Pictures) -> Tensor:
    """The logits of predicted masks, from which the network learns alone."""
    seen = ops.concatenate([photos, pictures.made], axis=-1)
    fixed = [ops.stop_gradient(ops.convert_to_tensor(one)) for one in discriminator.trainable_variables]
    others = [ops.convert_to_tensor(one) for one in discriminator.non_trainable_variables]
    logits, _ = discriminator.stateless_call(fixed, others, seen, training=False)
    return logits


def _mean(losses: Tensor, places: Tensor) -> Tensor:
    """The mean of each photo over its places, 0 without any: two [N, ...] -> [N]."""
    axes = tuple(range(1, len(losses.shape)))
    return ops.sum(losses * places, axis=axes) / ops.maximum(ops.sum(places, axis=axes), 1e-6)
