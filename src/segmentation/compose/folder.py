"""Write a composed set into a folder: images, cutouts, and records of how to compose it again."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.compose.sources import Candidate, Source, Sources, Transparent, measured
from segmentation.compose.ways import WAYS
from segmentation.core.claim import claim
from segmentation.core.counting import counted
from segmentation.core.digests import content_of
from segmentation.core.errors import DataError
from segmentation.core.parallel import map_in_processes
from segmentation.core.samples import Sample
from segmentation.datasets.fingerprint import fingerprint
from segmentation.datasets.origin import COMPOSED, GARMENTS, MADE_OF, read_origin, write_origin
from segmentation.images.files import write_image
from segmentation.synth.paint import stream

GENERATOR_VERSION = 2  # raise it when the same seed no longer gives the same pixels
RECORD = "compose.json"

_SOURCES = "sources"
_TRIES = 12  # candidates for one photo

Counting = Callable[[str], Callable[[int, int], None]]


@dataclass(frozen=True)
class _Task:
    """One photo to compose, by a way and a random stream of its own."""

    output: Path
    way: str
    seed: int
    number: int
    candidates: tuple[Candidate, ...]
    backgrounds: tuple[Path, ...]

    @property
    def name(self) -> str:
        return f"{self.way}-{self.seed:04d}-{self.number:06d}"

    @property
    def image(self) -> Path:
        suffix = ".png" if WAYS[self.way].transparent else ".jpg"
        return self.output / "images" / f"{self.name}{suffix}"

    @property
    def cutout(self) -> Path:
        return self.output / "cutouts" / f"{self.name}.png"


def write_composed(
    output: Path,
    worn: Sequence[Sample],
    others: Sequence[Sample],
    *,
    count: int,
    seed: int,
    ways: Sequence[str],
    backgrounds: Sequence[Path] = (),
    foregrounds: Sequence[Sample] = (),
    workers: int | None = None,
    counting: Counting | None = None,
) -> list[Path]:
    """Compose `count` photos into output/images/WAY-SEED-NUMBER.jpg and output/cutouts/WAY-SEED-NUMBER.png.

    `worn` are pairs of garments on mannequins, `others` further garments for the way `placed`; each of the
    `ways`, names of `WAYS`, has an equal part. `backgrounds` are pictures, without any they are drawn;
    `foregrounds` are pictures with transparency for the way `layered` (see `usable_foreground`), whose
    photos are written without loss as WAY-SEED-NUMBER.png, and whose cutouts keep the foreground's colours.
    `workers` processes work (all cores by default, 1 is this process); the pixels do not depend on it.
    `counting(what)` returns the function that is called with (done, total).

    output/compose.json records all that decides the pixels; a folder that holds the same set is continued.
    Returns the images in order; a photo for which no pairs fitted is left out. Raises DataError for pairs of
    which none fit a way, and for a folder that holds something else; ImageError when a file cannot be read or
    written.
    """
    output = Path(output)

    def progress(what: str) -> Callable[[int, int], None] | None:
        return counting(what) if counting else None

    measure = any(WAYS[way].worn for way in ways)
    figures = (
        map_in_processes(measured, worn, workers, progress("measuring")) if measure else map(Source, worn)
    )
    found = tuple(figures)
    transparent = tuple(map(Transparent, foregrounds))
    sources = Sources(found, found + tuple(map(Source, others)), tuple(backgrounds), transparent)
    tasks = [_plan(output, ways[number % len(ways)], seed, number, sources) for number in range(count)]
    record = _record(sources, count, seed, ways)
    garments = {task.name: _garment(task) for task in tasks}
    origin = {
        "origin": COMPOSED,
        GARMENTS: {name: garment.group for name, garment in garments.items()},
        MADE_OF: {name: content_of(garment.photo) for name, garment in garments.items()},
    }
    claim(output / RECORD, record, _earlier(output, record, origin))
    write_origin(output, origin)
    missing = [task for task in tasks if not task.image.exists()]
    map_in_processes(_compose_one, missing, workers, progress("composing"))
    return [task.image for task in tasks if task.image.exists()]


def _plan(output: Path, way: str, seed: int, number: int, sources: Sources) -> _Task:
    rng = stream(seed, number, 101)
    candidates = tuple(islice(WAYS[way].choose(sources, rng), _TRIES))
    if not candidates:
        raise DataError(
            f"`ways={way}` needs {WAYS[way].needs}, found none that fit among "
            f"{counted(len(sources.all), 'pair')}; "
            f"{WAYS[way].remedy}, or leave this way out"
        )
    return _Task(output, way, seed, number, candidates, sources.backgrounds)


def _garment(task: _Task) -> Sample:
    """Return the garment, so that no split has the original on one side, and this on the other."""
    return task.candidates[0].sources[0].sample


def _record(sources: Sources, count: int, seed: int, ways: Sequence[str]) -> dict[str, Any]:
    pairs = [source.sample for source in sources.all]
    grounds = [Sample(f"{number:06d}", path) for number, path in enumerate(sources.backgrounds)]
    foregrounds = [
        replace(source.sample, id=f"{number:06d}") for number, source in enumerate(sources.foregrounds)
    ]
    record: dict[str, Any] = {
        "generator": GENERATOR_VERSION,
        "seed": seed,
        "count": count,
        "ways": list(ways),
        "pairs": len(pairs),
        "fingerprint": fingerprint(pairs),
        _SOURCES: _digest(sources),
        "backgrounds": fingerprint(grounds) if grounds else "drawn",
    }
    if foregrounds:
        record["foregrounds"] = fingerprint(foregrounds)
    return record


def _digest(sources: Sources) -> str:
    """Return the sha256 of the names and the groups of all pairs in their order, and of what each serves as.

    The order decides which garment a photo shows, and the groups which photos may be held out apart from it.
    """
    others = sources.all[len(sources.worn) :]
    named = [
        [(source.sample.id, source.sample.group) for source in part]
        for part in (sources.worn, others, sources.foregrounds)
    ]
    return hashlib.sha256(repr(named).encode(errors="surrogateescape")).hexdigest()


def _earlier(output: Path, record: dict[str, Any], origin: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record that an earlier version, which did not tell orders apart, wrote of this very set.

    None where the garments in the folder are others.
    """
    if not (output / RECORD).is_file() or read_origin(output).get(GARMENTS) != origin[GARMENTS]:
        return None
    return {name: value for name, value in record.items() if name != _SOURCES}


def _compose_one(task: _Task) -> bool:
    """Compose and write one photo, the image last; return whether any candidate fitted."""
    for attempt, candidate in enumerate(task.candidates):
        rng = stream(task.seed, task.number, 102, attempt)
        pairs = [source.load() for source in candidate.sources]
        composed = WAYS[task.way].make(pairs, candidate.placement, rng, task.backgrounds)
        if composed is not None:
            photo, cutout = composed
            if cutout.ndim == 2:
                cutout = np.dstack([photo * (cutout > 0)[..., None], cutout])
            write_image(task.cutout, cutout)
            write_image(task.image, photo)
            return True
    return False
