"""Write the description of a bundle, and put an exported network into it."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import ENGINE_FILES, FIRST, WEIGHTS, ModelBundle
from segmentation.bundle.names import DESCRIPTION
from segmentation.bundle.schema import CONTROL_CHARACTERS, FORMAT
from segmentation.confidence.model import ConfidenceModel
from segmentation.core.digests import sha256_of
from segmentation.core.files import put_together, write_text


def save_description(bundle: ModelBundle, *, exported: bool = True) -> ModelBundle:
    """Write `bundle.json` into the bundle's folder; return the bundle with the checksums recorded.

    They are the checksums of the weights, of `ENGINE_FILES` where a network was exported whole (unless
    `exported` is False), and of a first pass's description: nothing that predictions do not need, so that a
    lost plot does not disable a model.
    """
    whole = exported and all((bundle.path / name).is_file() for name in ENGINE_FILES)
    checksums = {name: sha256_of(bundle.path / name) for name in (WEIGHTS, *(ENGINE_FILES if whole else ()))}
    saved = dataclasses.replace(bundle, provenance=_plain(bundle.provenance), files=checksums)
    description = {
        "format": FORMAT,
        "config": saved.config.to_json(),
        "preprocessing": {"mean": saved.preprocessing.mean, "std": saved.preprocessing.std},
        "labels": dataclasses.asdict(saved.labels),
        "threshold": saved.threshold,
        "split": saved.split,
        "contents": saved.contents,
        "provenance": saved.provenance,
        "files": saved.files,
        "precisions": dataclasses.asdict(saved.precisions) if saved.precisions else None,
        "bf16_agreement": saved.bf16_agreement,
        "experience": _experience(saved.confidence_model),
        "first": sha256_of(bundle.path / FIRST / DESCRIPTION) if bundle.first else None,
    }
    write_text(saved.path / DESCRIPTION, json.dumps(description, indent=2) + "\n")
    return saved


def put_export(bundle: ModelBundle, made: Path) -> None:
    """Move an exported network, the files of the folder `made`, into the bundle; the next saving records it.

    Until then the saved bundle has no exported network: a process that is killed meanwhile leaves no graph
    that scores with the weights of another.
    """
    if bundle.openvino:
        save_description(bundle, exported=False)
    put_together(made, bundle.path, main=ENGINE_FILES[0])


def _experience(model: ConfidenceModel | None) -> dict[str, Any] | None:
    """Return a confidence model as it is recorded, without the outcomes of one that has none."""
    if model is None:
        return None
    return {name: value for name, value in dataclasses.asdict(model).items() if value is not None}


def _plain(value: Any) -> Any:
    """Return `value` as it may be recorded: None for a figure that is not finite, texts of one line."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
