"""The entry point: `python main.py` in the clone and `garment-cutout` where the package is installed."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from segmentation import __version__
from segmentation.cli.command_parser import CommandParser, OneLineParser
from segmentation.cli.streams import prepare_streams, silence_standard_output
from segmentation.cli.wording import as_typed, program, speaking_for
from segmentation.config.jobs import JOBS, TABLE
from segmentation.core.errors import STANDARD_OUTPUT, SegmentationError, unwritable
from segmentation.core.events import ignore
from segmentation.core.signals import exit_status, interrupt_on_signals

NOBODY_READS = 128 + 13
"""The status of a command that ended as its output was closed, as shells have it of SIGPIPE."""

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
    """Run one command and return its exit status.

    0 done, 1 partly failed, 2 not done, 130 or 143 stopped by a signal, 141 stopped since nobody reads its
    output.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    status, is_at_work = 0, False
    try:
        try:
            typed = build_parser(home, default_home).parse_args(words)
            with speaking_for(typed.command):
                is_at_work = True
                status = _run(words, typed)
                is_at_work = False
            return status
        finally:  # --help and --version leave here too
            sys.stdout.flush()
    except KeyboardInterrupt:
        _complain("interrupted; no half-written file was left")
        return exit_status()
    except BrokenPipeError:  # the reader of the output, such as `head`, has closed the pipe
        silence_standard_output()
        if not is_at_work:
            return status
        _complain("stopped, since nobody reads the output any more")
        return NOBODY_READS
    except OSError as error:
        if error.filename == STANDARD_OUTPUT:
            silence_standard_output()
        _complain(f"error: {unwritable(error)}")
        return 2


def run() -> None:
    """Run the console command; the working folder is the current one."""
    prepare_process()
    end(main())


def end(status: int) -> NoReturn:
    """End the process; at once where a signal stopped it, since large libraries take seconds to unload."""
    if status > 128:
        gc.collect()  # semaphores of a pool that was interrupted, else Python warns of them
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
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", dest="command", parser_class=CommandParser
    )

    def fill(command: CommandParser, name: str) -> None:
        from segmentation.cli.parser import add_command

        command.epilog = _epilog(name)
        add_command(command, JOBS[name], home, default_home)

    for name, job in TABLE.items():
        commands.add_parser(
            name,
            help=job.summary[0].lower() + job.summary[1:].rstrip("."),
            description=job.summary,
            allow_abbrev=False,
            fill=partial(fill, name=name),
        )
    return parser


def prepare_process() -> None:
    """Let any terminal show any name, and make SIGTERM leave no half-written file, as Ctrl-C does."""
    prepare_streams()
    interrupt_on_signals()


def _run(words: list[str], typed: argparse.Namespace) -> int:
    """Run the command and return its exit status; what a user can cause is one line."""
    from segmentation.cli.parser import read_command
    from segmentation.core.workspace import Workspace
    from segmentation.jobs.context import Context

    try:
        options = read_command(JOBS[typed.command], typed)
        context = Context(Workspace(typed.home), ignore, command=(Path(sys.argv[0]).name, *words))
        return _command(typed.command).run(options, context)
    except SegmentationError as error:
        _complain(f"error: {as_typed(str(error))}")
        return 2


def _complain(message: str) -> None:
    with suppress(OSError):  # nobody is there to read it
        print(message, file=sys.stderr, flush=True)


def _command(name: str) -> ModuleType:
    """Return the module that runs a command and shows it; heavy libraries are imported with it."""
    return import_module(f"segmentation.cli.{TABLE[name].module}")


def _epilog(name: str) -> str | None:
    """Return the end of a command's help: the tables that its options choose from."""
    if name == "train":
        from segmentation.models.architectures import describe

        return f"architectures: {describe()}"
    if name == "recipe":
        from segmentation.jobs.recipes import RECIPES

        return "recipes: " + "; ".join(f"{name}: {as_typed(made.about)}" for name, made in RECIPES.items())
    if name == "experiment":
        from segmentation.config.experiment_file import shipped_experiments

        return f"experiments: {', '.join(shipped_experiments())}"
    return None
