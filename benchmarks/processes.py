"""Do two processes train faster than one? Images/s of one process and of several on the same batches.

    python benchmarks/processes.py [--processes 2] [--epochs 4] [--size 96x128]

A small U-Net is trained on drawn photos by Keras on TensorFlow, as `train` does, and on JAX by one process
and by several. The first epoch, which compiles, does not count. It needs the extra `jax`.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import project  # noqa: F401  (so that the library is found)

from segmentation.config.run import RunConfig
from segmentation.core.imports import import_keras_quietly
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.jobs.training_processes import fit_in_processes
from segmentation.models.registry import complete
from segmentation.synth import write_studio
from segmentation.training.progress import StepDone
from segmentation.training.request import TrainingRequest

_PHOTOS = 56


def main() -> None:
    """Measure and print images/s and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--size", type=Size.parse, default=Size(128, 96), help="of the network's input")
    options = parser.parse_args()
    config = complete(
        RunConfig().replace(
            architecture="unet-256",
            filters=16,
            levels=4,
            input_size=options.size,
            batch_size=8,
            epochs=options.epochs,
            precision="float32",
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        write_studio(Path(folder), 20, 192, 288, 0)
        samples = discover(Path(folder), check=False).samples[: _PHOTOS + 4]
        rates = {
            "TensorFlow": _rate(config, samples),
            "JAX": _rate(config, samples, 1),
            f"JAX, {options.processes} processes": _rate(config, samples, options.processes),
        }
    for name, rate in rates.items():
        print(f"{name:20} {rate:6.1f} images/s, {rate / rates['JAX']:.2f} of one process on JAX")


def _rate(config: RunConfig, samples: tuple, processes: int = 0) -> float:
    """The median images/s of the steps of all epochs but the first."""
    rates, begun = [], []

    def tell(event: object) -> None:
        if isinstance(event, StepDone) and event.step == 1:
            begun[:] = [time.perf_counter()]
        elif isinstance(event, StepDone) and event.step == event.steps and event.epoch > 1:
            rates.append((event.steps - 1) * event.photos / (time.perf_counter() - begun[0]))

    with tempfile.TemporaryDirectory() as folder:
        (model := Path(folder) / "model").mkdir()
        request = TrainingRequest(config, samples[:_PHOTOS], samples[_PHOTOS:], "drawn")
        logs = Path(folder) / "logs"
        if processes:
            fit_in_processes(processes, request, model, logs=logs, tell=tell)
        else:
            import_keras_quietly()
            from segmentation.training.fit import fit

            fit(request, model, logs=logs, tell=tell)
    return statistics.median(rates)


if __name__ == "__main__":
    main()
