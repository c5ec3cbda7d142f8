"""The job `compose`: new pairs, made of those that there are, or of pictures with transparency."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from segmentation.compose import WAYS, usable_background, usable_foreground, write_composed
from segmentation.config.jobs.compose import DRAWN, ComposeOptions
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.events import Caution, Note, counting
from segmentation.core.lock import locked
from segmentation.core.parallel import map_in_threads
from segmentation.core.samples import Sample
from segmentation.datasets.check import Problem
from segmentation.datasets.layouts import SIDES
from segmentation.datasets.origin import COMPOSED, PSEUDO
from segmentation.jobs.context import Context
from segmentation.jobs.pairs import find_dataset, tell_left_out
from segmentation.outputs.naming import Photo, find_photos

Picture = TypeVar("Picture")


@dataclass(frozen=True)
class ComposedSet:
    """The folder and its photos."""

    output: Path
    photos: Sequence[Path]


def compose(options: ComposeOptions, context: Context) -> ComposedSet:
    """Compose a set of pairs and return its photos.

    Files that cannot be used are reported and left out. Raises ConfigError without anything to compose from
    and for an output among that, DataError for folders of which nothing can be used, and what `discover` and
    `write_composed` raise.
    """
    if not options.data and not options.foregrounds:
        raise ConfigError(
            "`data`: expected pairs, or pictures with transparency in `foregrounds`, received neither; give "
            "one of them"
        )
    pictures = [] if options.backgrounds == DRAWN else [Path(options.backgrounds)]
    for folder in (*options.data, *options.foregrounds, *pictures):
        if options.output.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(
                f"`output`: expected a folder outside of {folder}, received {options.output}; choose another"
            )
    backgrounds = [ground for folder in pictures for ground in _backgrounds(folder, context)]
    with locked(options.output):
        pairs = [_pairs(folder, context) for folder in options.data]
        foregrounds = [one for folder in options.foregrounds for one in _foregrounds(folder, context)]
        photos = write_composed(
            options.output,
            [sample for samples in pairs[:1] for sample in samples],
            [sample for samples in pairs[1:] for sample in samples],
            count=options.count,
            seed=options.seed,
            ways=options.ways or _ways_for(options),
            backgrounds=backgrounds,
            foregrounds=foregrounds,
            workers=options.workers,
            counting=partial(counting, context.tell),
        )
    if left_out := options.count - len(photos):
        context.tell(
            Caution(f"{counted(left_out, 'photo')} left out, for which no two pairs fitted; give more `data`")
        )
    return ComposedSet(options.output, photos)


def _ways_for(options: ComposeOptions) -> list[str]:
    """Return the ways that compose of what is given."""
    return [name for name, way in WAYS.items() if (options.foregrounds if way.transparent else options.data)]


def _pairs(folder: Path, context: Context) -> tuple[Sample, ...]:
    """Return the pairs of a folder that may be trained on."""
    dataset = find_dataset(folder, context)
    if dataset.folder_split:
        kept = counted(len(dataset.folder_split.val), "pair")
        context.tell(Note(f"{folder}: {kept} of val/ held out, and not used"))
    samples = dataset.folder_split.train if dataset.folder_split else dataset.samples
    made = {sample.origin for sample in samples} & {PSEUDO, COMPOSED}
    if made:
        raise DataError(
            f"{folder}: expected pairs that a person made, received {made.pop()} ones; give other `data`"
        )
    return samples


def _foregrounds(folder: Path, context: Context) -> list[Sample]:
    """Return the pictures with transparency in a folder that may be trained on."""
    train, val = (folder / side for side in SIDES)
    if train.is_dir() and val.is_dir():
        context.tell(Note(f"{folder}: pictures of val/ held out, and not used"))
        folder = train
    return _usable("foregrounds", folder, context, lambda photo: usable_foreground(photo.path, photo.stem))


def _backgrounds(folder: Path, context: Context) -> list[Path]:
    if not folder.is_dir():
        raise ConfigError(
            f"`backgrounds`: expected a folder of pictures or {DRAWN}, received {folder}; choose another"
        )
    return _usable("backgrounds", folder, context, lambda photo: usable_background(photo.path))


def _usable(
    option: str, folder: Path, context: Context, examine: Callable[[Photo], Picture | Problem]
) -> list[Picture]:
    """Return what can be used of the pictures in a folder; events name the rest."""

    def warn(message: str) -> None:
        context.tell(Caution(message))

    found = list(find_photos(folder, option=option, warn=warn))
    for photo in found:
        if photo.problem:
            warn(f"left out: {photo.problem}")
    pictures = [photo for photo in found if not photo.problem]
    results = map_in_threads(examine, pictures, counting(context.tell, f"reading {option}"))
    problems = [result for result in results if isinstance(result, Problem)]
    usable = [result for result in results if not isinstance(result, Problem)]
    if usable:
        tell_left_out(problems, context)
        return usable
    if not problems:
        raise DataError(
            f"`{option}` {folder}: expected pictures, found none that can be read; check the path"
        )
    first = problems[0]
    raise DataError(
        f"`{option}` {folder}: expected pictures that can be used, found none (problem 1 of {len(problems)}: "
        f"{first.path.name} {first.reason}); {first.remedy}"
    )
