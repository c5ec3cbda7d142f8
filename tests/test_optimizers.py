"""The optimizers' use of gradients, beyond what Keras promises of each."""

import keras
import numpy as np
import pytest

from segmentation.config.training import TrainConfig
from segmentation.training.optimizers import OPTIMIZERS, build_optimizer

RANDOM = np.random.default_rng(0)
KERNEL, BIAS = RANDOM.normal(size=(4, 3)).astype(np.float32), RANDOM.normal(size=3).astype(np.float32)
GRADIENTS = [(RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3)) for _ in range(5)]


def learned(gradient_of, **options):
    """A kernel and a bias after a few steps; `gradient_of` takes both as they are then, and the step."""
    variables = [keras.Variable(KERNEL), keras.Variable(BIAS)]
    optimizer = build_optimizer(TrainConfig(learning_rate=0.05, **options))
    optimizer.build(variables)
    for step in range(len(GRADIENTS)):
        gradients = gradient_of(*map(np.array, variables), step)
        optimizer.apply([keras.ops.convert_to_tensor(one.astype(np.float32)) for one in gradients])
    return [np.array(variable) for variable in variables]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_l2_penalty_is_the_gradient_of_half_the_squared_sum_of_the_kernels(name):
    penalised = learned(lambda _kernel, _bias, step: GRADIENTS[step], optimizer=name, l2=0.3)
    by_hand = learned(
        lambda kernel, _bias, step: (GRADIENTS[step][0] + 0.3 * kernel, GRADIENTS[step][1]), optimizer=name
    )

    for found, expected in zip(penalised, by_hand, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    plain = learned(lambda _kernel, _bias, step: GRADIENTS[step], optimizer=name)
    np.testing.assert_array_equal(penalised[1], plain[1])  # biases are left alone
    assert np.abs(penalised[0] - plain[0]).max() > 1e-5


def test_momentum_keeps_nine_tenths_of_the_step_before():
    kernel, step = KERNEL.astype(np.float64), 0.0
    for gradient, _ in GRADIENTS:
        step = 0.9 * step - 0.05 * gradient
        kernel = kernel + step

    found, _ = learned(lambda _kernel, _bias, number: GRADIENTS[number], optimizer="momentum")
    np.testing.assert_allclose(found, kernel, rtol=1e-4)
