"""Options written as a command line, to be pasted into a shell."""

import shlex
from typing import Any

from segmentation.cli.wording import flag, program
from segmentation.config.jobs import JOBS
from segmentation.config.options import JobOptions, options_of
from segmentation.config.record import chosen


def words_of(options: JobOptions) -> list[str]:
    """Return the words of the command with the options that were chosen, positional ones first."""
    command = next(name for name, kind in JOBS.items() if isinstance(options, kind))
    return [command, *flags_of(options)]


def flags_of(options: JobOptions) -> list[str]:
    """Return the words of the options that were chosen, positional ones first."""
    fields = {found.name: found for found in options_of(type(options))}
    positional: list[str] = []
    flags: list[str] = []
    for name, value in chosen(options).items():
        values = fields[name].plain(value) if fields[name].many else [fields[name].plain(value)]
        if fields[name].about.positional:
            positional += map(str, values)
        else:
            flags += [word for single in values for word in _flagged(name, single)]
    return [*positional, *flags]


def command_line(options: JobOptions, more: list[str] | None = None) -> str:
    """Return the command as it is typed, with `more` words at its end."""
    return f"{program()} {shlex.join([*words_of(options), *(more or [])])}"


def _flagged(name: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return [flag(name if value else f"no_{name}")]
    return [flag(name), str(value)]
