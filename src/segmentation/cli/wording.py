"""Options as they are typed: messages of the library name `an_option`, the command line says --an-option."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from segmentation.config.jobs import JOBS, loaded_first

_QUOTED = re.compile(r"`([^`\n]+)`")
_GENERAL = ("home", "config", "set")  # of every command, so that no job has them
_ASSIGNMENT = re.compile(r"([a-z_][a-z0-9_]*)=(\S+)")
EITHER = ("data", "recipe", "experiment", "review")
"""The jobs that are called like an option of some job: alone in backticks, that is meant."""

_ADVICE, _OTHERWISE = "; ", ", or "
_running = ""  # the command, whose messages advise no other command's options


def program() -> str:
    """Return how the program was started: `garment-cutout` if installed, `python main.py` in the clone."""
    installed = "garment-cutout"
    return installed if Path(sys.argv[0]).stem == installed else "python main.py"


def flag(name: str) -> str:
    """Return the flag of an option: input_size is --input-size, and from_, which Python reserves, --from."""
    return "--" + name.rstrip("_").replace("_", "-")


@contextmanager
def speaking_for(command: str) -> Iterator[None]:
    """Let messages advise the options of a command alone, until the block ends."""
    global _running
    before, _running = _running, command
    try:
        yield
    finally:
        _running = before


def as_typed(message: str) -> str:
    """Return a message with its options, assignments and jobs as a person types them.

    `min_confidence` becomes --min-confidence, `bits=16` becomes --bits 16, and `export model=shoes` becomes
    `python main.py export --model shoes` in the clone. Whatever else stands in backticks stays as it is.
    Advice, which follows a semicolon, is left out where it is about options that the running command lacks;
    so is one of several ways, which begin with ", or".
    """
    return _QUOTED.sub(lambda quoted: _typed(quoted[1]) or quoted[0], _possible(message))


def _possible(message: str) -> str:
    """Return a message without the advice that the running command has no options for."""
    if not _running:
        return message
    said, *advice = message.split(_ADVICE)
    ways = ([way for way in one.split(_OTHERWISE) if _is_possible(way)] for one in advice)
    return _ADVICE.join([said, *(_OTHERWISE.join(found) for found in ways if found)])


def _is_possible(way: str) -> bool:
    """Return whether the running command has all options that a piece of advice names."""
    own = _names_of(_running)
    for quoted in _QUOTED.findall(way):
        if quoted.split()[:1] and quoted.split()[0] in JOBS:
            continue  # another command, with options of its own
        names = (word.partition("=")[0] for word in quoted.split())
        if any(one not in own and _is_option(one) for name in names for one in _forms(name)):
            return False
    return True


def _typed(text: str) -> str | None:
    parts = text.split()
    if not parts:
        return None
    first, *others = parts
    if first in JOBS and (others or first not in EITHER):
        return f"`{program()} {' '.join([first, *map(_argument, others)])}`" if others else None
    arguments = [_argument(part) for part in parts]
    return " ".join(arguments) if all(one.startswith("--") for one in arguments) else None


def _argument(text: str) -> str:
    assigned = _ASSIGNMENT.fullmatch(text)
    name, value = (assigned[1], assigned[2]) if assigned else (text, None)
    of_every_command = assigned is not None and name in _GENERAL
    if not of_every_command and not any(map(_is_option, _forms(name))):
        return text
    return flag(name) if value is None else f"{flag(name)} {value}"


def _forms(name: str) -> set[str]:
    """Return a name, and what it would be without the "no" that turns it off."""
    return {name, name.removeprefix("no_")}


@cache
def _is_option(name: str) -> bool:
    return any(name in _names_of(job) for job in loaded_first())


@cache
def _names_of(job: str) -> frozenset[str]:
    from segmentation.config.options import options_of

    return frozenset(found.name for found in options_of(JOBS[job]))
