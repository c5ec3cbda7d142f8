"""The service's answer to a photo as JSON."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from segmentation.jobs.serving import Answer, ServedModel

_FIELDS = (
    *("area", "threshold", "confidence", "clean", "likely_faults", "decision", "reasons", "promise"),
    *("notes", "classes", "seconds"),
)


def described(model: ServedModel, answer: Answer) -> dict[str, Any]:
    """Return what `predict` records of a photo, and its model and size; what does not apply is left out."""
    fields = {name: getattr(answer.result, name) for name in _FIELDS}
    known = {name: value for name, value in fields.items() if value is not None}
    return {"model": model.name, "width": answer.width, "height": answer.height, **known}


def links_of(name: str, formats: Iterable[str]) -> dict[str, str]:
    """Return the addresses of the files of an answer that is kept."""
    return {format: f"/v1/cutouts/{name}/{format}" for format in formats}


def about(described: Mapping[str, Any]) -> dict[str, str]:
    """Return headers that say the same beside a picture."""
    headers = {"x-about": json.dumps(described)}  # plain ASCII
    for name in ("decision", "confidence"):
        if name in described:
            headers[f"x-{name}"] = str(described[name])
    return headers


def modelled(model: ServedModel, usual: bool) -> dict[str, Any]:
    """Return a model as a client chooses it."""
    labels = model.scorer.models.labels
    told: dict[str, Any] = {"name": model.name, "default": usual, "formats": list(model.formats)}
    told["confidence"] = model.triage is not None
    return told if model.binary else {**told, "classes": list(labels.names)}
