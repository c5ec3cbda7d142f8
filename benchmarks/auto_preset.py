"""Is `train --preset auto` as good as options chosen by hand, and done in the time that it promised?

    python benchmarks/auto_preset.py --home DIR --set studio=DIR [--set ccp=DIR ...] [--minutes 60] [--quick]

Sets are studio, ccp, carvana and pennfudan; each has options chosen by hand here, which anybody may make
better. Both models of a set are trained on the same photos and judged on the same held-out ones, at full
resolution: Dice, or mean IoU of classes. The bar is 0.002 Dice or 0.01 mean IoU behind, and a quarter above
the promised minutes. What is done is kept in the working folder `--home`, and the same command goes on.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from program import PROGRAM, run

from segmentation.bundle.bundle import load_bundle
from segmentation.bundle.names import DESCRIPTION
from segmentation.training.run_state import RECORD

ENCODER = ("--architecture", "unet-efficientnet-lite0", "--optimizer", "adamw", "--learning-rate", "1e-3")
LONG = (*ENCODER, "--schedule", "cosine", "--patience", "0", "--batch-size", "4")

TASKS: dict[str, tuple[str, ...]] = {
    "studio": (),
    "ccp": ("--classes", "ccp-12"),
    "carvana": ("--holdout", "0.33"),
    "pennfudan": ("--classes", "foreground"),
}
"""The options of a set that both are given."""

BY_HAND: dict[str, tuple[str, ...]] = {
    "studio": (*LONG, "--input-size", "384x576", "--epochs", "40", "--shift", "0.04", "--scale", "0.1"),
    "ccp": (*LONG, "--input-size", "256x384", "--epochs", "24", "--scale", "0.2"),
    "carvana": (*LONG, "--input-size", "960x640", "--augmentation", "carvana", "--epochs", "24"),
    "pennfudan": (*LONG, "--input-size", "384x384", "--epochs", "40", "--scale", "0.2"),
}

TINY = ("--architecture", "simple", "--filters", "4", "--input-size", "32x48", "--epochs", "1")
MORE_TIME = 1.25


def main() -> None:
    """Train, judge and print each set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="working folder, kept for the next call")
    parser.add_argument(
        "--set", action="append", required=True, metavar="NAME=DIR", help="set, and its pairs"
    )
    parser.add_argument("--minutes", type=int, default=60, help="what auto may take (default: 60)")
    parser.add_argument("--quick", action="store_true", help="a tiny network and one epoch: does it run?")
    options = parser.parse_args()
    for one in options.set:
        name, _, data = one.partition("=")
        if name not in TASKS or not data:
            raise SystemExit(f"--set {one}: expected NAME=DIR with one of {', '.join(TASKS)}")
        by_hand = TINY if options.quick else BY_HAND[name]
        auto = ("--preset", "auto", "--minutes", options.minutes, *(TINY if options.quick else ()))
        for way, chosen in (("hand", by_hand), ("auto", auto)):
            train(options.home, f"{name}-{way}", "--data", data, *TASKS[name], *chosen)
        print(compared(name, Path(data), options.home), flush=True)


def train(home: Path, name: str, *options: object) -> None:
    """Train a model unless it is there; one that was interrupted goes on."""
    if not (home / "models" / name / DESCRIPTION).is_file():
        begun = (home / "logs" / name / RECORD).is_file()
        run(*PROGRAM, "train", "--home", home, "--name", name, *(("--resume",) if begun else options))


def compared(name: str, data: Path, home: Path) -> str:
    """Return a line about a set: the figures of both ways, and the minutes of auto."""
    hand, auto = (judged(f"{name}-{way}", data, home) for way in ("hand", "auto"))
    recorded = load_bundle(home / "models" / f"{name}-auto").provenance
    promised, took = recorded["plan"]["minutes"], recorded["training_seconds"] / 60
    measure = next(one for one in ("mean_iou", "dice_mean") if one in hand)
    behind, bar = hand[measure] - auto[measure], 0.01 if measure == "mean_iou" else 0.002
    return (
        f"{name}: {measure} by hand {hand[measure]:.4f}, auto {auto[measure]:.4f}, {behind:+.4f} behind "
        f"({passed(behind <= bar)}); promised {promised:.1f} minutes, took {took:.1f} "
        f"({passed(took <= MORE_TIME * promised)})"
    )


def judged(model: str, data: Path, home: Path) -> dict[str, float]:
    """Return the figures of a model on what it held out."""
    output = home / "results" / model / "eval"
    if not (output / "metrics.json").is_file():
        command: Sequence[object] = ("eval", "--home", home, "--model", model, "--data", data)
        run(*PROGRAM, *command, "--output", output, "--report-images", "0")
    figures: dict[str, float] = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    return figures


def passed(well: bool) -> str:
    """Return whether a bar was reached, in a word."""
    return "reached" if well else "missed"


if __name__ == "__main__":
    main()
