"""Options: typed dataclass fields from which flags, files, saved configurations, checks and docs are made.

A dataclass of options has fields made by `option`, and sections: fields whose type is another such dataclass.
Field names are unique across the sections of a job, so that options stay flat wherever a person types them.
Standard library only, so that `--help` is instant.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any, Self, TypeVar, get_type_hints

from segmentation.config.option_field import Option, OptionField
from segmentation.core.errors import ConfigError

Options = TypeVar("Options")

_SAVED = "option"  # the key of an `Option` in the metadata of its field


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
