"""The pairs of an adaptation: corrections to train on and to judge by, and what is replayed beside them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.bundle.provenance import data_folder
from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError, DataError, SegmentationError, printable
from segmentation.core.events import Caution, Note
from segmentation.core.samples import Sample
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.exclusion import exclusion_table
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.origin import PSEUDO, RETOUCHED, write_origin
from segmentation.datasets.selection import garments_known
from segmentation.datasets.split import Split, holdout
from segmentation.evaluation.adaptation import FEWEST_JUDGED
from segmentation.evaluation.candidates import trusted_by_all, unseen_by_all
from segmentation.jobs.adapt_plan import CORRECTIONS, HELD_OUT
from segmentation.jobs.collect import make_pairs
from segmentation.jobs.configuration import recorded_training
from segmentation.jobs.context import Context
from segmentation.jobs.corrections import Corrections
from segmentation.jobs.pairs import find_dataset
from segmentation.outputs.collect import write_report
from segmentation.outputs.pairs import IMAGES, mask_path, prepare, remove_pair

FEWEST = 2 * FEWEST_JUDGED
"""The number of garments, and so of corrected photos, that an adaptation needs: half of them judge."""


def check_enough(found: Sequence[Corrections]) -> None:
    """Raise DataError where fewer photos were corrected than an adaptation needs."""
    _check_enough(sum(len(corrections.matches) for corrections in found), "corrected")


def collect_corrections(
    found: Sequence[Corrections],
    models: Sequence[ModelBundle],
    options: AdaptOptions,
    folder: Path,
    context: Context,
) -> Split:
    """Make the pairs of corrections in `folder`, and return those to train on and those to judge by.

    The first of `models` learns, and all are judged. Pairs of a photo that the first was trained on are left
    out. Whole garments that none of them knows are held out. Raises DataError where there are too few.
    """
    pairs, bundle = folder / CORRECTIONS, models[0]
    record = {"origin": RETOUCHED, "from": [str(path.absolute()) for path in options.from_]}
    record |= {"model": bundle.name, "digest": bundle.digest}
    write_origin(pairs, record)
    prepare(pairs)
    collected = [
        one
        for corrections in found
        for one in make_pairs(
            corrections.matches, pairs, corrections.predictions, corrections.results, context
        )
    ]
    write_report(pairs, collected)
    for one in collected:
        if one.error:
            context.tell(Caution(f"left out: {one.error}"))
    _check_enough(sum(one.taken for one in collected), "corrected")
    dataset = discover(pairs)
    split = _split(dataset, models, options.holdout, context)
    write_origin(folder / HELD_OUT, {**record, "photos": len(split.val)})
    for sample in split.val:
        _move(sample, pairs, folder / HELD_OUT)
    for sample in _without(dataset.samples, (*split.train, *split.val)):
        remove_pair(pairs, sample.id)
    write_origin(pairs, {**record, "photos": len(split.train)})
    return split


def find_replay(
    options: AdaptOptions, bundle: ModelBundle, context: Context
) -> tuple[list[Dataset], Path | None]:
    """Return the pairs to train on beside the corrections, and the table of those that are left out of them.

    A Note tells what is found and what is not. Raises DataError for a folder that is named and cannot be
    read.
    """
    if options.replay:
        return [find_dataset(folder, context) for folder in options.replay], None
    home = context.workspace.home
    recorded = [_recorded(network, home) for network in bundle.passes]
    datasets, missing = [], []
    for path in dict.fromkeys(path for training in recorded for path in training.data):
        try:
            datasets.append(discover(path if path.exists() else home / path))
        except SegmentationError:
            missing.append(str(path))
    tables = (training.exclude for training in recorded)
    if datasets:
        names = ", ".join(str(dataset.root) for dataset in datasets)
        context.tell(Note(f"replayed beside the corrections: {names}, which {bundle.name} was trained on"))
    if missing or not datasets:
        gone = f"{', '.join(missing)}: not here any more" if missing else "not recorded"
        alone = "" if datasets else ", so that it learns from the corrections alone and may forget others"
        context.tell(Note(f"pairs that {bundle.name} was trained on: {gone}{alone}; `replay` names some"))
    return datasets, next(filter(_is_there, tables), None) if datasets else None


def find_guides(
    options: AdaptOptions, bundle: ModelBundle, replay: Sequence[Dataset], context: Context
) -> tuple[list[ModelBundle], list[Dataset]]:
    """Return first passes for photos that they were not trained on, and the folders that can be replayed.

    The first is that of the bundle, which does not know the corrected photos. The others are named or
    recorded models of its folds. A folder is replayed where each of its pairs has such a first pass.
    """
    if bundle.first is None:
        return [], []
    models = context.workspace.models
    guides = [bundle.first]
    for name in options.fold_model:
        guides.append(find_bundle(name, models))
    for name in () if options.fold_model else _recorded(bundle, context.workspace.home).second_pass:
        try:
            found = find_bundle(str(name), models)
        except SegmentationError:
            continue
        if not found.first and found.digest not in {guide.digest for guide in guides}:
            guides.append(found)
    if not bundle.config.second_pass.guided:  # it is trained on the ground truth
        return guides, list(replay)
    known = [KnownPhotos.trained_on(guide) for guide in guides]
    usable = [dataset for dataset in replay if _has_guides(dataset.samples, known)]
    if left_out := [str(dataset.root) for dataset in replay if dataset not in usable]:
        context.tell(
            Note(
                f"the second pass does not see {', '.join(left_out)} again: there is no first pass that was "
                "not trained on it; `fold_model` names models of its folds"
            )
        )
    return guides, usable


def find_validation(options: AdaptOptions, bundle: ModelBundle, context: Context) -> Path | None:
    """Return the folder with pairs on which the new model must not be worse; None, with a Note, for none.

    Raises DataError for one that is named and has fewer than two photos to judge by, since the model was
    trained on the others, or told to leave them out.
    """
    folder = options.validation or data_folder(bundle, context.workspace.home)
    what = f"`validation` {folder}" if options.validation else f"{folder}"
    try:
        if folder is None or not (options.validation or folder.exists()):
            raise DataError("what the model was trained on is not here")
        dataset = discover(folder, classes=bundle.classes)
        photos = trusted_by_all(unseen_by_all({bundle.name: bundle}, dataset), [bundle], dataset)
        if len(photos) < 2:
            raise DataError(f"{what}: expected at least 2 photos that are new to {bundle.name}, received 1")
    except DataError as error:
        if options.validation:
            raise
        context.tell(
            Note(f"what the new model costs on other photos stays unknown: {error}; `validation` names pairs")
        )
        return None
    return folder


def _split(dataset: Dataset, models: Sequence[ModelBundle], fraction: float, context: Context) -> Split:
    bundle, known = models[0], KnownPhotos.trained_on(models[0])
    learned_before = known.among(dataset.samples)
    if learned_before:
        context.tell(
            Caution(
                f"left out: {counted(len(learned_before), 'corrected photo')} such as "
                f"{printable(learned_before[0].id)}, which {bundle.name} was trained on"
            )
        )
    samples = _without(dataset.samples, learned_before)
    _check_enough(len(samples), "corrected and new to the model")
    garments = len({sample.group for sample in samples})
    if garments < FEWEST:
        raise DataError(
            f"`from_`: expected corrections of at least {FEWEST} garments, so that {FEWEST_JUDGED} can be "
            f"held out, received those of {garments}; correct photos of others"
        )
    familiar = {garment for model in models for garment in garments_known(model, samples)}
    fresh = [sample for sample in samples if sample.group not in familiar]
    held_out = _held_out(fresh, fraction)
    learned = _without(samples, held_out)
    if not held_out or len({sample.group for sample in learned}) < 2:
        raise DataError(
            f"`from_`: expected corrections of more garments that no model knows, so that {FEWEST_JUDGED} "
            f"can be held out, received {counted(len(fresh), 'photo')}; correct photos of others"
        )
    return Split(learned, held_out)


def _held_out(fresh: Sequence[Sample], fraction: float) -> tuple[Sample, ...]:
    """Return about a `fraction` of the photos, or more where these show too few garments; none if all do."""
    garments = {sample.group for sample in fresh}
    if len(garments) <= FEWEST_JUDGED:
        return tuple(fresh) if len(garments) == FEWEST_JUDGED else ()
    for photos in range(max(1, round(fraction * len(fresh))), len(fresh)):
        chosen = holdout(fresh, photos / len(fresh)).val
        if len({sample.group for sample in chosen}) >= FEWEST_JUDGED:
            return chosen
    return ()


def _check_enough(count: int, what: str) -> None:
    if count < FEWEST:
        raise DataError(
            f"`from_`: expected at least {FEWEST} photos that are {what}, received {count}; correct "
            f"{FEWEST - count} more, or add further results"
        )


def _without(samples: Iterable[Sample], left_out: Iterable[Sample]) -> tuple[Sample, ...]:
    names = {sample.id for sample in left_out}
    return tuple(sample for sample in samples if sample.id not in names)


def _move(sample: Sample, pairs: Path, target: Path) -> None:
    """Move a pair from a folder of pairs into another one."""
    photo = sample.photo.relative_to(pairs / IMAGES)
    for place, moved in (
        (sample.photo, target / IMAGES / photo),
        (mask_path(pairs, sample.id), mask_path(target, sample.id)),
    ):
        moved.parent.mkdir(parents=True, exist_ok=True)
        place.rename(moved)


def _is_there(table: Path | None) -> bool:
    return table is not None and exclusion_table(table).is_file()


def _has_guides(samples: Iterable[Sample], known: Sequence[KnownPhotos]) -> bool:
    return all(
        sample.origin != PSEUDO and any(sample not in photos for photos in known) for sample in samples
    )


def _recorded(bundle: ModelBundle, home: Path) -> TrainOptions:
    """Return the options of the training that made a bundle, as far as it records them."""
    try:
        return recorded_training(bundle, home)
    except ConfigError:  # whoever made the bundle may have written anything
        return TrainOptions()
