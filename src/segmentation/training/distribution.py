"""Several processes that train one network: each computes its part of every batch, by Keras on JAX.

Keras distributes over processes on JAX alone. A step is that of one process with the whole batch: gradients,
batch statistics and figures are those of all its photos, and each process has the same weights.
"""

from collections.abc import Callable

import keras
import numpy as np

from segmentation.training.rank import Rank


def join(address: str, rank: Rank) -> None:
    """Join the processes that meet at `address`, HOST:PORT; from here on a batch is the parts of all.

    It returns when all have come, and is called before anything is computed.
    """
    keras.distribution.initialize(address, rank.processes, rank.index)
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))


def agreed(stop: Callable[[], bool]) -> Callable[[], bool]:
    """Return a `stop` that is true in all processes at once, as soon as that of any of them is.

    One that stopped a step before the others would leave them waiting for it. All ask equally often.
    """
    from jax.experimental.multihost_utils import process_allgather

    return lambda: bool(process_allgather(np.array(stop())).any())
