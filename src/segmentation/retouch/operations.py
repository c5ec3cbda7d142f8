"""A retoucher's operations on a mask, recorded in pixels of the photo, whatever was on the screen.

Places are x, y in pixels from the upper left corner of the photo: the first pixel reaches from 0 to 1.
"""

import base64
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segmentation.confidence.doubts import Region
from segmentation.core.errors import DataError
from segmentation.datasets.rle import decode, encode

MOST_POINTS = 20_000
LARGEST_PX = 4000.0
_FURTHEST_PX = 1e6  # outside of any photo

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Stroke:
    """A stroke of the brush, or where it does not `add`, of the eraser.

    `size` is its diameter in pixels; `hardness` the share of its radius up to which it has its full effect.
    """

    add: bool
    size: float
    hardness: float
    points: Points


@dataclass(frozen=True)
class Refinement:
    """A fitting of the mask's edge to the photo along a stroke; `size` is its diameter in pixels."""

    size: float
    points: Points


@dataclass(frozen=True)
class Area:
    """The inside of a closed line, put into the mask or taken out."""

    add: bool
    points: Points


@dataclass(frozen=True)
class Spot:
    """A hole at a place to fill or, where it does not `add`, an island there to remove."""

    add: bool
    points: Points


@dataclass(frozen=True, eq=False)
class Whole:
    """A region put into the mask or taken out, its edge included."""

    add: bool
    region: Region


@dataclass(frozen=True, eq=False)
class Hint:
    """A stroke that was given to the network as a hint, and the mask that resulted.

    `size` is its diameter in pixels. `region` has the pixels that changed, `alpha`, uint8 [pixels], is what
    they became, row by row: the network is not needed again.
    """

    add: bool
    size: float
    points: Points
    region: Region
    alpha: np.ndarray

    @property
    def stroke(self) -> Stroke:
        """The stroke itself."""
        return Stroke(self.add, self.size, 1.0, self.points)


Operation = Stroke | Refinement | Area | Spot | Whole | Hint

KINDS: dict[str, type[Operation]] = {
    "region": Whole,
    "hint": Hint,
    "spot": Spot,
    "area": Area,
    "refinement": Refinement,
    "stroke": Stroke,
}
"""Kinds of operations by their names in the journal, the cheapest first."""

_FEWEST_POINTS = {"stroke": 1, "area": 3, "spot": 1, "hint": 1}


def kind_of(operation: Operation) -> str:
    """Return the kind of an operation, one of KINDS."""
    return next(name for name, known in KINDS.items() if isinstance(operation, known))


def plain(operation: Operation) -> dict[str, Any]:
    """Return an operation as JSON holds it, the inverse of `parse`."""
    found: dict[str, Any] = {"kind": kind_of(operation)}
    if not isinstance(operation, Refinement):
        found["add"] = operation.add
    if isinstance(operation, Stroke | Refinement | Hint):
        found["size"] = operation.size
    if isinstance(operation, Stroke):
        found["hardness"] = operation.hardness
    if not isinstance(operation, Whole):
        found["points"] = [list(point) for point in operation.points]
    if isinstance(operation, Whole | Hint):
        found |= _plain_region(operation.region)
    if isinstance(operation, Hint):
        found["alpha"] = base64.b64encode(zlib.compress(operation.alpha.tobytes())).decode()
    return found


def parse(fields: Mapping[str, Any]) -> Operation:
    """Read an operation. Raises DataError for anything else."""
    try:
        if fields["kind"] == "refinement":
            return Refinement(_number(fields["size"], 1, LARGEST_PX), _points(fields["points"], 1))
        add = fields["add"]
        if not isinstance(add, bool):
            raise ValueError("add")
        if fields["kind"] == "region":
            return Whole(add, _region(fields))
        points = _points(fields["points"], _FEWEST_POINTS[fields["kind"]])
        if fields["kind"] in ("stroke", "hint"):
            size = _number(fields["size"], 1, LARGEST_PX)
            if fields["kind"] == "hint":
                region = _region(fields)
                return Hint(add, size, points, region, _alpha(fields, int(region.pixels.sum())))
            return Stroke(add, size, _number(fields["hardness"], 0, 1), points)
        return Area(add, points) if fields["kind"] == "area" else Spot(add, points)
    except (KeyError, TypeError, ValueError, DataError) as error:
        raise DataError(
            "expected a stroke, a refinement, an area, a spot, a region or a hint, received another "
            f"({error})"
        ) from error


def parse_stroke(fields: Mapping[str, Any]) -> Stroke:
    """Read a stroke with a hard edge, as a hint for a network. Raises DataError for anything else."""
    try:
        size, points = _number(fields["size"], 1, LARGEST_PX), _points(fields["points"], 1)
        return Stroke(bool(fields["add"]), size, 1.0, points)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"expected a stroke, received another ({error})") from error


def _points(values: Any, fewest: int) -> Points:
    if not isinstance(values, list) or not fewest <= len(values) <= MOST_POINTS:
        raise ValueError(f"expected {fewest} to {MOST_POINTS} points")
    return tuple(
        (_number(x, -_FURTHEST_PX, _FURTHEST_PX), _number(y, -_FURTHEST_PX, _FURTHEST_PX)) for x, y in values
    )


def _number(value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, received {value!r}")
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"expected a number from {low:g} to {high:g}, received {value:g}")
    return float(value)


def _plain_region(region: Region) -> dict[str, Any]:
    height, width = region.pixels.shape
    return {"box": [region.left, region.top, width, height], "runs": encode(region.pixels)}


def _alpha(fields: Mapping[str, Any], count: int) -> np.ndarray:
    packed = zlib.decompressobj()
    try:
        content = packed.decompress(base64.b64decode(fields["alpha"], validate=True), count + 1)
    except zlib.error as error:
        raise ValueError(f"alpha: {error}") from error
    if len(content) != count:
        raise ValueError(f"alpha: expected {count} values")
    return np.frombuffer(content, np.uint8)


def _region(fields: Mapping[str, Any]) -> Region:
    left, top, width, height = (int(_number(value, 0, _FURTHEST_PX)) for value in fields["box"])
    if width * height > 10**9:
        raise ValueError("box")
    pixels = decode(str(fields["runs"]), height, width)
    return Region(left, top, np.ascontiguousarray(pixels), not fields["add"])
