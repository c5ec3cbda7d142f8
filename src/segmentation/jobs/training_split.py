"""The split of the named folders into pairs to train on and held-out ones."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.data import DataConfig
from segmentation.config.run import RunConfig
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError, DataError, printable
from segmentation.core.events import Caution
from segmentation.core.samples import Sample
from segmentation.datasets.discover import Dataset
from segmentation.datasets.exclusion import split_without
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.origin import REAL, RETOUCHED
from segmentation.datasets.split import Split, apart_from, fewer, folds, holdout
from segmentation.jobs.context import Context


def split_of(
    datasets: Sequence[Dataset],
    config: RunConfig,
    context: Context,
    start: ModelBundle | None = None,
    held_out: Sequence[str] | None = None,
) -> Split:
    """Return the samples of all data sets to train on and to hold out, the first one's before the others'.

    What was predicted of a held-out garment of any of them, or composed of it, is left out, whatever the
    order of the folders; events count it, and copies of held-out photos that stay. `start` is the model that
    the training begins with, which may say what is held out. `held_out` are the ids that an interrupted run
    has held out, if any: earlier versions chose them after pairs were excluded. Raises what `choose_split`
    and `fewer` raise, and DataError for a folder of which nothing is left.
    """
    if held_out is None or not any(dataset.whole for dataset in datasets):
        return _split_of(datasets, config, context, start)
    told: list[object] = []
    split = _split_of(datasets, config, replace(context, tell=told.append), start)
    if sorted(sample.id for sample in split.val) != [*held_out]:
        return _split_of([replace(dataset, whole=None) for dataset in datasets], config, context, start)
    for event in told:
        context.tell(event)
    return split


def _split_of(
    datasets: Sequence[Dataset], config: RunConfig, context: Context, start: ModelBundle | None
) -> Split:
    dataset, *others = datasets
    if config.data.folds and dataset.folder_split:
        context.tell(
            Caution(
                f"`folds` splits all {counted(len(dataset.samples), 'pair')} of {dataset.root} anew, those "
                f"of val/ too; give {dataset.root / 'train'} to keep val/ apart"
            )
        )
    splits = [_own_split(dataset, config, start)]
    splits += [split_of_source(other, config, start) for other in others]
    held_out = [split.val for split in splits]
    splits = [
        without_held_out(split, one.root, held_out[:number] + held_out[number + 1 :], context)
        for number, (one, split) in enumerate(zip(datasets, splits, strict=True))
    ]
    if config.data.train_size:
        splits[0] = fewer(splits[0], config.data.train_size, config.training.seed)
    split = splits[0]
    for number, other in enumerate(others, start=1):
        split = with_source(split, other.root, splits[number], number)
    return split


def choose_split(dataset: Dataset, config: DataConfig, seed: int) -> Split:
    """Return one of the folds if folds are asked for, else the data's own train/ and val/, else a hold-out.

    Raises ConfigError for a fold that does not exist, and what `folds` and `holdout` raise.
    """
    if config.fold > max(config.folds, 1):
        raise ConfigError(f"`fold`: expected 1 to {max(config.folds, 1)} (`folds`), received {config.fold}")
    if config.folds:
        return folds(dataset.samples, config.folds, seed)[config.fold - 1]
    return dataset.folder_split or holdout(dataset.samples, config.holdout, seed)


def split_of_source(dataset: Dataset, config: RunConfig, start: ModelBundle | None = None) -> Split:
    """Return the training and the held-out part of a data set besides the first.

    Nothing is held out, unless `config.data.held_out_from` asks for it and a person made the pairs. Raises
    what `choose_split` raises.
    """
    if config.data.held_out_from == "first" or not _by_a_person(dataset):
        return Split(dataset.samples, ())
    return _own_split(dataset, config, start)


def _own_split(dataset: Dataset, config: RunConfig, start: ModelBundle | None) -> Split:
    """Return the split of a data set of which something is held out, chosen before pairs were excluded.

    Raises what `choose_split` and `split_without` raise.
    """
    whole = dataset.whole or dataset
    split = _known_split(whole, config, start) or choose_split(whole, config.data, config.training.seed)
    excluded = {sample.id for sample in whole.samples} - {sample.id for sample in dataset.samples}
    return split_without(split, excluded, dataset.root) if excluded else split


def _known_split(dataset: Dataset, config: RunConfig, start: ModelBundle | None) -> Split | None:
    """Return the split by which a model held out some of the garments, where that is asked for and it did."""
    if config.data.held_out_from != "model" or start is None or not _by_a_person(dataset):
        return None
    held_out = {sample.group for sample in KnownPhotos.held_out(start).among(dataset.samples)}
    held_out -= {sample.group for sample in KnownPhotos.trained_on(start).among(dataset.samples)}
    val = tuple(sample for sample in dataset.samples if sample.group in held_out)
    train = tuple(sample for sample in dataset.samples if sample.group not in held_out)
    return Split(train, val) if train and val else None


def _by_a_person(dataset: Dataset) -> bool:
    return all(sample.origin in (REAL, RETOUCHED) for sample in dataset.samples)


def without_held_out(
    split: Split, folder: Path, elsewhere: Sequence[Sequence[Sample]], context: Context
) -> Split:
    """Return the split of a folder without training samples that were made of held-out garments.

    `elsewhere` are the samples that other folders hold out. Events count what is left out, and copies of
    photos held out elsewhere that stay, since a person made their ground truth. Raises DataError where
    nothing is left.
    """
    others = [sample for samples in elsewhere for sample in samples]
    train = apart_from([*split.val, *others], split.train)
    left_out = len(split.train) - len(train)
    if not train:
        raise DataError(f"{folder}: expected photos that are not held out, found none; give others")
    if left_out:
        pairs = counted(left_out, "predicted or composed pair")
        context.tell(Caution(f"left out: {pairs} of {folder}, showing what is held out"))
    if copies := KnownPhotos.of(others).among(train):
        photos = counted(len(copies), "photo")
        context.tell(
            Caution(
                f"{photos} of {folder}, such as {printable(copies[0].id)}, held out as well: the model "
                "is judged too kindly on them; remove them from one of the folders"
            )
        )
    return Split(train, split.val)


def with_source(split: Split, folder: Path, other: Split, number: int) -> Split:
    """Return the split with that of another folder, whose samples have the `number` of their source.

    Their ids and groups begin with the name of the folder, with a number where that is taken, so that none is
    taken for another one's.
    """
    taken = {sample.id.partition("/")[0].casefold() for sample in split.train + split.val}
    name = prefix = folder.resolve().name
    while prefix.casefold() in taken:
        prefix = f"{name}-{number}" if prefix == name else f"{prefix}-"

    def added(samples: Iterable[Sample]) -> tuple[Sample, ...]:
        return tuple(
            replace(sample, id=f"{prefix}/{sample.id}", group=f"{prefix}/{sample.group}", source=number)
            for sample in samples
        )

    return Split(split.train + added(other.train), split.val + added(other.val))
