"""Options: typed dataclass fields from which flags, files, saved configurations, checks and docs are made.

A dataclass of options has fields made by `option`, and sections: fields whose type is another such dataclass.
Field names are unique across the sections of a job, so that options stay flat wherever a person types them.
Standard library only, so that `--help` is instant.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

from segmentation.core.errors import ConfigError
from segmentation.stores.address import is_address

Choices = tuple[str, ...] | Callable[[], Iterable[str]]
Options = TypeVar("Options")

_SAVED = "option"  # the key of an `Option` in the metadata of its field
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


def option(default: Any, help: str, **about: Any) -> Any:
    """Return a dataclass field that is an option; `about` are the other fields of `Option`.

    The `default` of a required option is `dataclasses.MISSING`.
    """
    return field(default=default, metadata={_SAVED: Option(help, **about)})


def same_option(kind: type, name: str) -> Any:
    """Return a dataclass field that is the option of this name of another dataclass."""
    (found,) = (item for item in dataclasses.fields(kind) if item.name == name)
    return field(default=found.default, metadata=found.metadata)


def registered(module: str, table: str) -> Callable[[], Iterable[str]]:
    """Return a function that lists the names of a table elsewhere in the package, imported when called."""
    return lambda: tuple(getattr(import_module(f"segmentation.{module}"), table))


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


def names_from(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """Return a reader of some of the known names, in any case and with commas between them.

    It returns them in the order in which they are known, and raises ValueError for others.
    """
    names = tuple(known)

    def read(text: str) -> tuple[str, ...]:
        typed = {name.strip().casefold(): name.strip() for name in text.split(",")}
        if unknown := [typed[name] for name in typed if name not in {known.casefold() for known in names}]:
            raise ValueError(
                f"expected some of {', '.join(names)} with commas between them, received {unknown[0]!r}"
            )
        return tuple(name for name in names if name.casefold() in typed)

    return read


def parse_path(text: str) -> Path:
    """Read a path. Raises ValueError for an empty one, the current folder, and for an address in a store."""
    if not text:
        raise ValueError("expected a path, received an empty text")
    if is_address(text):
        raise ValueError(f"expected a path on this machine, received the address {text!r}")
    return Path(text)


def is_section(item: dataclasses.Field[Any], hint: Any) -> bool:
    """Return whether a field of a dataclass of options is a section of further options."""
    return _SAVED not in item.metadata and dataclasses.is_dataclass(hint)


def options_of(kind: type) -> tuple[OptionField, ...]:
    """Return every option of a dataclass, those of its sections in place of the section."""
    return _all_options(kind)


@cache
def _all_options(kind: type) -> tuple[OptionField, ...]:
    return tuple(_options_of(kind, ()))


def _options_of(kind: type, section: tuple[str, ...]) -> Iterator[OptionField]:
    hints = get_type_hints(kind)
    for item in dataclasses.fields(kind):
        if is_section(item, hints[item.name]):
            yield from _options_of(hints[item.name], (*section, item.name))
        elif _SAVED in item.metadata:
            yield OptionField(item.name, section, hints[item.name], item.default, item.metadata[_SAVED])


def fields_by_name(kind: type) -> dict[str, OptionField]:
    """Return the options of a dataclass by each name that stands for them: NAME, SECTION.NAME and so on."""
    named = {}
    for found in options_of(kind):
        parts = found.key.split(".")
        named.update({".".join(parts[start:]): found for start in range(len(parts))})
    return named


def accept(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by field name, read and checked, from values by NAME or SECTION.NAME.

    Raises ConfigError that names the option, what was expected and what was received.
    """
    known = fields_by_name(kind)
    unknown = [name for name in values if name not in known]
    if unknown:
        names = ", ".join(found.name for found in options_of(kind))
        alike = get_close_matches(unknown[0].rpartition(".")[2], known, n=1)
        hint = f"; did you mean {alike[0]}?" if alike else f"; choose from {names}"
        raise ConfigError(f"unknown options: {', '.join(unknown)}{hint}")
    accepted = {}
    for name, value in values.items():
        try:
            accepted[known[name].name] = known[name].accept(value)
        except ValueError as error:
            raise ConfigError(f"`{known[name].name}`: {error}") from error
    return accepted


def replaced(options: Options, values: Mapping[str, Any]) -> Options:
    """Return a copy with the accepted values of some options, by flat name, wherever they stand."""
    return _place(type(options), values, options)


def _place(kind: type, values: Mapping[str, Any], base: Any) -> Any:
    """Return an instance of `kind` with the values of its fields, the others as in `base` or by default."""
    hints = get_type_hints(kind)
    chosen = {}
    for item in dataclasses.fields(kind):
        if is_section(item, hints[item.name]):
            chosen[item.name] = _place(hints[item.name], values, getattr(base, item.name, None))
        elif item.name in values:
            chosen[item.name] = values[item.name]
        elif base is not None:
            chosen[item.name] = getattr(base, item.name)
    return kind(**chosen)


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """The options of one job; `given` names those that the caller chose instead of leaving the default."""

    given: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Return options with these values by flat name, the others by default; texts are read.

        Raises ConfigError for an unknown option, for an invalid value, and for a required option without one.
        """
        accepted = accept(cls, values)
        missing = [found.name for found in options_of(cls) if found.required and found.name not in accepted]
        if missing:
            raise ConfigError(f"`{missing[0]}`: expected a value, received none; add `{missing[0]}`")
        return _place(cls, {**accepted, "given": frozenset(accepted)}, None)


def plain(options: Any) -> dict[str, Any]:
    """Return options as JSON holds them: sections as dictionaries, values as numbers and texts."""
    saved: dict[str, Any] = {}
    for found in options_of(type(options)):
        holder = saved
        for name in found.section:
            holder = holder.setdefault(name, {})
        holder[found.name] = found.plain(found.value_in(options))
    return saved


def _parse_bool(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError(f"expected true or false, received {text!r}") from None
