"""One option of a job: what describes it, and how its values are read, checked and saved."""

import dataclasses
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from segmentation.config.values import parse_path

Choices = tuple[str, ...] | Callable[[], Iterable[str]]

_NOUNS = {int: "a whole number", float: "a number"}


@dataclass(frozen=True)
class Option:
    """The description of an option.

    `help` describes it in a phrase. `choices` are the names to choose from, or a function that lists them.
    Numbers lie between `minimum` and `maximum`. `parse` reads the text of one value where the type cannot.
    `metavar` stands for the value in help. Only `common` options are in the short help. `shown` describes
    the default where its value does not. `bare` is the value of a flag that is given without one. A
    `positional` option is typed without its name; behind the flag of a `listed` one several values may stand.
    """

    help: str
    choices: Choices = ()
    minimum: float = 0
    maximum: float | None = None
    parse: Callable[[str], Any] | None = None
    metavar: str = ""
    common: bool = True
    shown: str | None = None
    bare: Any = None
    positional: bool = False
    listed: bool = False


@dataclass(frozen=True)
class OptionField:
    """One option of a dataclass: its name, the attributes that lead to its section, its type and default."""

    name: str
    section: tuple[str, ...]
    type: Any
    default: Any
    about: Option

    @property
    def key(self) -> str:
        """The name in a file: section.name."""
        return ".".join((*self.section, self.name))

    def value_in(self, options: Any) -> Any:
        """Return the value of this field in options, through the sections that lead to it."""
        for name in self.section:
            options = getattr(options, name)
        return getattr(options, self.name)

    @property
    def required(self) -> bool:
        return self.default is dataclasses.MISSING

    @property
    def optional(self) -> bool:
        """Return whether None is a valid value."""
        return NoneType in get_args(self.type)

    @property
    def many(self) -> bool:
        """Return whether the option holds several values of one type."""
        return get_origin(self._plain_type) is tuple

    @property
    def kind(self) -> Any:
        """The type of one value; of `int | str` the first type."""
        plain = get_args(self._plain_type)[0] if self.many else self._plain_type
        return get_args(plain)[0] if isinstance(plain, UnionType) else plain

    @property
    def _plain_type(self) -> Any:
        kinds = [kind for kind in get_args(self.type) if kind is not NoneType]
        return kinds[0] if self.optional and len(kinds) == 1 else self.type

    @property
    def choices(self) -> tuple[str, ...]:
        choices = self.about.choices
        return tuple(choices() if callable(choices) else choices)

    def parse(self, text: str) -> Any:
        """Read one value as a person types it; for several values a tuple, if the text holds several.

        Raises ValueError that says what was expected and what was received.
        """
        if self.choices and text not in self.choices:
            raise ValueError(f"expected one of {', '.join(self.choices)}, received {text!r}")
        if self.about.parse:
            return self.about.parse(text)
        if hasattr(self.kind, "parse"):
            return self.kind.parse(text)
        if self.kind is bool:
            return _parse_bool(text)
        if self.kind is Path:
            return parse_path(text)
        if self.kind in _NOUNS:
            return self._parse_number(text)
        return text

    def accept(self, value: Any) -> Any:
        """Return a value as the field holds it: texts are read, numbers checked. Raises ValueError."""
        if value is None and self.optional:
            return None
        if self.many:
            items = (value,) if isinstance(value, str | Path) or not isinstance(value, Iterable) else value
            read = [self._accept_one(item) for item in items]
            return tuple(item for part in read for item in (part if isinstance(part, tuple) else (part,)))
        return self._accept_one(value)

    def plain(self, value: Any) -> Any:
        """Return a value as JSON and TOML hold it; the inverse of `accept`."""
        if value is None or isinstance(value, bool | str):
            return value
        if self.many:
            return [item if isinstance(item, int | float) else str(item) for item in value]
        if type(value) in (int, float):
            return float(value) if self.kind is float else value
        return str(value)

    def _accept_one(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.parse(value)
        if self.kind in _NOUNS and isinstance(value, Real) and not isinstance(value, bool):
            if self.kind is float:
                return self.parse(str(_as_float(value)))
            if not isinstance(value, Integral) and not float(value).is_integer():
                raise ValueError(f"expected {_NOUNS[int]}, received {value!r}")
            return self.parse(str(int(value if isinstance(value, Integral) else float(value))))
        if self.kind in (int, float, str) or not isinstance(value, self.kind):
            if self.about.parse and self.kind not in _NOUNS and not isinstance(value, bool | NoneType):
                return value  # a value that `parse` could have returned, such as a colour
            raise ValueError(f"expected {self._noun}, received {value!r}")
        return value

    @property
    def _noun(self) -> str:
        named = {bool: "true or false", Path: "a path", str: "a text", **_NOUNS}
        return named.get(self.kind, f"a text that says a {self.kind.__name__.lower()}")

    def _parse_number(self, text: str) -> float:
        low, high = self.about.minimum, self.about.maximum
        bounds = f"from {low}" if high is None else f"from {low} to {high}"
        try:
            value = self.kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= (math.inf if high is None else high) or value == math.inf:
            raise ValueError(f"expected {_NOUNS[self.kind]} {bounds}, received {text!r}")
        return value


def _as_float(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _parse_bool(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError(f"expected true or false, received {text!r}") from None
