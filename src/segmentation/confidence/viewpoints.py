"""Photos of one garment from several sides, compared: one that differs is probably cut out wrong."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from segmentation.confidence.model import Features
from segmentation.core.viewpoint_names import group_and_view

MOST_HEIGHT = 1.15
"""The most times as high that a garment may be from one side as from others; 98% of drawn ones stay below."""

MOST_WIDTH = 1.15
"""The most times as wide that it may be from one side as from the opposite one; drawn garments reach 1.03."""

MOST_AREA = 1.6
"""The most times as large that it may be; drawn garments always stay below."""

MOST_COLOUR = 25.0
"""The most that its median colours may differ, in CIE 1976 colour difference; drawn garments reach 20."""

OTHERWISE = "not as from the garment's other sides"
"""The words with which a reason begins."""

_DETAIL = "Detail"  # of a garment, which has neither its height nor its area
_OPPOSITE = {"Front": "Back", "Left": "Right", "FrontRight": "BackLeft", "FrontLeft": "BackRight"}

Ends = tuple[float, float]
"""The top and the bottom of a garment, from the top of the photo, in shares of it."""


def ends_of(mask: np.ndarray) -> Ends | None:
    """Return the ends of a mask, bool [H, W]; None where it is empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    return (float(rows[0] / len(mask)), float((rows[-1] + 1) / len(mask))) if len(rows) else None


class View(NamedTuple):
    """One photo of a garment: `confidence` and the figures that its viewpoints have in common.

    `height`, `area`, and `across` and `down`, its centre, are shares of the photo, and so is `width`, which
    records of earlier versions do not have; `colour` is the garment's median in CIE L*a*b*.
    """

    stem: str
    confidence: float
    height: float
    area: float
    colour: tuple[float, float, float]
    across: float = 0.5
    down: float = 0.5
    width: float | None = None

    @property
    def ends(self) -> Ends:
        return self.down - self.height / 2, self.down + self.height / 2

    @classmethod
    def of(cls, stem: str, confidence: float, features: Features) -> "View | None":
        """Return the view, or None where nothing was found that could be compared."""
        names = ("garment_lightness", "garment_green_red", "garment_blue_yellow")
        if not features["area"] or any(name not in features for name in names):
            return None
        lightness, green_red, blue_yellow = (features[name] for name in names)
        colour = lightness, green_red, blue_yellow
        height, area, across, down = (features[name] for name in ("height", "area", "across", "down"))
        return cls(stem, confidence, height, area, colour, across, down, features.get("width"))


class OddEnd(NamedTuple):
    """The place at one end of a garment where one view of it goes further than the others, or less far.

    `left`, `top`, `width` and `height` are shares of the photo; `at_top` is which end it is, and `excess`
    whether the view goes further.
    """

    left: float
    top: float
    width: float
    height: float
    at_top: bool
    excess: bool

    def is_fault(self, true: Ends) -> bool:
        """Return whether the true garment ends nearer to where it does from the others."""
        middle = self.top + self.height / 2
        upper, lower = true
        inwards = upper > middle if self.at_top else lower < middle
        return inwards is self.excess


class OddView(NamedTuple):
    """The reason for which a view differs from its garment's others; where its height does, the `end`."""

    reason: str
    end: OddEnd | None = None


def odd_views(views: Iterable[View]) -> dict[str, OddView]:
    """Return, by stem, each photo that differs from the others of its garment.

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
        stem: odd
        for garment in garments.values()
        if len(garment) > 1
        for stem, odd in _odd_of(garment).items()
    }


def _odd_of(garment: Sequence[View]) -> Mapping[str, OddView]:
    if len(garment) == 2:
        doubtful, other = _by_certainty(*garment)
        compared = [(doubtful, other)]
    else:
        usual = _median(garment)
        compared = [(view, usual) for view in garment]
    widths = _odd_widths(garment)
    found = {view.stem: _difference(view, usual, widths.get(view.stem)) for view, usual in compared}
    return {stem: odd for stem, odd in found.items() if odd}


def _by_certainty(one: View, other: View) -> tuple[View, View]:
    """Return two views, the less certain one first."""
    return (one, other) if (one.confidence, one.stem) < (other.confidence, other.stem) else (other, one)


def _odd_widths(garment: Sequence[View]) -> dict[str, float]:
    """Return, by stem, how many times as wide as from the opposite side a garment is where that is odd.

    From opposite sides it has the same outline, mirrored; of the two the less certain one is odd.
    """
    found, views = {}, {group_and_view(view.stem)[1]: view for view in garment}
    for side, opposite in _OPPOSITE.items():
        if side in views and opposite in views:
            doubtful, other = _by_certainty(views[side], views[opposite])
            if doubtful.width and other.width and _is_odd(doubtful.width / other.width, MOST_WIDTH):
                found[doubtful.stem] = doubtful.width / other.width
    return found


def _is_odd(times: float, most: float) -> bool:
    return not 1 / most <= times <= most


def _median(garment: Sequence[View]) -> View:
    height, area = (
        float(np.median([getattr(view, name) for view in garment])) for name in ("height", "area")
    )
    colour = tuple(np.median([view.colour for view in garment], axis=0))
    upper, lower = np.median([view.ends for view in garment], axis=0)
    return View("", 1.0, height, area, colour, down=float(upper + lower) / 2)


def _difference(view: View, usual: View, wide: float | None) -> OddView | None:
    """Return how a view differs from what the garment's other photos have; None where it does not.

    `wide` is how many times as wide it is as from the opposite side, where that is odd.
    """
    high, large = view.height / usual.height, view.area / usual.area
    too_high = _is_odd(high, MOST_HEIGHT)
    odd = [f"{high:.2f} times as high"] if too_high else []
    if wide:
        odd.append(f"{wide:.2f} times as wide")
    if _is_odd(large, MOST_AREA):
        odd.append(f"{large:.2f} times as large")
    if math.dist(view.colour, usual.colour) > MOST_COLOUR:
        odd.append("of another colour")
    end = _odd_end(view, usual) if too_high else None
    return OddView(f"{OTHERWISE}: {', '.join(odd)}", end) if odd else None


def _odd_end(view: View, usual: View) -> OddEnd:
    """Return the place at the end in which a view that is taller or shorter differs the most."""
    excess = view.height > usual.height
    (upper, lower), (usual_upper, usual_lower) = view.ends, usual.ends
    above, below = usual_upper - upper, lower - usual_lower  # by how much it goes further
    at_top = above > below if excess else above < below
    first, last = sorted((upper, usual_upper) if at_top else (lower, usual_lower))
    width = view.area / view.height
    return OddEnd(view.across - width / 2, first, width, last - first, at_top, excess)
