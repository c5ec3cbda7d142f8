"""The whole jobs behind the commands: data to a trained bundle, a bundle and data to an evaluation."""

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path

from config import DataConfig, RunConfig, Size
from segmentation.bundle import ModelBundle, save_description
from segmentation.data.discover import Dataset, discover
from segmentation.data.fingerprint import fingerprint
from segmentation.data.parallel import OnProgress
from segmentation.data.split import Split, folds, holdout
from segmentation.data.synth import write_studio
from segmentation.errors import ConfigError, DataError
from segmentation.evaluation.evaluate import evaluate
from segmentation.evaluation.plots import plot_curves, plot_threshold
from segmentation.files import atomic_folder
from segmentation.inference.engines import load_engine
from segmentation.provenance import provenance
from segmentation.training.fit import fit
from segmentation.training.progress import Progress
from segmentation.training.run_state import History
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
        bundle = _with_provenance(bundle, dataset, history)
    return dataclasses.replace(bundle, path=path)


def choose_split(dataset: Dataset, config: DataConfig, seed: int) -> Split:
    """The data's own train/ and val/ folders where it has them, else one of the folds, else a hold-out."""
    if config.folds:
        if config.fold > config.folds:
            raise ConfigError(f"--fold: expected 1 to {config.folds} (--folds), received {config.fold}")
        return folds(dataset.samples, config.folds, seed)[config.fold - 1]
    return dataset.folder_split or holdout(dataset.samples, config.holdout, seed)


def with_drawn_garments(split: Split, config: RunConfig, folder: Path, on_photo: OnProgress | None) -> Split:
    """The split with `config.data.synthetic` drawn garments added to its training photos.

    They are drawn below `folder` at twice the network's size, from the run's seed, and kept for the next
    run that asks for the same.
    """
    count, seed = config.data.synthetic, config.training.seed
    if not count:
        return split
    size = config.preprocessing.input_size
    drawn = drawn_set(folder, count, Size(2 * size.height, 2 * size.width), seed, on_photo)
    samples = discover(drawn, check=False).samples
    added = tuple(dataclasses.replace(sample, origin="synthetic") for sample in samples)
    return Split(split.train + added, split.val)


def drawn_set(folder: Path, count: int, size: Size, seed: int, on_photo: OnProgress | None) -> Path:
    """The folder below `folder` with `count` drawn garments at `size`, drawn now unless it is there."""
    drawn = folder / f"{count}-{size}-{seed}"
    if not drawn.exists():
        with atomic_folder(drawn) as unfinished:
            write_studio(unfinished, count, size.width, size.height, seed, on_photo=on_photo)
    return drawn


def with_best_threshold(
    bundle: ModelBundle, samples: tuple[Sample, ...], on_score: Callable[[int, int], None] | None = None
) -> ModelBundle:
    """The bundle with the threshold of the best mean Dice on `samples`; the curve lies beside it."""
    evaluation = evaluate(load_engine(bundle), samples, None, on_progress=on_score)
    evaluation.search.write_csv(bundle.path / "threshold.csv")
    plot_threshold(evaluation.search, bundle.path / "threshold.png")
    figures = {**bundle.provenance, "val_at_full_resolution": evaluation.summary()}
    return dataclasses.replace(bundle, threshold=evaluation.threshold, provenance=figures)


def select_samples(bundle: ModelBundle, dataset: Dataset, side: str = "held-out") -> tuple[Sample, ...]:
    """The photos of `dataset` that a model is judged on: those that it has not learned from.

    That is the data's val/ folder, or the photos that the bundle's split held out, or all photos when
    the bundle knows none of them. `side` asks for the `train` photos or `all` instead. Raises DataError
    when nothing is left.
    """
    learned = set(bundle.split.get("train", ()))
    trained = tuple(sample for sample in dataset.samples if sample.id in learned)
    unseen = tuple(sample for sample in dataset.samples if sample.id not in learned)
    if side == "held-out" and dataset.folder_split:
        unseen = tuple(sample for sample in dataset.folder_split.val if sample.id not in learned)
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


def _with_provenance(bundle: ModelBundle, dataset: Dataset, history: History) -> ModelBundle:
    plot_curves(history, bundle.path / "curves.png")
    origin = {"data": str(dataset.root), **provenance(), **bundle.provenance}
    bundle = dataclasses.replace(bundle, provenance=origin)
    save_description(bundle)
    return bundle
