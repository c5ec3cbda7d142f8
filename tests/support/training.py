"""A training by the functions of the program, on samples that a test has drawn."""

from pathlib import Path
from typing import Any

from segmentation.training.fit import fit


def train(samples, folder: Path, config, **options: Any):
    """Train on the first four samples, with the others held out; `model` and `logs` lie in the folder."""
    (folder / "model").mkdir(parents=True, exist_ok=True)
    options = {"logs": folder / "logs", "fingerprint": "one", **options}
    return fit(config, samples[:4], samples[4:], folder / "model", **options)
