"""Measure what N corrections bring: the gain of `adapt` on other photos of their kind and on held-out ones.

    python benchmarks/adapt.py --data DIR [--data DIR] --validation DIR [--model NAME] [--corrections 20]

A retoucher is simulated: the photos of the folders of pairs are predicted, whole garments are drawn, and the
ground truth takes the place of N of their masks, those that are worst first. The model learns from them as by
`adapt`; old and new are then compared on all photos of garments that were not corrected, paired, with the 95%
interval. That is repeated with other garments drawn. Photos that the model was trained on are left out.
"""

import argparse
import dataclasses
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from project import ROOT
from unseen import unseen

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.cli.training_display import TrainingDisplay
from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.config.jobs.compare import CompareOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.events import counting
from segmentation.core.imports import import_keras_quietly
from segmentation.core.samples import Sample
from segmentation.core.workspace import WorkFolder
from segmentation.evaluation.adaptation import Trial
from segmentation.evaluation.photo import read_pair
from segmentation.images.files import read_mask, write_image
from segmentation.jobs.context import Context
from segmentation.metrics.masks import counts, dice

HALF = 128


class Place(WorkFolder):
    """The project's working folder, but for models, logs and results, which nobody needs afterwards."""

    @property
    def results(self) -> Path:
        return self.folder / "results"


@dataclass(frozen=True)
class Found:
    """A photo with its ground truth, the Dice of its prediction, and the name of its results."""

    sample: Sample
    stem: str
    truth: np.ndarray
    dice: float


def main() -> None:
    """Simulate, adapt, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder of pairs")
    parser.add_argument("--model", help="name or path of the model (default: default)")
    parser.add_argument("--validation", type=Path, help="pairs on which nothing may be lost")
    parser.add_argument("--replay", type=Path, action="append", default=[], help="pairs to train on besides")
    parser.add_argument("--fold-model", action="append", default=[], help="as of adapt, for replayed pairs")
    parser.add_argument("--corrections", type=int, default=20, help="corrected photos (default: 20)")
    parser.add_argument("--share", type=float, default=0.5, help="garments of which some are corrected")
    parser.add_argument("--below", type=float, default=1.0, help="Dice below which a mask is corrected")
    parser.add_argument("--repeats", type=int, default=1, help="draws of the garments (default: 1)")
    parser.add_argument("--epochs", type=int, help="epochs of each pass (default: that of adapt)")
    parser.add_argument("--rate", type=float, help="share of the learning rate (default: that of adapt)")
    options = parser.parse_args()
    import_keras_quietly()
    bundle = find_bundle(options.model, ROOT / "models")
    with tempfile.TemporaryDirectory() as folder, TrainingDisplay() as display:
        context = display.shown(Context(Place(ROOT, Path(folder))))
        found = _predicted(bundle, options.data, Path(folder), context)
        trials = [_repeat(seed, bundle, found, options, context) for seed in range(options.repeats)]
    for name, place in (("held-out corrections", 0), ("validation set", 1), ("other photos", 2)):
        known = [trial[place] for trial in trials]
        for trial in filter(None, known):
            print(f"{name}, {trial.photos} photos: {trial}; {trial.better} better, {trial.worse} worse")
        if len(known) > 1 and all(known):
            print(f"{name}, mean of {len(known)} repeats: {_mean(known):+.4f}")


def _mean(trials: Sequence[Trial | None]) -> float:
    return statistics.fmean(trial.change.mean for trial in trials if trial)


def _predicted(bundle: ModelBundle, folders: Sequence[Path], work: Path, context: Context) -> list[Found]:
    """Predict all photos that are new to the model into `results` of the folder of work."""
    from segmentation.jobs.predict import predict

    samples = unseen([bundle], folders)
    for stem, sample in samples.items():
        photo = work / "photos" / f"{stem}{sample.photo.suffix}"
        photo.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample.photo, photo)
    options = PredictOptions.of(
        input=work / "photos", output=work / "predicted", save=True, model=str(bundle.path.absolute())
    )
    predict(options, context)
    found = []
    told = counting(context.tell, "comparing")
    for done, (stem, sample) in enumerate(samples.items(), start=1):
        _photo, truth = read_pair(sample)
        mask = read_mask(work / "predicted" / "masks" / f"{stem}.png")
        found.append(Found(sample, stem, truth, dice(counts(mask >= HALF, truth >= HALF))))
        told(done, len(samples))
    print(f"predicted with a mean Dice of {_mean_dice(found):.4f}")
    return found


def _mean_dice(found: Sequence[Found]) -> float:
    return statistics.fmean(one.dice for one in found)


def _repeat(
    seed: int, bundle: ModelBundle, found: Sequence[Found], options: argparse.Namespace, context: Context
) -> tuple[Trial, Trial | None, Trial | None]:
    """Correct some garments, adapt, and compare on the held-out corrections, validation set and others."""
    from segmentation.jobs.adapt import adapt
    from segmentation.jobs.compare import compare

    assert isinstance(context.workspace, Place)
    work = context.workspace.folder / f"repeat-{seed}"
    predicted = context.workspace.folder / "predicted"
    context = dataclasses.replace(context, workspace=Place(ROOT, work))
    corrected = _corrected(found, options, seed)
    results, others = work / "predicted", work / "others"
    shutil.copytree(predicted, results)
    garments = {one.sample.group for one in corrected}
    left = [one for one in found if one.sample.group not in garments]
    for one in corrected:
        write_image(results / "masks" / f"{one.stem}.png", one.truth)
    for one in left:
        photo = others / "images" / f"{one.stem}{one.sample.photo.suffix}"
        photo.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(one.sample.photo, photo)
        write_image(others / "masks" / f"{one.stem}.png", one.truth)
    print(f"repeat {seed + 1}: {len(corrected)} corrected, mean Dice {_mean_dice(corrected):.4f}")
    chosen = {"validation": options.validation, "epochs": options.epochs, "rate": options.rate}
    given = {name: value for name, value in chosen.items() if value is not None}
    model = str(bundle.path.absolute())
    given |= {"replay": options.replay, "fold_model": options.fold_model}
    done = adapt(AdaptOptions.of(from_=results, name="adapted", model=model, **given), context)
    if done.verdict is None:
        raise KeyboardInterrupt
    print(done.verdict)
    trial = None
    if len(left) > 1:
        models = (model, str(done.model.absolute()))
        judged = compare(
            CompareOptions.of(models=models, data=others, output=work / "on-others", report_images=0), context
        )
        trial = Trial.of(judged.comparison)
    return done.verdict.corrections, done.verdict.validation, trial


def _corrected(found: Sequence[Found], options: argparse.Namespace, seed: int) -> list[Found]:
    """Draw a share of the garments, and of these the photos that are worst and not good enough."""
    names = sorted({one.sample.group for one in found})
    drawn = set(np.random.default_rng(seed).permutation(names)[: round(options.share * len(names))])
    faulty = [one for one in found if one.sample.group in drawn and one.dice < options.below]
    return sorted(faulty, key=lambda one: one.dice)[: options.corrections]


if __name__ == "__main__":
    main()
