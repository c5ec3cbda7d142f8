"""Plain values from JSON that may come from anyone: returned as what they are, or refused by their place.

Each function raises ValueError, which names the `place` of the value and says what was expected.
"""

from collections.abc import Collection
from typing import Any

LARGEST_SIDE_PX = 8192
"""The longest side of anything that a description speaks of."""

MOST_PHOTOS = 10**7
"""The most photos that a description speaks of."""


def check_dictionary(place: str, plain: Any, needed: Collection[str] = ()) -> None:
    """Raise unless the value is a dictionary that has the `needed` names."""
    if not isinstance(plain, dict):
        raise ValueError(f"{place}: expected a dictionary, received {plain!r}")
    missing = [name for name in needed if name not in plain]
    if missing:
        raise ValueError(f"{place}: expected {', '.join(needed)}; {', '.join(missing)} is missing")


def check_fields(place: str, plain: Any, names: Collection[str], optional: Collection[str] = ()) -> None:
    """Raise unless it is a dictionary with all `names`, and with no others than the `optional` ones."""
    check_dictionary(place, plain, names)
    unknown = [name for name in plain if name not in names and name not in optional]
    if unknown:
        raise ValueError(f"{place}: expected {', '.join(names)}, received {unknown[0]!r} as well")


def as_list(place: str, value: Any) -> list[Any]:
    """Return a list."""
    if not isinstance(value, list):
        raise ValueError(f"{place}: expected a list, received {value!r}")
    return value


def as_numbers(place: str, value: Any, low: float, high: float) -> list[float]:
    """Return a list of numbers from `low` to `high`."""
    return [as_number(place, one, low, high) for one in as_list(place, value)]


def as_number(place: str, value: Any, low: float, high: float) -> float:
    """Return a number from `low` to `high`; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{place}: expected a number from {low:g} to {high:g}, received {value!r}")
    return float(value)


def as_whole(place: str, value: Any, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{place}: expected a whole number from {low} to {high}, received {value!r}")
    return value


def as_flags(place: str, plain: Any) -> list[bool]:
    """Return a list of true and false."""
    for value in as_list(place, plain):
        if not isinstance(value, bool):
            raise ValueError(f"{place}: expected true or false, received {value!r}")
    return plain


def as_ids(place: str, plain: Any) -> list[str]:
    """Return a list of the ids of samples."""
    for sample in as_list(place, plain):
        if not isinstance(sample, str):
            raise ValueError(f"{place}: expected the ids of samples, received {sample!r}")
    return plain
