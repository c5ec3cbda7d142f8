"""JSON without what Python's reader overlooks."""

from typing import Any


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs of a JSON object, for `object_pairs_hook`. Raises ValueError for a name twice."""
    plain: dict[str, Any] = {}
    for name, value in pairs:
        if name in plain:
            raise ValueError(f"expected each name once, received {name!r} twice")
        plain[name] = value
    return plain
