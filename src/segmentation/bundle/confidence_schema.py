"""The schema of a confidence model in a bundle's description, every value of which is checked.

Needs neither TensorFlow nor Keras.
"""

from dataclasses import fields
from typing import Any

from segmentation.bundle.plain_values import (
    LARGEST_SIDE_PX,
    MOST_PHOTOS,
    as_flags,
    as_ids,
    as_list,
    as_number,
    as_numbers,
    as_whole,
    check_dictionary,
    check_fields,
)
from segmentation.confidence.edge_distances import DISTANCES_PX, EdgeDistances
from segmentation.confidence.model import DOUBTS, NARROWEST, SHAPE, SIGNS, ConfidenceModel
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.confidence.places import FIGURES, LATER_FIGURES, PlaceModel

_MOST_CANDIDATES = 100 * MOST_PHOTOS
_LARGEST_FIGURE = 1e6  # of the features of photos and of their weights


def confidence_model(plain: Any) -> ConfidenceModel | None:
    """Return the confidence model, whose figures are finite and allow every confidence to be computed."""
    if plain is None:
        return None
    place = "experience"
    later = ("contents", "outcomes", "edges", "places")  # fields that earlier versions lack
    needed = [field.name for field in fields(ConfidenceModel) if field.name not in later]
    check_fields(place, plain, needed, optional=later)
    check_dictionary(f"{place}.usual", plain["usual"], (*DOUBTS, *SHAPE))
    check_dictionary(f"{place}.weights", plain["weights"], SIGNS)
    check_fields(f"{place}.weights", plain["weights"], SIGNS)
    usual = {}
    for name, figures in plain["usual"].items():
        figures = as_numbers(f"{place}.usual.{name!r}", figures, -_LARGEST_FIGURE, _LARGEST_FIGURE)
        if len(figures) != 2 or figures[1] < NARROWEST:
            raise ValueError(
                f"{place}.usual.{name!r}: expected a mean and a standard deviation of at least "
                f"{NARROWEST:g}, received {figures}"
            )
        usual[name] = (figures[0], figures[1])
    return ConfidenceModel(
        samples=tuple(as_ids(f"{place}.samples", plain["samples"])),
        contents=tuple(as_ids(f"{place}.contents", plain.get("contents", []))),
        usual=usual,
        weights={
            name: as_number(f"{place}.weights.{name}", weight, 0, _LARGEST_FIGURE)
            for name, weight in plain["weights"].items()
        },
        bias=as_number(f"{place}.bias", plain["bias"], -_LARGEST_FIGURE, _LARGEST_FIGURE),
        error=as_number(f"{place}.error", plain["error"], 0, 1),
        correlation=as_number(f"{place}.correlation", plain["correlation"], -1, 1),
        outcomes=_outcomes(f"{place}.outcomes", plain.get("outcomes")),
        edges=_edges(f"{place}.edges", plain.get("edges")),
        places=_places(f"{place}.places", plain.get("places")),
    )


def _outcomes(place: str, plain: Any) -> FaultOutcomes | None:
    if plain is None:
        return None
    needed = [field.name for field in fields(FaultOutcomes) if field.name != "expected_faults"]
    check_fields(place, plain, needed, optional=("expected_faults",))
    confidence = as_numbers(f"{place}.confidence", plain["confidence"], 0, 1)
    flags = {name: as_flags(f"{place}.{name}", plain[name]) for name in ("faulty", "odd")}
    garments = as_list(f"{place}.garments", plain["garments"])
    for garment in garments:
        as_whole(f"{place}.garments", garment, 0, MOST_PHOTOS)
    expected = as_numbers(f"{place}.expected_faults", plain.get("expected_faults", []), 0, _LARGEST_FIGURE)
    columns = {**flags, "garments": garments} | ({"expected_faults": expected} if expected else {})
    for name, values in columns.items():
        if len(values) != len(confidence):
            raise ValueError(
                f"{place}.{name}: expected {len(confidence)} values, one a photo, received {len(values)}"
            )
    return FaultOutcomes(
        confidence=tuple(confidence),
        faulty=tuple(flags["faulty"]),
        odd=tuple(flags["odd"]),
        garments=tuple(garments),
        thickness_px=as_whole(f"{place}.thickness_px", plain["thickness_px"], 1, LARGEST_SIDE_PX),
        area_px=as_whole(f"{place}.area_px", plain["area_px"], 0, LARGEST_SIDE_PX**2),
        expected_faults=tuple(expected),
    )


def _edges(place: str, plain: Any) -> EdgeDistances | None:
    if plain is None:
        return None
    check_fields(place, plain, [field.name for field in fields(EdgeDistances)])
    sides = {name: tuple(as_numbers(f"{place}.{name}", plain[name], 0, 1)) for name in ("inner", "outer")}
    for name, shares in sides.items():
        if len(shares) != len(DISTANCES_PX):
            raise ValueError(
                f"{place}.{name}: expected {len(DISTANCES_PX)} shares, one a distance, received {len(shares)}"
            )
    return EdgeDistances(as_whole(f"{place}.garments", plain["garments"], 1, MOST_PHOTOS), **sides)


def _places(place: str, plain: Any) -> PlaceModel | None:
    if plain is None:
        return None
    needed = [field.name for field in fields(PlaceModel) if field.name != "odd_ends"]
    check_fields(place, plain, needed, optional=("odd_ends",))
    first = [name for name in FIGURES if name not in LATER_FIGURES]
    check_fields(f"{place}.weights", plain["weights"], first, optional=LATER_FIGURES)
    odd_ends = plain.get("odd_ends")

    def figure(name: str, value: Any, low: float = -_LARGEST_FIGURE) -> float:
        return as_number(f"{place}.{name}", value, low, _LARGEST_FIGURE)

    return PlaceModel(
        weights={name: figure(f"weights.{name}", weight) for name, weight in plain["weights"].items()},
        bias=figure("bias", plain["bias"]),
        clean_bias=figure("clean_bias", plain["clean_bias"]),
        clean_slope=figure("clean_slope", plain["clean_slope"], 0),
        ranking=as_number(f"{place}.ranking", plain["ranking"], 0, 1),
        candidates=as_whole(f"{place}.candidates", plain["candidates"], 0, _MOST_CANDIDATES),
        planted=as_whole(f"{place}.planted", plain["planted"], 0, _MOST_CANDIDATES),
        odd_ends=None if odd_ends is None else as_number(f"{place}.odd_ends", odd_ends, 0, 1),
    )
