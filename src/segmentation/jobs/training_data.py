"""The pairs of a training: default, excluded and drawn ones, and what a second pass is trained on."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.data import DataConfig
from segmentation.config.run import RunConfig
from segmentation.core.counting import counted
from segmentation.core.errors import printable
from segmentation.core.events import Caution, Note, counting
from segmentation.core.files import encodable
from segmentation.core.parallel import OnProgress
from segmentation.core.size import Size
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.exclusion import Pair, contents_of, exclusion_table, read_exclusion, without
from segmentation.datasets.split import Split
from segmentation.images.files import image_size
from segmentation.inference.first_pass_scores import write_first_pass_scores
from segmentation.jobs.context import Context
from segmentation.synth import VIEWS, drawn_empty_rooms, drawn_set

_DRAWN = 60  # garments of the set that stands in for missing photos


def default_data(context: Context) -> Path:
    """Return the data folder if it holds anything, else a set that is drawn now."""
    workspace = context.workspace
    if any(found.name != "README.md" for found in workspace.data.glob("[!.]*")):
        return workspace.data
    context.tell(
        Note(
            f"{workspace.data} is empty and no `data` was given: drawing a synthetic set of {_DRAWN} garments"
        )
    )
    return drawn_set(workspace.drawn, _DRAWN, Size(864, 576), 0, counting(context.tell, "drawing"))


def without_excluded(
    datasets: Sequence[Dataset], table: Path, context: Context
) -> tuple[list[Dataset], list[str]]:
    """Return the data sets without the pairs that a table excludes, and the ids of those that were there.

    Events name both, and pairs that are no longer those which the table excludes. Raises what
    `read_exclusion`, `contents_of` and `without` raise.
    """
    known_in = [{encodable(sample.id): sample for sample in dataset.samples} for dataset in datasets]
    known = {name: sample.id for one in known_in for name, sample in one.items()}

    def is_meant(pair: Pair) -> bool:
        there = [one[pair.id] for one in known_in if pair.id in one]
        return not (there and pair.contents) or pair.contents in map(contents_of, there)

    pairs = read_exclusion(exclusion_table(table))
    marked = dict.fromkeys(pair.id for pair in pairs if is_meant(pair))
    if others := sorted({pair.id for pair in pairs} - marked.keys()):
        names = ", ".join(map(printable, others))
        context.tell(
            Caution(
                f"`exclude`: {table}: not left out, since it speaks of another photo or other ground truth "
                f"of this name: {names}"
            )
        )
    unknown = [name for name in marked if name not in known]
    if unknown:
        context.tell(Caution(f"`exclude`: {table}: no such pair: {', '.join(map(printable, unknown))}"))
    several = [name for name in marked if sum(name in one for one in known_in) > 1]
    if several:
        names = ", ".join(map(printable, several))
        context.tell(Caution(f"`exclude`: {table}: in several sets, and left out of all: {names}"))
    excluded = sorted(known[name] for name in marked.keys() & known.keys())
    context.tell(Note(f"excluded: {len(excluded)} of {counted(len(known), 'pair')}, by {table}"))
    return [without(dataset, excluded) for dataset in datasets], excluded


def drawn_photos(data: DataConfig) -> int:
    """Return how many photos are drawn for a training, as far as the data has none of their garments."""
    return len(VIEWS) * data.synthetic + data.empty_rooms


def with_drawn_photos(
    split: Split, config: RunConfig, folder: Path, on_photo: OnProgress | None = None
) -> Split:
    """Return the split with drawn garments and empty rooms added to its training photos.

    There are `config.data.synthetic` and `config.data.empty_rooms` of them. They are drawn below `folder`, in
    the shape of the photos and twice as high as the network's input, from the run's seed, and kept for the
    next run that asks for the same. A garment that the split already has, as in a drawn set, is not added,
    since it could be held out.
    """
    garments, rooms = config.data.synthetic, config.data.empty_rooms
    if not garments and not rooms:
        return split
    assert config.preprocessing.input_size is not None  # of a completed configuration
    height = 2 * config.preprocessing.input_size.height
    photo_height, photo_width = image_size(split.train[0].photo)
    size, seed = Size(height, round(height * photo_width / photo_height)), config.training.seed
    drawn = [drawn_set(folder, garments, size, seed, on_photo)] if garments else []
    if rooms:
        drawn.append(drawn_empty_rooms(folder, rooms, size, seed, on_photo))
    known = {sample.group for sample in split.train + split.val}
    samples = [sample for one in drawn for sample in discover(one, check=False).samples]
    added = (sample for sample in samples if sample.group not in known)
    return Split(
        (*split.train, *(dataclasses.replace(sample, origin="synthetic") for sample in added)), split.val
    )


def with_first_pass_scores(
    split: Split,
    config: RunConfig,
    first_passes: Sequence[ModelBundle],
    folder: Path,
    on_photo: OnProgress | None = None,
) -> Split:
    """Return the split with what a second pass is trained on: first-pass scores, or the ground truth itself.

    Pictures of the scores are written below `folder`. Raises what `write_first_pass_scores` raises.
    """
    if config.second_pass.guide == "held-out":
        return Split(
            write_first_pass_scores(split.train, first_passes, folder / "train", on_photo),
            write_first_pass_scores(split.val, first_passes, folder / "val", on_photo),
        )
    sides = [
        tuple(dataclasses.replace(sample, first_scores=sample.truth) for sample in side)
        for side in (split.train, split.val)
    ]
    return Split(*sides)
