"""Time one photo from an empty shell: seconds from process start to mask and cutout on disk.

    python benchmarks/cold_start.py --model NAME [--photo FILE] [--rounds N]

`predict --save` in processes of its own, on OpenVINO (its compiled network cached by a first run that does
not count) and on Keras in turn, and `--help`. Expected of the bundled model are at most 0.8 s, and
at most a third of the time on Keras; of `--help` less than 0.1 s.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

from photos import put
from program import PROGRAM, by_turns, predict, run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="name or path of a model")
    parser.add_argument("--photo", type=Path, help="(default: a drawn one of 1152x1728)")
    parser.add_argument("--rounds", type=int, default=5, help="runs on each engine (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo = put(options.photo, Path(folder) / "photo")
        output = Path(folder) / "output"
        ways = {
            engine: partial(_seconds, photo, output, engine, options.model)
            for engine in ("openvino", "keras")
        }
        ways["openvino"]()
        seconds = by_turns({**ways, "--help": lambda: run(*PROGRAM, "--help").seconds}, options.rounds)
    fast, slow = seconds["openvino"], seconds["keras"]
    print(
        f"cold start  OpenVINO {fast:.2f} s, at most 0.8 expected; "
        f"Keras {slow:.2f} s (medians), ratio {fast / slow:.2f}"
    )
    print(f"--help      {seconds['--help']:.3f} s, below 0.1 expected")


def _seconds(photo: Path, output: Path, engine: str, model: str) -> float:
    return predict(photo, output, "--model", model, "--overwrite", "--engine", engine).seconds


if __name__ == "__main__":
    main()
