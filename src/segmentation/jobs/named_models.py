"""The models that options name, and what they are now: another of the same name makes another result."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.config.options import JobOptions
from segmentation.config.record import record_of
from segmentation.core.errors import SegmentationError

TOGETHER = "+"
"""The sign between models that are one matte together."""

_NAME_MODELS = ("model", "models", "matte", "second_pass", "fold_model")  # options


def models_of(options: JobOptions) -> list[str]:
    """Return the names of the models in options, each once; some may be those of classical methods."""
    record = record_of(options)
    named = [one for option in _NAME_MODELS for one in _listed(record.get(option))]
    return list(dict.fromkeys(name for one in named for name in one.split(TOGETHER)))


def identities(options: JobOptions, models: Path) -> dict[str, dict[str, Any]]:
    """Return what the models in options are now, by their names, as JSON holds it.

    A method has no entry, nor has a missing model, which the job itself reports best.
    """
    found = {}
    for name in models_of(options):
        try:
            found[name] = identity(find_bundle(name, models))
        except SegmentationError:
            continue
    return found


def changed(recorded: object, now: Mapping[str, Any]) -> list[str]:
    """Return the names of models that are no longer what was recorded; none where nothing was.

    Paths may be others by now, so that what was recorded is taken in its order.
    """
    if not isinstance(recorded, dict) or len(recorded) != len(now):
        return []
    pairs = zip(now.items(), recorded.values(), strict=True)
    return [name for (name, found), before in pairs if found != before]


def identity(bundle: ModelBundle) -> dict[str, Any]:
    """Return what a model is: what decides its scores, and the threshold that makes masks of them."""
    return {"digest": bundle.digest, "threshold": bundle.threshold}


def _listed(value: object) -> Iterable[str]:
    return map(str, value if isinstance(value, list) else [] if value is None else [value])
