"""Does the network wait for data? Images/s of the training loop against the network fed from memory.

    python benchmarks/train_step.py [--data DIR] [--rounds N]

Both sides run Keras `fit` on the same network, in turn, in one process; the ratio of a round compares two
neighbouring epochs, so that a change of the machine's speed cancels out. The loop reads, augments and
normalises as `train` does, with photos kept in memory after the first epoch (`cached`) and read from disk
every time (`uncached`).
"""

import argparse
import dataclasses
import statistics
import tempfile
import time
from pathlib import Path

import project  # noqa: F401  (so that the library is found)

from segmentation.config.run import RunConfig
from segmentation.core.imports import import_keras_quietly
from segmentation.core.size import Size

import_keras_quietly()

import keras

from segmentation.datasets.discover import discover
from segmentation.models import registry
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.synth import write_studio
from segmentation.training.augment import build_augment
from segmentation.training.batches import Batches, PreparedPairs
from segmentation.training.objectives import CrossEntropyMinusDice, metrics
from segmentation.training.optimizers import build_optimizer, dtype_policy


class InMemory(keras.utils.PyDataset):
    """One finished batch, again and again."""

    def __init__(self, batch, num_batches: int):
        super().__init__()
        self.batch = batch
        self._num_batches = num_batches

    @property
    def num_batches(self) -> int:
        return self._num_batches

    def __getitem__(self, _index: int):
        return self.batch


def main() -> None:
    """Measure and print images/s and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="pairs to train on (default: 96 drawn photos of 1152x1728)")
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each side (default: 5)")
    options = parser.parse_args()
    config = registry.complete(
        RunConfig().replace(architecture="unet-256", filters=16, input_size=Size(256, 256))
    )
    with tempfile.TemporaryDirectory() as folder:
        if options.data is None:
            write_studio(Path(folder), 32, 1152, 1728, 0)
        samples = discover(options.data or Path(folder), check=False).samples[:96]
        for label, cache in (("cached", "2GB"), ("uncached", "0MB")):
            _compare(label, config.replace(cache=cache), samples, options.rounds)


def _compare(label: str, config: RunConfig, samples: tuple, rounds: int) -> None:
    preprocessing = dataclasses.replace(Preprocessing.from_config(config.preprocessing), normalisation="unit")
    pairs = PreparedPairs(samples, preprocessing, config.data)
    batch_size = 8
    loop = Batches(pairs, batch_size, augment=build_augment(config.augmentation), seed=0)
    memory = InMemory(loop[0], loop.num_batches)
    keras.config.set_dtype_policy(dtype_policy("auto"))
    model = registry.build(config.model, (256, 256, 3))
    model.compile(build_optimizer(config.training), CrossEntropyMinusDice(config.loss), metrics=metrics())
    for data in (loop, memory):  # compile the step, fill the cache
        model.fit(data, verbose=0)
    photos = loop.num_batches * batch_size
    rates = [(photos / _seconds(model, loop), photos / _seconds(model, memory)) for _ in range(rounds)]
    ratios = [of_loop / of_memory for of_loop, of_memory in rates]
    print(
        f"{label:9s} loop {statistics.median(rate[0] for rate in rates):5.2f} images/s, "
        f"from memory {statistics.median(rate[1] for rate in rates):5.2f} images/s, "
        f"ratio median {statistics.median(ratios):.3f} (min {min(ratios):.3f}, max {max(ratios):.3f})"
    )


def _seconds(model: keras.Model, data: keras.utils.PyDataset) -> float:
    """Return the seconds of one epoch; Keras starts and ends its reading threads outside of it."""
    clock = _Clock()
    model.fit(data, callbacks=[clock], verbose=0)
    return clock.seconds


class _Clock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002
        self.seconds = time.perf_counter() - self._started


if __name__ == "__main__":
    main()
