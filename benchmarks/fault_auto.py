"""The photos that triage takes as they are, by how likely they have to be without a fault."""

from collections.abc import Sequence

import numpy as np
from fault_photos import KnownPhoto

from segmentation.confidence.model import ConfidenceModel
from segmentation.confidence.places import EXPECTED_FAULTS
from segmentation.confidence.verdict import Limits, triage_photo
from segmentation.config.files import AUTO, AUTO_FROM, REDO_BELOW

CLEAN_FROM = (0.0, 0.3, 0.5, 0.7)


def show_auto(
    photos: Sequence[KnownPhoto], faulty: np.ndarray, expected: np.ndarray, models: Sequence[ConfidenceModel]
) -> None:
    """Print for each limit of `clean`, kind by kind, the share of `auto` and that of faulty ones among them.

    `expected` are the faults that are expected, float [N], and `models` those that judge, each of others.
    """
    print("\n| photos | clean from | auto | faulty among them | without a fault, not auto |")
    print("| --- | --- | --- | --- | --- |")
    known = [
        {**one.prediction.features, EXPECTED_FAULTS: float(faults)}
        for one, faults in zip(photos, expected, strict=True)
    ]
    kinds = np.array([one.kind for one in photos])
    for name in (*dict.fromkeys(kinds), "all"):
        chosen = (kinds == name) | (name == "all")
        for clean in CLEAN_FROM:
            limits = Limits(AUTO_FROM, REDO_BELOW, clean=clean)
            verdicts = [
                triage_photo(features, model.confidence(features), model, limits)
                for features, model in zip(known, models, strict=True)
            ]
            auto = np.array([verdict.decision == AUTO for verdict in verdicts])
            found = f"{faulty[chosen & auto].sum()} of {(chosen & auto).sum()}"
            held_back = f"{(chosen & ~auto & ~faulty).sum()} of {(chosen & ~faulty).sum()}"
            share = f"{auto[chosen].mean():.0%}"
            print(f"| {name} ({chosen.sum()}) | {clean:g} | {share} | {found} | {held_back} |")
