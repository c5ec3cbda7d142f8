"""A training by the functions of the program, on samples that a test has drawn."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from segmentation.training.fit import fit
from segmentation.training.request import TrainingRequest

_ASKED = {field.name for field in fields(TrainingRequest)}


def train(samples, folder: Path, config, **options: Any):
    """Train on the first four samples, with the others held out; `model` and `logs` lie in the folder."""
    (folder / "model").mkdir(parents=True, exist_ok=True)
    asked = {name: options.pop(name) for name in _ASKED & options.keys()}
    request = TrainingRequest(config, samples[:4], samples[4:], **{"fingerprint": "one", **asked})
    return fit(request, folder / "model", **{"logs": folder / "logs", **options})
