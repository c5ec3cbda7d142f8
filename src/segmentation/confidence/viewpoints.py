"""Photos of one garment from several sides, compared: one that differs is probably cut out wrong."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from segmentation.confidence.model import Features
from segmentation.core.viewpoint_names import group_and_view

MOST_HEIGHT = 1.15
"""The most times as high that a garment may be from one side as from others; 98% of drawn ones stay below."""

MOST_AREA = 1.6
"""The most times as large that it may be; drawn garments always stay below."""

MOST_COLOUR = 25.0
"""The most that its median colours may differ, in CIE 1976 colour difference; drawn garments reach 20."""

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
        """Return the view, or None where nothing was found that could be compared."""
        names = ("garment_lightness", "garment_green_red", "garment_blue_yellow")
        if not features["area"] or any(name not in features for name in names):
            return None
        lightness, green_red, blue_yellow = (features[name] for name in names)
        colour = lightness, green_red, blue_yellow
        return cls(stem, confidence, features["height"], features["area"], colour)


def odd_views(views: Iterable[View]) -> dict[str, str]:
    """Return a reason, by stem, for each photo that differs from the others of its garment.

    Photos are of one garment where their names say so (see `group_and_view`); details, which show a part of
    it, are left out. Three and more are compared with their medians; of two, which cannot tell which is
    wrong, the less certain one is reported.
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
    """Return how a view differs from these figures of the garment's other photos; empty where it does not."""
    odd = []
    for name, value, others, most in (
        ("high", view.height, height, MOST_HEIGHT),
        ("large", view.area, area, MOST_AREA),
    ):
        if not 1 / most <= value / others <= most:
            odd.append(f"{value / others:.2f} times as {name}")
    if math.dist(view.colour, colour) > MOST_COLOUR:
        odd.append("of another colour")
    return f"not as from the garment's other sides: {', '.join(odd)}" if odd else ""
