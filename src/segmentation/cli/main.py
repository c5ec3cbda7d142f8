"""The entry point: `python main.py` in the clone and `garment-cutout` where the package is installed."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from segmentation import __version__
from segmentation.cli.parser import OneLineParser, add_command, read_command
from segmentation.cli.wording import as_typed, program
from segmentation.config.jobs import JOBS
from segmentation.config.options import JobOptions
from segmentation.core.errors import SegmentationError, unwritable
from segmentation.core.events import ignore
from segmentation.core.signals import exit_status, interrupt_on_signals
from segmentation.core.workspace import Workspace
from segmentation.jobs.context import Context
from segmentation.jobs.recipes import RECIPES
from segmentation.models.architectures import describe

_MODULES = {"eval": "evaluate"}

DESCRIPTION = "Cut garments out of photos or mark classes of clothing: train models, evaluate them, use them."
EPILOG = """three ways in:
  see it work      make demo, in a clone of the project
  cut a folder     {program} predict --input DIR --save
  train your own   {program} train --data DIR --name NAME, then eval --model NAME
`{program} COMMAND --help` explains the options."""


def main(
    arguments: Sequence[str] | None = None,
    home: Path = Path(),
    default_home: str = "the current folder",
) -> int:
    """Run one command and return its exit status: 0 done, 1 partly failed, 2 not done, 130 or 143 stopped."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    typed = build_parser(home, default_home).parse_args(words)
    kind = JOBS[typed.command]
    try:
        options = read_command(kind, typed)
        context = Context(Workspace(typed.home), ignore, command=(Path(sys.argv[0]).name, *words))
        return _command(typed.command).run(options, context)
    except SegmentationError as error:
        print(f"error: {as_typed(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; no half-written file was left", file=sys.stderr)
        return exit_status()
    except BrokenPipeError:  # the reader of the output, such as `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"error: {unwritable(error)}", file=sys.stderr)
        return 2


def run() -> None:
    """Run the console command; the working folder is the current one."""
    prepare_process()
    end(main())


def end(status: int) -> NoReturn:
    """End the process; at once where a signal stopped it, since large libraries take seconds to unload."""
    if status > 128:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(status)
    sys.exit(status)


def build_parser(home: Path = Path(), default_home: str = "the current folder") -> OneLineParser:
    """Return the parser of the command line: one subparser a command."""
    parser = OneLineParser(
        prog=program(),
        description=DESCRIPTION,
        epilog=EPILOG.format(program=program()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # an abbreviation of today may be ambiguous among tomorrow's options
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for name, kind in JOBS.items():
        summary = summary_of(kind)
        command = commands.add_parser(
            name,
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=summary,
            epilog=_epilog(name),
            allow_abbrev=False,
        )
        add_command(command, kind, home, default_home)
    return parser


def summary_of(kind: type[JobOptions]) -> str:
    """Return the first line of the docstring of a job's options, which describes the job."""
    return (kind.__doc__ or "").strip().splitlines()[0]


def prepare_process() -> None:
    """Let any terminal show any name, and make SIGTERM leave no half-written file, as Ctrl-C does."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, mode), encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(errors="backslashreplace")
    interrupt_on_signals()


def _command(name: str) -> ModuleType:
    """The module that runs a command and shows it; heavy libraries are imported with it."""
    return import_module(f"segmentation.cli.{_MODULES.get(name, name)}")


def _epilog(name: str) -> str | None:
    """The end of a command's help: the tables that its options choose from."""
    if name == "train":
        return f"architectures: {describe()}"
    if name == "recipe":
        return "recipes: " + "; ".join(f"{name}: {as_typed(made.about)}" for name, made in RECIPES.items())
    return None
