"""An exponential average of a network's weights, which is judged and kept in place of the last ones."""

from collections.abc import Sequence

import keras
from keras import ops

_WARM_UP_STEPS = 9


def averaging(
    kind: type[keras.optimizers.Optimizer], weights: Sequence[keras.Variable], decay: float
) -> type[keras.optimizers.Optimizer]:
    """Return the optimizer class that also averages `weights` after each of its steps.

    After Polyak and Juditsky 1992. The weights are all of a network, batch statistics included: statistics
    of the last weights do not fit averaged ones. After step t the average keeps the share
    min(`decay`, (t - 1) / (t + 8)) of itself, so that it begins with the first step and looks back over a
    tenth of all steps at most. It is a part of the optimizer's state; the weights are not changed.

    On JAX, where a step gives the optimizer nothing but the weights that it changes, batch statistics are
    the last ones, which are averages of batches themselves.
    """

    averaged: list[keras.Variable] = []  # Keras would count an attribute to the optimizer's state

    class Averaging(kind):
        def build(self, variables):
            super().build(variables)
            changed = {id(variable) for variable in variables}
            everything = keras.backend.backend() != "jax"
            averaged[:] = [weight for weight in weights if everything or id(weight) in changed]
            self.averages = [self.add_variable_from_reference(weight, "average") for weight in averaged]

        def apply(self, grads, trainable_variables=None):
            done = ops.cast(self.iterations, "float32")
            super().apply(grads, trainable_variables)
            pace = 1 - ops.minimum(decay, done / (done + _WARM_UP_STEPS))
            for weight, average in zip(averaged, self.averages, strict=True):
                average.assign_add(pace * (weight - average))

        def exchange(self):
            for weight, average in zip(averaged, self.averages, strict=True):
                value = ops.copy(weight)
                weight.assign(average)
                average.assign(value)

    return Averaging


def exchange(model: keras.Model) -> None:
    """Let the weights and their averages change places, if the network's optimizer has averaged any."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # without loss scaling
    if hasattr(optimizer, "exchange") and int(optimizer.iterations):
        optimizer.exchange()
