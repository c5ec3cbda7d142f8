"""The model bundle: one folder with the weights and everything needed to predict and to repeat the run.

Plain JSON and arrays: reading a bundle imports neither TensorFlow nor Keras and runs no code from it.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config import RunConfig, Size
from segmentation.errors import BundleError, ConfigError
from segmentation.files import write_text
from segmentation.types import LabelMap

DESCRIPTION = "bundle.json"
WEIGHTS = "model.weights.h5"
FORMAT = 1


@dataclass(frozen=True)
class ModelBundle:
    """What a trained model is.

    `preprocessing` is the recorded way from a photo to the network's input; `threshold` turns scores
    into a mask; `split` names the samples of the training and the validation set; `provenance` holds
    versions, git commit, data fingerprint and the figures of the run.
    """

    path: Path
    config: RunConfig
    preprocessing: dict[str, Any]
    labels: LabelMap = field(default_factory=LabelMap)
    threshold: float = 0.5
    split: dict[str, list[str]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def architecture(self) -> str:
        return self.config.model.architecture

    @property
    def input_size(self) -> Size:
        return self.config.preprocessing.input_size

    @property
    def weights(self) -> Path:
        return self.path / WEIGHTS


def save_description(bundle: ModelBundle) -> None:
    """Write `bundle.json` into the bundle's folder, with the checksum of the weights beside it."""
    plain = {
        "format": FORMAT,
        "config": bundle.config.to_json(),
        "preprocessing": bundle.preprocessing,
        "labels": {
            "names": bundle.labels.names,
            "colours": bundle.labels.colours,
            "ignore": bundle.labels.ignore,
        },
        "threshold": bundle.threshold,
        "split": bundle.split,
        "provenance": bundle.provenance,
        "files": {WEIGHTS: _sha256(bundle.weights)},
    }
    write_text(bundle.path / DESCRIPTION, json.dumps(plain, indent=2) + "\n")


def load_bundle(path: Path) -> ModelBundle:
    """Read and check the bundle in the folder `path`.

    Raises BundleError when it is missing, was written by another version, or when a file that it
    records is absent or changed.
    """
    description = path / DESCRIPTION
    if not description.is_file():
        raise BundleError(
            f"{path}: expected a model bundle with {DESCRIPTION}, found none; {_choices(path.parent)}"
        )
    try:
        plain = json.loads(description.read_text(encoding="utf-8"))
        if plain["format"] != FORMAT:
            raise BundleError(
                f"{description}: expected format {FORMAT}, received {plain['format']}; train the model again"
            )
        labels = plain["labels"]
        bundle = ModelBundle(
            path=path,
            config=RunConfig.from_json(plain["config"]),
            preprocessing=dict(plain["preprocessing"]),
            labels=LabelMap(tuple(labels["names"]), tuple(map(tuple, labels["colours"])), labels["ignore"]),
            threshold=float(plain["threshold"]),
            split=dict(plain["split"]),
            provenance=dict(plain["provenance"]),
        )
        checksums = dict(plain["files"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"{description}: not a bundle that this version writes ({error}); train the model again"
        ) from error
    _check_files(path, checksums)
    return bundle


def find_bundle(model: str | None, models_folder: Path) -> ModelBundle:
    """Load the bundle that `--model` names: a name in `models_folder`, or a path with a separator in it.

    None stands for the only model there is. Raises BundleError when there are none or several.
    """
    if model is None:
        names = _names(models_folder)
        if len(names) != 1:
            raise BundleError(
                f"--model: expected one model in {models_folder} to take; {_choices(models_folder)}"
            )
        model = names[0]
    if "/" in model or "\\" in model:
        return load_bundle(Path(model))
    return load_bundle(models_folder / check_name(model))


def check_name(name: str) -> str:
    """Return `name` if it can name a bundle, else raise ConfigError."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise ConfigError(
            f"model name: expected letters, digits and '._-' after a letter or digit, received {name!r}"
        )
    return name


def _check_files(path: Path, checksums: dict[str, str]) -> None:
    if WEIGHTS not in checksums:
        raise BundleError(
            f"{path}: expected {WEIGHTS} among the recorded files, found none; train the model again"
        )
    for name, recorded in checksums.items():
        file = path / name
        if Path(name).name != name or not file.is_file():
            raise BundleError(f"{path}: the recorded file {name} is missing; copy the whole folder again")
        if _sha256(file) != recorded:
            raise BundleError(f"{file}: differs from its recorded checksum; copy the whole folder again")


def _names(folder: Path) -> list[str]:
    return sorted(found.parent.name for found in folder.glob(f"[!.]*/{DESCRIPTION}"))


def _choices(folder: Path) -> str:
    names = _names(folder)
    return (
        f"models there: {', '.join(names)}" if names else "train one with `python main.py train --name NAME`"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
