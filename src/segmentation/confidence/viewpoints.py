"""Photos of one garment from several sides, judged together: the odd one out is probably cut wrong."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from segmentation.confidence.model import Features
from segmentation.core.viewpoint_names import group_and_view

MOST_HEIGHT = 1.15
"""How many times as high as from other sides a garment may be; of drawn garments all but 2% are."""

MOST_AREA = 1.6
"""How many times as large; drawn ones never are more."""

MOST_COLOUR = 25.0
"""How far apart, in CIE 1976 colour difference, its median colours may lie; drawn garments 20."""

_DETAIL = "Detail"  # of a garment, which has neither its height nor its area


class View(NamedTuple):
    """One photo of a garment: `confidence` and the figures that its viewpoints have in common.

    `height` and `area` are shares of the photo, `colour` is the garment's median in CIE L*a*b*.
    """

    stem: str
    confidence: float
    height: float
    area: float
    colour: tuple[float, float, float]

    @classmethod
    def of(cls, stem: str, confidence: float, features: Features) -> "View | None":
        """None where nothing was found that could be compared."""
        names = ("garment_lightness", "garment_green_red", "garment_blue_yellow")
        if not features["area"] or any(name not in features for name in names):
            return None
        colour = tuple(features[name] for name in names)
        return cls(stem, confidence, features["height"], features["area"], colour)


def odd_views(views: Iterable[View]) -> dict[str, str]:
    """What is odd about those that differ from the other photos of their garment, by their stems.

    Photos are of one garment where their names say so (see `group_and_view`); details, which show a part of
    it, are left out. Three and more are held against their medians; of two, which may not tell who is wrong,
    the less certain one is odd.
    """
    garments: dict[str, list[View]] = {}
    for view in views:
        group, side = group_and_view(view.stem)
        if side != _DETAIL:
            garments.setdefault(group, []).append(view)
    return {
        stem: reason
        for garment in garments.values()
        if len(garment) > 1
        for stem, reason in _odd_of(garment).items()
    }


def _odd_of(garment: Sequence[View]) -> Mapping[str, str]:
    if len(garment) == 2:
        doubtful, other = sorted(garment, key=lambda view: (view.confidence, view.stem))
        reason = _difference(doubtful, other.height, other.area, other.colour)
        return {doubtful.stem: reason} if reason else {}
    height, area = (
        float(np.median([getattr(view, name) for view in garment])) for name in ("height", "area")
    )
    colour = tuple(np.median([view.colour for view in garment], axis=0))
    reasons = {view.stem: _difference(view, height, area, colour) for view in garment}
    return {stem: reason for stem, reason in reasons.items() if reason}


def _difference(view: View, height: float, area: float, colour: Sequence[float]) -> str:
    """What is unlike these figures of the garment's other photos; empty where nothing is."""
    odd = []
    for name, own, others, most in (
        ("high", view.height, height, MOST_HEIGHT),
        ("large", view.area, area, MOST_AREA),
    ):
        if not 1 / most <= own / others <= most:
            odd.append(f"{own / others:.2f} times as {name}")
    if math.dist(view.colour, colour) > MOST_COLOUR:
        odd.append("of another colour")
    return f"not as from the garment's other sides: {', '.join(odd)}" if odd else ""
