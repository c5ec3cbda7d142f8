"""Cut garments out of photos, or tell classes of clothing apart: train a network, judge it, let it work."""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "src"))  # so that `python main.py` works without an installation

from segmentation.cli import COMMANDS
from segmentation.cli.arguments import path_argument
from segmentation.core.errors import SegmentationError

EPILOG = """three ways in:
  see it work      make demo
  cut a folder     python main.py predict --input DIR --save
  train your own   python main.py train --data DIR --name NAME, then eval --model NAME
`python main.py COMMAND --help` explains every option."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 partly failed, 2 not done, 130 or 143 stopped."""
    options = build_parser().parse_args(arguments)
    try:
        return options.run(options)
    except SegmentationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; no half-written file was left", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        reason = f"{error.filename or 'a file'}: {(error.strerror or str(error)).lower()}"
        print(f"error: {reason}; check the path, its permissions and the free space", file=sys.stderr)
        return 2


class OneLineParser(argparse.ArgumentParser):
    """Reports a mistake in one line, without the usage of every option."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; `{self.prog} --help` explains the options\n")


def build_parser() -> argparse.ArgumentParser:
    """The command line: one subparser a command."""
    parser = OneLineParser(
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # an abbreviation that works today is ambiguous with tomorrow's options
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        summary = command.__doc__.strip().splitlines()[0]
        subparser = commands.add_parser(
            name,
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=summary,
            allow_abbrev=False,
        )
        subparser.add_argument(
            "--home",
            type=path_argument,
            default=ROOT,
            metavar="DIR",
            help="folder that holds data, models, logs and results (default: the folder of main.py)",
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def prepare_process() -> None:
    """Show any name on any terminal, and let SIGTERM leave nothing half-written, as Ctrl-C does."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())
