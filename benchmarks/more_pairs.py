"""What do more pairs bring, and which ones? Predictions beside the truth, and `next` beside chance.

    python benchmarks/more_pairs.py --data DIR --home DIR [--pairs 75] [--start 25] [--quick]

The folder of pairs has a train and a val of its own. Of its training photos `--pairs` are what a user has:
`learning-curve` predicts from them what all the others would bring, and three trainings each with that part
and with all tell what they do bring on val. Then a model that is trained on `--start` photos chooses as many
others by `next`, and as many are drawn; the models of both are judged on val, for three draws of the start.
What is done is kept in the working folder `--home`, and the same command goes on.
"""

import argparse
import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import project  # noqa: F401  (so that the library is found)

from segmentation.cli.experiment import ExperimentDisplay
from segmentation.config.experiment import Experiment, Factor
from segmentation.config.jobs.learning_curve import LearningCurveOptions
from segmentation.config.jobs.next import NextOptions
from segmentation.core.imports import import_keras_quietly
from segmentation.core.samples import Sample
from segmentation.core.workspace import Workspace
from segmentation.datasets.discover import discover
from segmentation.datasets.split import Split, fewer
from segmentation.evaluation.experiment_figures import ExperimentFigures
from segmentation.jobs.context import Context
from segmentation.jobs.fold_network import network_settings

SEEDS = (0, 1, 2)
QUICK: dict[str, Any] = {"architecture": "simple", "filters": 4, "input_size": "32x48", "batch_size": 4}


def main() -> None:
    """Predict, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of pairs with train and val")
    parser.add_argument("--home", type=Path, required=True, help="working folder, kept for the next call")
    parser.add_argument("--pairs", type=int, default=75, help="pairs that a user has (default: 75)")
    parser.add_argument("--start", type=int, default=25, help="pairs before a choice (default: 25)")
    parser.add_argument("--quick", action="store_true", help="a tiny network and one epoch: does it run?")
    options = parser.parse_args()
    split = discover(options.data).folder_split
    if split is None:
        raise SystemExit(f"{options.data}: expected folders train and val")
    import_keras_quietly()
    chosen = {**(QUICK if options.quick else {}), "epochs": 1 if options.quick else 14}
    with ExperimentDisplay() as display:
        context = display.shown(Context(Workspace(options.home)))
        gain(options.data, split, options.pairs, chosen, context)
        choice(split, options.start, chosen, context)


def gain(data: Path, split: Split, pairs: int, chosen: dict[str, Any], context: Context) -> None:
    """Print what all photos bring beyond `pairs` of them, as it is predicted and as it is."""
    from segmentation.jobs.learning_curve import learning_curve

    half, more = fewer(split, pairs), len(split.train) - pairs
    folder = link(context.workspace.home / "half", half.train)
    steps = 3 if pairs < 50 else 4
    learned = learning_curve(LearningCurveOptions.of(data=folder, more=more, steps=steps, **chosen), context)
    if learned.curves is None:
        raise SystemExit("interrupted; the same command goes on")
    predicted = learned.curves.error.gain(len(half.train), more)
    repeats = max(1, round(len(split.train) / pairs))
    fewer_pairs = Factor("photos", {str(pairs): {"train_size": pairs, "repeats": repeats}})
    found = trained([data], "truth", split.train, chosen, context, factors=(fewer_pairs,), seeds=SEEDS)
    loss = found.rows[1].difference
    print(f"from {len(half.train)} to {len(split.train)} pairs, gain of Dice")
    print(f"predicted: {predicted.mean:+.4f} ({predicted.low:+.4f} to {predicted.high:+.4f})")
    if loss:
        print(f"true: {-loss.mean:+.4f} ({-loss.high:+.4f} to {-loss.low:+.4f})")


def choice(split: Split, start: int, chosen: dict[str, Any], context: Context) -> None:
    """Print the Dice after as many more photos as there were, chosen by `next` and by chance."""
    from segmentation.jobs.next import choose_photos

    home = context.workspace.home
    by_next, by_chance = [], []
    for seed in SEEDS:
        few = fewer(split, start, seed)
        pool = [sample for sample in split.train if sample not in few.train]
        folder = link(home / f"start-{seed}", few.train, split.val)
        trained([folder], folder.name, few.train, chosen, context)
        (model,) = (context.workspace.results / folder.name / "models").glob("base-*")
        photos = link(home / f"pool-{seed}", pool) / "train" / "images"
        picked = choose_photos(
            NextOptions.of(input=[photos], model=[str(model)], count=start, output=home / f"next-{seed}"),
            context,
        )
        names = {Path(one.photo).name for one in picked.photos}
        drawn = np.random.default_rng(seed).permutation(len(pool))[:start]
        ways = {
            "next": [sample for sample in pool if sample.photo.name in names],
            "chance": [pool[place] for place in drawn],
        }
        for way, dice in (("next", by_next), ("chance", by_chance)):
            folder = link(home / f"{way}-pairs-{seed}", [*few.train, *ways[way]], split.val)
            dice.append(trained([folder], folder.name, few.train, chosen, context).base.mean or 0.0)
    differences = [one - other for one, other in zip(by_next, by_chance, strict=True)]
    print(f"Dice with {start} pairs and {start} more, mean of {len(SEEDS)} draws")
    print(f"next: {statistics.fmean(by_next):.4f}, chance: {statistics.fmean(by_chance):.4f}")
    print(f"next less chance, each draw: {', '.join(f'{one:+.4f}' for one in differences)}")


def trained(
    data: Sequence[Path],
    name: str,
    samples: Sequence[Sample],
    chosen: dict[str, Any],
    context: Context,
    *,
    factors: tuple[Factor, ...] = (),
    seeds: tuple[int, ...] = (0,),
) -> ExperimentFigures:
    """Return the figures of trainings on folders of pairs that hold out their own val."""
    from segmentation.jobs.experiment import run_experiment

    network = LearningCurveOptions.of(data=data[0], **chosen).network
    settings = network_settings(network, samples)
    base = {**settings, "epochs": chosen["epochs"]}
    found = Experiment(name, "", base, factors, seeds=seeds)
    done = run_experiment(found, data, context.workspace.results / name, 1, context)
    if done.interrupted:
        raise SystemExit("interrupted; the same command goes on")
    return done.figures


def link(folder: Path, train: Sequence[Sample], val: Sequence[Sample] = ()) -> Path:
    """Return a folder of pairs with links to the photos of these samples and to their ground truth."""
    shutil.rmtree(folder, ignore_errors=True)
    for side, samples in (("train", train), ("val", val)):
        for sample in samples:
            assert sample.truth
            for path, kind in ((sample.photo, "images"), (sample.truth.path, sample.truth.path.parent.name)):
                place = folder / side / kind / path.name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(path.resolve())
    return folder


if __name__ == "__main__":
    main()
