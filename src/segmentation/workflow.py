"""The whole jobs behind the commands: data to a trained bundle, a bundle and data to an evaluation."""

import dataclasses
import random
from pathlib import Path

from config import DataConfig, RunConfig, Size
from segmentation.bundle import ModelBundle, save_description
from segmentation.data.discover import Dataset, discover
from segmentation.data.fingerprint import fingerprint
from segmentation.data.parallel import OnProgress
from segmentation.data.split import Split, folds, holdout
from segmentation.data.synth import GENERATOR_VERSION, write_studio
from segmentation.errors import ConfigError, DataError
from segmentation.evaluation.evaluate import evaluate
from segmentation.evaluation.plots import plot_curves, plot_threshold
from segmentation.files import atomic_folder
from segmentation.imageio import image_size
from segmentation.inference.engines import load_engine
from segmentation.provenance import provenance
from segmentation.training.fit import fit
from segmentation.training.progress import Progress
from segmentation.types import Sample


def train(
    config: RunConfig,
    dataset: Dataset,
    split: Split,
    path: Path,
    *,
    logs: Path,
    start: ModelBundle | None = None,
    resuming: bool = False,
    progress: Progress,
) -> ModelBundle:
    """Train a completed configuration and put the bundle at `path`.

    Its threshold is searched on the held-out photos at full resolution. The bundle appears at `path`
    whole or not at all; what was there before is replaced. Raises what `fit` and `evaluate` raise.
    """
    origin = {"data": str(dataset.root.resolve()), **provenance()}
    with atomic_folder(path) as folder:
        bundle, history = fit(
            config,
            split.train,
            split.val,
            folder,
            logs=logs,
            fingerprint=fingerprint(split.train + split.val),
            start=start,
            resuming=resuming,
            progress=progress,
        )
        bundle = with_best_threshold(bundle, split.val, progress.score)
        bundle = dataclasses.replace(bundle, provenance={**origin, **bundle.provenance})
        plot_curves(history, folder / "curves.png")
        save_description(bundle)
    return dataclasses.replace(bundle, path=path)


def choose_split(dataset: Dataset, config: DataConfig, seed: int) -> Split:
    """One of the folds if folds are asked for, else the data's own train/ and val/, else a hold-out.

    Raises ConfigError for a fold that there is not, and what `folds` and `holdout` raise.
    """
    if config.fold > max(config.folds, 1):
        raise ConfigError(f"--fold: expected 1 to {max(config.folds, 1)} (--folds), received {config.fold}")
    if config.folds:
        return folds(dataset.samples, config.folds, seed)[config.fold - 1]
    return dataset.folder_split or holdout(dataset.samples, config.holdout, seed)


def with_drawn_garments(split: Split, config: RunConfig, folder: Path, on_photo: OnProgress | None) -> Split:
    """The split with `config.data.synthetic` drawn garments added to its training photos.

    They are drawn below `folder`, in the shape of the photos and twice as high as the network's input,
    from the run's seed, and kept for the next run that asks for the same. A garment that the split
    already has, as a drawn set has, is not added: it could be one that is held out.
    """
    if not config.data.synthetic:
        return split
    height = 2 * config.preprocessing.input_size.height
    photo_height, photo_width = image_size(split.train[0].image_path)
    size = Size(height, round(height * photo_width / photo_height))
    drawn = drawn_set(folder, config.data.synthetic, size, config.training.seed, on_photo)
    known = {sample.group for sample in split.train + split.val}
    samples = [sample for sample in discover(drawn, check=False).samples if sample.group not in known]
    added = tuple(dataclasses.replace(sample, origin="synthetic") for sample in samples)
    return Split(split.train + added, split.val)


def drawn_set(folder: Path, count: int, size: Size, seed: int, on_photo: OnProgress | None) -> Path:
    """The folder below `folder` with `count` drawn garments at `size`, drawn now unless it is there."""
    drawn = folder / f"{count}-{size}-{seed}-version-{GENERATOR_VERSION}"
    if not drawn.exists():
        with atomic_folder(drawn) as unfinished:
            write_studio(unfinished, count, size.width, size.height, seed, on_photo=on_photo)
    return drawn


def with_best_threshold(
    bundle: ModelBundle, samples: tuple[Sample, ...], on_score: OnProgress | None = None
) -> ModelBundle:
    """The bundle with the threshold of the best mean Dice on `samples`; the curve lies beside it."""
    evaluation = evaluate(
        load_engine(bundle),
        samples,
        None,
        target_threshold=bundle.config.data.target_threshold,
        on_progress=on_score,
    )
    evaluation.search.write_csv(bundle.path / "threshold.csv")
    plot_threshold(evaluation.search, bundle.path / "threshold.png")
    figures = {**bundle.provenance, "val_at_full_resolution": evaluation.summary()}
    return dataclasses.replace(bundle, threshold=evaluation.threshold, provenance=figures)


def select_samples(bundle: ModelBundle, dataset: Dataset, side: str = "held-out") -> tuple[Sample, ...]:
    """The photos of `dataset` that a model is judged on: `held-out`, `train` or `all`.

    Held out are the photos that the bundle's split names as such; of data that it does not know, those in
    val/ or else all, but none that it has learned from. Raises DataError when nothing is left.
    """
    learned, held_out = set(bundle.split.get("train", ())), set(bundle.split.get("val", ()))
    unseen = tuple(sample for sample in dataset.samples if sample.id in held_out)
    if not unseen:
        candidates = dataset.folder_split.val if dataset.folder_split else dataset.samples
        unseen = tuple(sample for sample in candidates if sample.id not in learned)
    trained = tuple(sample for sample in dataset.samples if sample.id in learned)
    chosen = {"held-out": unseen, "train": trained, "all": dataset.samples}[side]
    if not chosen:
        raise DataError(
            f"{dataset.root}: expected {side} photos, found none, since {bundle.name} learned from "
            f"{len(trained)} of its {len(dataset.samples)}; give other --data, or --split all"
        )
    return chosen


def random_subset(samples: tuple[Sample, ...], count: int | None, seed: int) -> tuple[Sample, ...]:
    """`count` of the samples, chosen at random but always the same for one seed; all of them for None."""
    if count is None or count >= len(samples):
        return samples
    return tuple(random.Random(seed).sample(samples, count))
