"""Make a model by a recorded recipe, one training after another."""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from segmentation.commands.arguments import path_argument
from segmentation.recipes import RECIPES, steps

_PROGRAM = Path(__file__).resolve().parents[3] / "main.py"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "recipes: " + "; ".join(f"{name}: {recipe.about}" for name, recipe in RECIPES.items())
    parser.add_argument("recipe", choices=tuple(RECIPES), help="which")
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
    """Train what is not there yet; an interrupted training goes on where it was."""
    from segmentation.bundle import DESCRIPTION, check_name
    from segmentation.training.run_state import RECORD

    name = check_name(options.name or f"my-{options.recipe}")
    home = [] if options.home == _PROGRAM.parent else ["--home", str(options.home)]
    all_steps = steps(RECIPES[options.recipe], options.data, name)
    for number, step in enumerate(all_steps, start=1):
        arguments = [*step.arguments, *home]
        if options.print:
            print(f"python main.py {shlex.join(arguments)}")
            continue
        if (options.home / "models" / step.model / DESCRIPTION).is_file():
            print(f"step {number} of {len(all_steps)}: {step.model} is there", flush=True)
            continue
        if (options.home / "logs" / step.model / RECORD).is_file():
            arguments.append("--resume")
        print(f"step {number} of {len(all_steps)}: python main.py {shlex.join(arguments)}", flush=True)
        status = subprocess.run([sys.executable, str(_PROGRAM), *arguments], check=False).returncode
        if status:
            print(f"step {number} ended with status {status}; the same command goes on from there")
            return status
    return 0
