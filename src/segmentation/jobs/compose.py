"""The job `compose`: new pairs, made of those that there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segmentation.compose import write_composed
from segmentation.config.jobs.compose import DRAWN, ComposeOptions
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.events import Caution, Note, counting
from segmentation.core.lock import locked
from segmentation.core.types import Sample
from segmentation.core.walking import walk
from segmentation.datasets.origin import COMPOSED, PSEUDO
from segmentation.images.formats import IMAGE_SUFFIXES
from segmentation.jobs.context import Context
from segmentation.jobs.pairs import find_dataset


@dataclass(frozen=True)
class ComposedSet:
    """The folder and its photos."""

    output: Path
    photos: Sequence[Path]


def compose(options: ComposeOptions, context: Context) -> ComposedSet:
    """Compose a set of pairs and return its photos.

    Raises ConfigError for an output among the pairs, DataError for pairs that cannot be used, and what
    `discover` and `write_composed` raise.
    """
    for folder in options.data:
        if options.output.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(
                f"`output`: expected a folder outside of {folder}, received {options.output}; choose another"
            )
    backgrounds = _backgrounds(options.backgrounds)
    with locked(options.output):
        worn, *others = (_pairs(folder, context) for folder in options.data)
        photos = write_composed(
            options.output,
            worn,
            [sample for samples in others for sample in samples],
            options.count,
            options.seed,
            options.ways,
            backgrounds,
            options.workers,
            lambda doing: counting(context.tell, doing),
        )
    if left_out := options.count - len(photos):
        context.tell(
            Caution(f"{counted(left_out, 'photo')} left out, for which no two pairs fitted; give more `data`")
        )
    return ComposedSet(options.output, photos)


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


def _backgrounds(text: str) -> list[Path]:
    if text == DRAWN:
        return []
    folder = Path(text)
    if not folder.is_dir():
        raise ConfigError(
            f"`backgrounds`: expected a folder of pictures or {DRAWN}, received {text}; choose another"
        )
    files = sorted(found.path for found in walk(folder) if found.kind == "file")
    pictures = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    if not pictures:
        raise ConfigError(f"`backgrounds`: expected pictures in {folder}, found none; choose another")
    return pictures
