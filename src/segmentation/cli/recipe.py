"""Make a model by a recorded recipe, one training after another."""

import argparse
import contextlib
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from segmentation.cli.arguments import path_argument
from segmentation.core.signals import Interruption
from segmentation.jobs.recipes import RECIPES, steps
from segmentation.training.run_state import RECORD

_LISTENING_S = 0.2  # how soon a request to stop is passed on
_PROGRAM = Path(__file__).resolve().parents[3] / "main.py"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "recipes: " + "; ".join(f"{name}: {recipe.about}" for name, recipe in RECIPES.items())
    parser.add_argument("recipe", choices=tuple(RECIPES), help="which of the recipes below")
    parser.add_argument(
        "--data", type=path_argument, required=True, metavar="DIR", help="folder of the data sets (required)"
    )
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="of the model; those that it is built on are NAME-... (default: my-RECIPE)",
    )
    parser.add_argument(
        "--print", action="store_true", help="print the commands instead of running them (default: off)"
    )


def run(options: argparse.Namespace) -> int:
    """Run what is not done yet; an interrupted training goes on where it was."""
    from segmentation.bundle.bundle import check_name
    from segmentation.core.errors import ConfigError

    name = check_name(options.name or f"my-{options.recipe}")
    home = [] if options.home == _PROGRAM.parent else ["--home", str(options.home)]
    to_do = [
        (check_name(step.model), list(step.arguments))
        for step in steps(RECIPES[options.recipe], options.data, name)
    ]
    if options.print:
        for _model, arguments in to_do:
            print(f"python main.py {shlex.join([*arguments, *home])}")
        return 0
    if _is_done(options.home / "models" / name, to_do[-1][1]):
        raise ConfigError(f"--name {name}: the model is there; choose another name")
    for number, (model, arguments) in enumerate(to_do, start=1):
        place = f"step {number} of {len(to_do)}"
        if _is_done(options.home / "models" / model, arguments):
            print(f"{place}: {model} is there", flush=True)
            continue
        if arguments[0] == "train" and (options.home / "logs" / model / RECORD).is_file():
            arguments.append("--resume")
        print(f"{place}: python main.py {shlex.join([*arguments, *home])}", flush=True)
        status = _run([*arguments, *home])
        if status:
            print(f"{place} ended with status {status}; the same command goes on from there", file=sys.stderr)
            return status
    return 0


def _is_done(model: Path, arguments: list[str]) -> bool:
    """Whether the model is there, trained to the end, or judged, by this command.

    Raises ConfigError for one that another command trained.
    """
    from segmentation.bundle.bundle import DESCRIPTION, load_bundle
    from segmentation.core.errors import ConfigError

    if not (model / DESCRIPTION).is_file():
        return False
    recorded = load_bundle(model).provenance
    if arguments[0] == "calibrate":
        return _typed(recorded.get("calibrated")) == arguments
    typed = _typed(recorded.get("command"))
    if typed != arguments:
        raise ConfigError(
            f"{model}: expected a model of `{shlex.join(arguments)}`, received one of `{shlex.join(typed)}`; "
            "choose another --name, or move it away"
        )
    return not recorded.get("interrupted")


def _typed(command: Any) -> list[str]:
    """A recorded command without what may differ when it is run again."""
    typed = [str(word) for word in command[1:] if word != "--resume"] if isinstance(command, list) else []
    if "--home" in typed:  # which may have been moved
        place = typed.index("--home")
        del typed[place : place + 2]
    return typed


def _run(arguments: list[str]) -> int:
    """Run a command in a process of its own, which is asked to stop when this one is, and waited for."""
    with Interruption() as interruption:
        process = subprocess.Popen([sys.executable, str(_PROGRAM), *arguments], process_group=0)
        while process.poll() is None and not interruption.requested:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LISTENING_S)
        if interruption.requested:
            process.send_signal(interruption.status - 128)
        status = process.wait()
        return interruption.status or status
