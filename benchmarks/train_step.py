"""Does the network wait for data? Images/s of the training loop against the network fed from memory.

    python benchmarks/train_step.py --data DIR [--rounds N] [--photos N] [--only TRAINING]

The trainings are three of the recipe `default`: of the first pass at 256x384, and of the second pass on crops
of regions and on whole regions, with the augmentation and the recolouring that they have. DIR is the folder
of the data sets; the first pass that comes with the program gives the scores of the second's. The loop
prepares every batch as `train` does, with photos kept in memory after they were read once, and the other side
gives the network one finished batch again and again. Both run Keras `fit` on the same network, in turn, in
one process, for three epochs; the ratio of a round compares neighbours, so that a change of the machine's
speed cancels out. Printed is the CPU time of preparing a photo as well. Expected is a ratio of at least 0.95.
"""

import argparse
import dataclasses
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import project  # noqa: F401  (so that the library is found)

from segmentation.bundle.bundled import bundled_models
from segmentation.config.jobs.train import TrainOptions
from segmentation.core.imports import import_keras_quietly
from segmentation.core.workspace import Workspace
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.jobs.context import Context
from segmentation.jobs.recipe_steps import Request
from segmentation.jobs.recipes import RECIPES

import_keras_quietly()

import keras

from segmentation.jobs import training
from segmentation.jobs.train import train
from segmentation.training.freezing import phases
from segmentation.training.network import compile_network
from segmentation.training.preparing import prepare_training
from segmentation.training.request import TrainingRequest

TRAININGS = {
    "first pass": "benchmark-fold1",
    "second pass on crops": "benchmark-second",
    "second pass": "benchmark",
}

EPOCHS = 3  # of a round


class Begun(Exception):
    """Raised with the request of a training in place of fitting a network."""


class InMemory(keras.utils.PyDataset):
    """One finished batch, again and again."""

    def __init__(self, batch: tuple, num_batches: int):
        super().__init__()
        self._batch = batch
        self._num_batches = num_batches

    @property
    def num_batches(self) -> int:
        return self._num_batches

    def __getitem__(self, _index: int) -> tuple:
        return self._batch


class Clock(keras.callbacks.Callback):
    """Sets the epoch, as a training does; the seconds from the first one's begin to the last one's end."""

    def __init__(self, data: keras.utils.PyDataset):
        super().__init__()
        self._data = data
        self._started: float | None = None

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        self._data.epoch = epoch
        self._started = self._started or time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        self.seconds = time.perf_counter() - self._started


def main() -> None:
    """Measure and print images/s and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--rounds", type=int, default=5, help="of three epochs a side (default: 5)")
    parser.add_argument("--photos", type=int, default=96, help="of an epoch, at most (default: 96)")
    parser.add_argument("--only", choices=TRAININGS, help="one of the trainings (default: all)")
    options = parser.parse_args()
    recipe = RECIPES["default"].steps(Request(options.data, "benchmark"))
    steps = {step.name: step.options for step in recipe if isinstance(step.options, TrainOptions)}
    for label in [options.only] if options.only else TRAININGS:
        with tempfile.TemporaryDirectory() as home:
            training = of_same_network(steps[TRAININGS[label]], steps)
            compare(label, request_of(training, Path(home)), options.photos, options.rounds)


def of_same_network(options: TrainOptions, steps: Mapping[str, TrainOptions]) -> TrainOptions:
    """Return a training with the network of the model that it begins with in the recipe."""
    if not options.model:
        return options
    before, run = of_same_network(steps[options.model], steps).run, options.run
    seen = run.preprocessing if "input_size" in options.given else before.preprocessing
    return dataclasses.replace(options, run=dataclasses.replace(run, model=before.model, preprocessing=seen))


def request_of(options: TrainOptions, home: Path) -> TrainingRequest:
    """Return what `train` asks `fit` for, without the models that the recipe would have made before."""
    first = (str(bundled_models() / "default" / "first"),)
    alone = dataclasses.replace(options, model=None, second_pass=first if options.second_pass else ())
    strange = mock.patch.object(KnownPhotos, "trained_on", return_value=KnownPhotos(()))
    with mock.patch.object(training, "fit", _begin), strange:  # good scores cost as much as fair ones
        try:
            train(alone, Context(Workspace(home)))
        except Begun as begun:
            return begun.args[0]
    raise SystemExit("expected a training that asks for a network to be fitted")


def _begin(request: TrainingRequest, *_arguments: object, **_named: object) -> None:
    raise Begun(request)


def compare(label: str, request: TrainingRequest, photos: int, rounds: int) -> None:
    """Train on some photos of every folder, and print how fast."""
    config, batch_size = request.config, request.config.training.batch_size
    config = config.replace(epochs=EPOCHS)
    some = request.train[:: -(-len(request.train) // photos)]
    ready = prepare_training(config, some, request.labels, request.start, request.first)
    loop = ready.batches(config, batch_size)
    memory = InMemory(loop[0], loop.num_batches)
    compile_network(config, ready.model, ready.loss, phases(config.training)[0].frozen)
    for data in (loop, memory):  # compile the step, fill the cache
        ready.model.fit(data, verbose=0)
    images = EPOCHS * loop.num_batches * batch_size
    rates = [tuple(images / _seconds(ready.model, data) for data in (loop, memory)) for _ in range(rounds)]
    ratios = [of_loop / of_memory for of_loop, of_memory in rates]
    started = time.process_time()
    for index in range(EPOCHS * loop.num_batches):
        loop[index]
    prepared_ms = 1000 * (time.process_time() - started) / images
    print(
        f"{label:20} loop {statistics.median(rate[0] for rate in rates):5.2f} images/s, "
        f"from memory {statistics.median(rate[1] for rate in rates):5.2f} images/s, "
        f"ratio median {statistics.median(ratios):.3f} (min {min(ratios):.3f}, max {max(ratios):.3f}), "
        f"{prepared_ms:.0f} ms of CPU time to prepare a photo"
    )
    keras.utils.clear_session()


def _seconds(model: keras.Model, data: keras.utils.PyDataset) -> float:
    clock = Clock(data)
    model.fit(data, epochs=EPOCHS, callbacks=[clock], shuffle=False, verbose=0)
    data.epoch = 0
    return clock.seconds


if __name__ == "__main__":
    main()
