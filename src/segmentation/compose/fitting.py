"""Find a garment of one photo and a mannequin of another on which it fits."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from segmentation.compose.figure import Figure
from segmentation.compose.placement import Placement
from segmentation.compose.sources import Candidate, Source

Place = Callable[[Figure, Figure, np.random.Generator], Placement | None]
"""From the figures of a garment and of a mannequin to how the one lies on the other, None without a fit."""


def fitting(
    garments: Sequence[Source], mannequins: Sequence[Source], place: Place, rng: np.random.Generator
) -> Iterator[Candidate]:
    """Yield a garment on a random mannequin that it fits, then the same garment on others.

    Mannequins are drawn first, since a few of them fit most garments. Yields nothing where nothing fits.
    """
    order = [mannequins[number] for number in rng.permutation(len(mannequins))]
    for mannequin in order:
        on_it = [_fit(garment, mannequin, place, rng) for garment in garments]
        found = [candidate for candidate in on_it if candidate]
        if found:
            first = found[int(rng.integers(len(found)))]
            yield first
            others = (_fit(first.sources[0], other, place, rng) for other in order if other is not mannequin)
            yield from filter(None, others)
            return


def _fit(garment: Source, mannequin: Source, place: Place, rng: np.random.Generator) -> Candidate | None:
    if garment.figure is None or mannequin.figure is None or garment.sample.group == mannequin.sample.group:
        return None
    placement = place(garment.figure, mannequin.figure, rng)
    return Candidate((garment, mannequin), placement) if placement else None
