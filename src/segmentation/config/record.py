"""The options in a model's record, and whether two records are of the same options."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from segmentation.config.options import JobOptions, options_of

_NO_PART = ("resume", "overwrite", "find_rate")  # the model is the same with them


def chosen(options: JobOptions, section: str | None = None) -> dict[str, Any]:
    """Return the options that the caller chose by flat name, in their order, of one section if one is named.

    An option that differs from its default was chosen too, by whoever built the dataclass by hand.
    """
    values = {}
    for found in options_of(type(options)):
        if section is not None and section not in found.section:
            continue
        value = found.value_in(options)
        if found.name in options.given or value != found.default:
            values[found.name] = value
    return values


def record_of(options: JobOptions) -> dict[str, Any]:
    """Return the chosen options as JSON holds them, without those that the result does not depend on."""
    fields = {found.name: found for found in options_of(type(options))}
    return {
        name: fields[name].plain(value) for name, value in chosen(options).items() if name not in _NO_PART
    }


def digest_of(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record, the same for the same options in whatever order."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def differences(recorded: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Return what differs, an option each, as messages name options: "`seed` is 2, expected 1"."""
    lines = []
    for name in dict.fromkeys((*expected, *recorded)):
        there, wanted = (_said(record, name) for record in (recorded, expected))
        if there != wanted:
            lines.append(f"`{name}` is {there}, expected {wanted}")
    return lines


def _said(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name, "not given")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
