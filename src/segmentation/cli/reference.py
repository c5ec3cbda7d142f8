"""The reference page of the commands, made from the same dataclasses as the flags."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from segmentation.cli.parser import default_of, has_negation, placeholder_of
from segmentation.cli.wording import as_typed, flag
from segmentation.config.jobs import JOBS, TABLE
from segmentation.config.option_field import OptionField
from segmentation.config.options import JobOptions, options_of

_INTRODUCTION = """\
<!-- made by docs/generate_reference.py from the options of the program; `make docs` makes it anew -->

# Commands and options

`python main.py COMMAND` in the clone and `garment-cutout COMMAND` anywhere are the same. `COMMAND --help`
shows the common options, `COMMAND --help-all` all of them.

Every option can be given in three ways, of which the later override the earlier:

1. in a file, `--config FILE`, under its key: see [Configuration files](#configuration-files);
2. by its key, `--set KEY=VALUE`, such as `--set {key}={value}`; the last part of a key is enough,
   such as `--set {name}={value}`;
3. by its flag, such as `{flag} {value}`.

An on-off option is `true` or `false` in a file and after `--set`.

Every command also has `--home DIR`, the folder that holds data, models, logs and results: by default the
clone, and for `garment-cutout` the current folder.

"""

_FILES = """\
## Configuration files

A file for `--config` is TOML: a table for each section, an option by its name in it, several values as a
list. The key of an option gives its place: `{key}` is `{name}` in the table `[{section}]`.
Options that a file leaves out have their defaults. `--config` can be repeated; later files override earlier.

Training writes `config.toml` beside the model, and `train --config models/NAME/config.toml` repeats the run.
`export --model NAME --format config` writes such a file for any model. These are the tables of `train` with
their defaults; options without a value by default are comments:

"""

_EXAMPLE = "run.training.epochs"


def commands_page() -> str:
    """Return the page as Markdown: every command with its options, and the form of configuration files."""
    example = {found.key: found for found in options_of(JOBS["train"])}[_EXAMPLE]
    words = {
        "key": example.key,
        "name": example.name,
        "section": ".".join(example.section),
        "flag": flag(example.name),
        "value": 64,
    }
    contents = "".join(f"- [`{name}`](#{name}): {_summary(job.summary)}\n" for name, job in TABLE.items())
    commands = [_command(name, kind) for name, kind in JOBS.items()]
    tables = f"```toml\n{tables_of(JOBS['train'])}```\n"
    return "\n".join([_INTRODUCTION.format(**words) + contents, *commands, _FILES.format(**words) + tables])


def tables_of(kind: type[JobOptions]) -> str:
    """Return the TOML file of a job's options at their defaults; those that have no value are comments."""
    lines: list[str] = []
    for section, options in _by_section(options_of(kind)):
        if section:
            lines += ["", f"[{'.'.join(section)}]"]
        for found in options:
            value = None if found.required else found.plain(found.default)
            if value is None or value == []:
                value = [placeholder_of(found)] if found.many else placeholder_of(found)
                lines.append(f"# {found.name} = {json.dumps(value)}")
            else:
                lines.append(f"{found.name} = {json.dumps(value)}")  # one value in JSON is one in TOML
    return "\n".join(lines).strip() + "\n"


def _command(name: str, kind: type[JobOptions]) -> str:
    """Return the section of a command: the options of the short help, then the others."""
    options = options_of(kind)
    common = [found for found in options if found.about.common]
    others = [found for found in options if not found.about.common]
    lines = [f"## {name}", "", _text(TABLE[name].summary), "", *_groups(common)]
    if others:
        lines += [f"### More options of {name}", "", *_groups(others)]
    return "\n".join(lines)


def _groups(options: Iterable[OptionField]) -> Iterator[str]:
    for section, members in _by_section(options):
        if section:
            yield from (f"**{section[-1].replace('_', ' ').capitalize()}**", "")
        for found in members:
            yield from _lines(found)
        yield ""


def _by_section(options: Iterable[OptionField]) -> Iterator[tuple[tuple[str, ...], list[OptionField]]]:
    """Yield the sections in their order, those of the job itself first."""
    ordered = sorted(options, key=lambda found: bool(found.section))
    for section, members in groupby(ordered, key=lambda found: found.section):
        yield section, list(members)


def _lines(found: OptionField) -> Iterator[str]:
    yield f"- `{_usage(found)}`: {_text(found.about.help)}\\"
    facts = [_default(found)]
    if found.choices:
        facts.insert(0, f"One of {', '.join(f'`{choice}`' for choice in found.choices)}.")
    if found.many and "repeated" not in found.about.help:
        facts.append("Can be repeated.")
    if not found.about.positional:
        facts.append(f"Key: `{found.key}`.")
    yield f"  {' '.join(facts)}"


def _usage(found: OptionField) -> str:
    """Return the option as the usage of a command shows it."""
    placeholder = placeholder_of(found)
    if found.about.positional:
        return placeholder
    if found.kind is bool:
        return flag(found.name) + (f", {flag('no_' + found.name)}" if has_negation(found) else "")
    return f"{flag(found.name)} {f'[{placeholder}]' if found.about.bare is not None else placeholder}"


def _default(found: OptionField) -> str:
    default = default_of(found)
    described = found.required or found.about.shown or found.kind is bool or found.default is None
    if described:
        return _sentence(_text(default))
    return f"Default: `{default.removeprefix('default: ')}`."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _summary(summary: str) -> str:
    """Return the description of a command, for the list of commands."""
    return _text(f"{summary[0].lower()}{summary[1:]}")


def _text(text: str) -> str:
    """Return a phrase as Markdown: options as typed and in code, and the signs of Markdown escaped."""
    pieces = re.split(r"(`[^`]*`)", as_typed(text))
    return "".join(piece if piece.startswith("`") else _plain(piece) for piece in pieces)


def _plain(piece: str) -> str:
    escaped = re.sub(r"([\\*_<>\[\]|])", r"\\\1", piece)
    return re.sub(r"(?<![\w-])--[a-z][a-z-]*[a-z]", lambda found: f"`{found[0]}`", escaped)
