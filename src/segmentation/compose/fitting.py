"""Find a garment of one photo and a mannequin of another on which it fits."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from segmentation.compose.figure import Figure
from segmentation.compose.placement import Placement
from segmentation.compose.sources import Candidate, Source

Place = Callable[[Figure, Figure, np.random.Generator], Placement | None]
"""A function from the figures of a garment and a mannequin to a placement of it there; None without a fit."""


def fitting(
    garments: Sequence[Source], mannequins: Sequence[Source], place: Place, rng: np.random.Generator
) -> Iterator[Candidate]:
    """Yield a garment on a random mannequin that it fits, then the same garment on others.

    Half of the time the mannequin is drawn first, else the garment: a few mannequins fit most garments, and a
    few garments most mannequins. Yields nothing where nothing fits.
    """
    others = [mannequins[number] for number in rng.permutation(len(mannequins))]
    order = [garments[number] for number in rng.permutation(len(garments))]
    if rng.random() < 0.5:
        pairs = ((garment, mannequin) for mannequin in others for garment in order)
    else:
        pairs = ((garment, mannequin) for garment in order for mannequin in others)
    first = next(filter(None, (_fit(*pair, place, rng) for pair in pairs)), None)
    if first is None:
        return
    yield first
    garment, taken = first.sources
    yield from filter(None, (_fit(garment, other, place, rng) for other in others if other is not taken))


def _fit(garment: Source, mannequin: Source, place: Place, rng: np.random.Generator) -> Candidate | None:
    if garment.figure is None or mannequin.figure is None or garment.sample.group == mannequin.sample.group:
        return None
    placement = place(garment.figure, mannequin.figure, rng)
    return Candidate((garment, mannequin), placement) if placement else None
