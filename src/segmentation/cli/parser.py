"""The flags of a command, made from its dataclass of options, and how they are read back."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from segmentation.cli.command_parser import OneLineParser
from segmentation.cli.wording import as_typed, flag, program
from segmentation.config.option_field import OptionField
from segmentation.config.options import JobOptions, accept, fields_by_name, options_of
from segmentation.config.toml_file import read_options
from segmentation.config.values import parse_path
from segmentation.core.errors import ConfigError

_PLACEHOLDERS = {int: "N", float: "X", Path: "PATH"}


class _Once(argparse.Action):
    """An action that stores the value of a flag, and refuses a second one, which would replace it."""

    def __call__(
        self, parser: argparse.ArgumentParser, typed: argparse.Namespace, value: Any, flag: str | None = None
    ) -> None:
        if getattr(typed, self.dest, self.default) is not self.default:
            parser.error(f"argument {flag}: expected once, received twice; leave one of them out")
        setattr(typed, self.dest, value)


class _Switch(argparse.BooleanOptionalAction):
    """An action that stores whether a flag or its --no- form was typed, and refuses both."""

    def __call__(
        self, parser: argparse.ArgumentParser, typed: argparse.Namespace, value: Any, flag: str | None = None
    ) -> None:
        earlier = getattr(typed, self.dest, None)
        super().__call__(parser, typed, value, flag)
        if earlier not in (None, getattr(typed, self.dest)):
            first, second = self.option_strings
            parser.error(f"argument {first}: expected alone, received {second} too; leave one of them out")


class _HelpAll(argparse.Action):
    """An action that prints the help of every option, including those that the short help leaves out."""

    def __init__(self, option_strings: list[str], dest: str, show: Callable[[], str], help: str):
        super().__init__(option_strings, dest, nargs=0, help=help)
        self._show = show

    def __call__(self, parser: argparse.ArgumentParser, *_unused: object) -> None:
        print(self._show(), end="")
        parser.exit()


def add_command(
    parser: argparse.ArgumentParser, kind: type[JobOptions], home: Path, default_home: str
) -> None:
    """Add a flag for each option of `kind` to the parser of a command, and the flags of every command.

    Flags that are not typed stay absent from the result, so that they override nothing in files and presets.
    """
    _add_flags(parser, kind, home, default_home, everything=False)
    hidden = sum(not found.about.common for found in options_of(kind))

    def everything() -> str:
        full = OneLineParser(
            prog=parser.prog, description=parser.description, epilog=parser.epilog, add_help=False
        )
        full.formatter_class = parser.formatter_class
        _add_flags(full, kind, home, default_home, everything=True)
        return full.format_help()

    parser.add_argument(
        "--help-all",
        action=_HelpAll,
        show=everything,
        help=f"show this help with {hidden} more options" if hidden else argparse.SUPPRESS,
    )


def read_command(kind: type[JobOptions], typed: argparse.Namespace) -> JobOptions:
    """Return the options given in files (--config), by --set and by flags, the later ones overriding.

    Raises ConfigError for an unknown option and for an invalid value.
    """
    known = fields_by_name(kind)
    given: dict[str, Any] = {}
    for path in typed.config:
        given |= read_options(path, kind)
    assigned: dict[str, Any] = {}
    for assignment in typed.set:
        key, equals, text = assignment.partition("=")
        if not equals or key not in known:
            raise ConfigError(
                f"--set: expected OPTION=VALUE with an option of this command, received {assignment!r}; "
                f"`{program()} {getattr(typed, 'command', 'COMMAND')} {_full_help(kind)}` shows the options"
            )
        found = known[key]
        value = accept(kind, {key: text})[found.name]
        if found.name in assigned and not found.many:
            raise ConfigError(f"--set {key}: expected once, received twice; leave one of them out")
        assigned[found.name] = (*assigned.get(found.name, ()), *value) if found.many else value
    given |= assigned
    for found in options_of(kind):
        if hasattr(typed, found.name):
            given[found.name] = getattr(typed, found.name)
    return kind.of(**given)


def _full_help(kind: type[JobOptions]) -> str:
    return "--help" if all(found.about.common for found in options_of(kind)) else "--help-all"


def _add_flags(
    parser: argparse.ArgumentParser, kind: type[JobOptions], home: Path, default_home: str, everything: bool
) -> None:
    groups: dict[tuple[str, ...], Any] = {}
    for found in options_of(kind):
        shown = everything or found.about.common
        if found.section and found.section not in groups and shown:
            groups[found.section] = parser.add_argument_group(found.section[-1].replace("_", " "))
        _add_flag(groups.get(found.section, parser), found, shown)
    general = parser.add_argument_group("general")
    general.add_argument(
        "--home",
        action=_Once,
        type=_argument_type(parse_path),
        default=home,
        metavar="DIR",
        help=f"folder that holds data, models, logs and results (default: {default_home})",
    )
    general.add_argument(
        "--config",
        type=_argument_type(parse_path),
        action="append",
        default=[],
        metavar="FILE",
        help="read options from this TOML file, which flags override (default: none)",
    )
    general.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="set any option by its name or by section.name, as in a file (default: none)",
    )


def _add_flag(holder: Any, found: OptionField, shown: bool) -> None:
    help_text = _help(found) if shown else argparse.SUPPRESS
    if found.about.positional:
        holder.add_argument(
            found.name,
            type=_argument_type(found.parse),
            nargs="+" if found.many else None if found.required else "?",
            metavar=placeholder_of(found),
            help=help_text,
            **({} if found.required else {"default": argparse.SUPPRESS}),
        )
        return
    common: dict[str, Any] = {"dest": found.name, "default": argparse.SUPPRESS, "help": help_text}
    if found.kind is bool:
        action = _Switch if has_negation(found) else "store_true"
        holder.add_argument(flag(found.name), action=action, **common)
        return
    common |= {"type": _argument_type(found.parse), "metavar": _metavar(found)}
    if found.about.bare is not None:
        common |= {"nargs": "?", "const": found.about.bare}
    if found.about.listed:
        holder.add_argument(flag(found.name), action="extend", nargs="+", **common)
    else:
        holder.add_argument(flag(found.name), action="append" if found.many else _Once, **common)


def _help(found: OptionField) -> str:
    choices = f" ({', '.join(found.choices)})" if found.choices and found.about.metavar else ""
    return f"{as_typed(found.about.help)}{choices} ({default_of(found)})".replace("%", "%%")


def default_of(found: OptionField) -> str:
    """Return the default of an option as help shows it: "required", or "default: ..."."""
    if found.required:
        return "required"
    if found.about.shown:
        return f"default: {as_typed(found.about.shown)}"
    if found.kind is bool:
        return f"default: {'on' if found.default else 'off'}"
    if found.default is None:
        return "default: none"
    return f"default: {','.join(map(str, found.default)) if found.many else found.default}"


def has_negation(found: OptionField) -> bool:
    """Return whether an on-off option also has a --no- flag: only those that are not off by default."""
    return found.kind is bool and found.default is not False


def placeholder_of(found: OptionField) -> str:
    """Return what stands for the value of an option in its usage, such as N for a whole number."""
    if found.about.positional:
        return found.about.metavar or found.name.upper()
    if found.choices:
        return found.about.metavar or "NAME"
    written = getattr(found.kind, "metavar", None)
    return found.about.metavar or written or _PLACEHOLDERS.get(found.kind, "TEXT")


def _metavar(found: OptionField) -> str:
    if found.choices and not found.about.metavar:
        return "{" + ",".join(found.choices) + "}"
    return placeholder_of(found)


def _argument_type(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return `parse` with its ValueError as argparse reports one."""

    def read(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read
