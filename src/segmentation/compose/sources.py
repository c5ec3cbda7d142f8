"""The pairs that photos are composed from, and what a way takes of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segmentation.compose.figure import Figure, measure
from segmentation.compose.placement import Placement
from segmentation.core.samples import Sample
from segmentation.datasets.ground_truth import truth_of
from segmentation.images.files import open_photo, read_mask, read_photo

Composed = tuple[np.ndarray, np.ndarray]
"""A photo, uint8 RGB [H, W, 3], and its alpha, uint8 [H, W].

Where the cutout has colours of its own, it is in the place of alpha: RGBA [H, W, 4], and both may be uint16.
"""


@dataclass(frozen=True)
class Source:
    """A pair and what was measured in it, None where that is no garment on a mannequin."""

    sample: Sample
    figure: Figure | None = None

    def load(self) -> "Loaded":
        """Read photo and alpha. Raises ImageError and DataError."""
        return Loaded(read_photo(self.sample.photo), truth_of(self.sample).read(), self.figure)


@dataclass(frozen=True)
class Transparent(Source):
    """A picture with transparency, which is photo and ground truth of its sample."""

    def load(self) -> "Loaded":
        """Read its own colours, not those on white paper, in 16 bits where it has them. Raises ImageError."""
        picture = open_photo(self.sample.photo, bits=16)
        if picture.deep is None:
            return Loaded(picture.pixels, read_mask(self.sample.photo))
        return Loaded(picture.deep, read_mask(self.sample.photo, bits=16))


@dataclass(frozen=True)
class Loaded:
    """A pair in memory: RGB [H, W, 3] and alpha [H, W], uint8; of `Transparent` pictures maybe uint16."""

    photo: np.ndarray
    alpha: np.ndarray
    figure: Figure | None = None


@dataclass(frozen=True)
class Candidate:
    """The pairs that a photo may be composed from, the garment's first, and how it lies on the second."""

    sources: tuple[Source, ...]
    placement: Placement | None = None


@dataclass(frozen=True)
class Sources:
    """The material to compose from: garments on mannequins, all pairs, backgrounds, and foregrounds."""

    worn: tuple[Source, ...]
    all: tuple[Source, ...]
    backgrounds: tuple[Path, ...] = ()
    foregrounds: tuple[Transparent, ...] = ()

    @property
    def bare(self) -> list[Source]:
        """Skirts and trousers on mannequins that wear nothing above."""
        return [source for source in self.worn if source.figure and source.figure.bare]

    @property
    def closed(self) -> list[Source]:
        """Garments that hang from the shoulders of a mannequin, closed in front."""
        return [source for source in self.worn if source.figure and source.figure.closed]


@dataclass(frozen=True)
class Way:
    """A way to compose a photo.

    `choose` yields candidates for one photo, all of one garment and the best first, none where no pairs fit;
    `make` composes a candidate, or returns None where its pixels do not fit after all. `needs` says which
    pairs fit, `remedy` what to do where none does. `worn` is whether it needs figures, `transparent`
    whether it takes foregrounds instead of pairs; such photos are written without loss, so that they can be
    taken apart again.
    """

    needs: str
    worn: bool
    choose: Callable[[Sources, np.random.Generator], Iterator[Candidate]]
    make: Callable[[Sequence[Loaded], Placement | None, np.random.Generator, Sequence[Path]], Composed | None]
    remedy: str = "give other `data`"
    transparent: bool = False


def measured(sample: Sample) -> Source:
    """Return a pair with its figure. Raises ImageError and DataError for files that cannot be read."""
    loaded = Source(sample).load()
    return Source(sample, measure(loaded.photo, loaded.alpha))
