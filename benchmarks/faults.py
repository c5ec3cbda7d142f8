"""How well are faults told beforehand: which masks have one, where it is, and what that costs?

    python benchmarks/faults.py [--data DIR] [--model NAME] [--members NAME ...] [--most N] [--strange]
        [--output DIR]

Photos of four kinds with ground truth that the model has not seen; whatever is fitted is fitted to other
garments (cross-validation of five folds), or with `--strange` to the other kinds alone. It prints for each
kind, and for each evidence with its cost, AURC and AUGRC of "has a fault" (less is better), how many of the
faulty photos a review of the least certain finds, and the rank correlation with Dice, with the best that is
possible beside them; what promises keep over random halves; how many photos are `auto` by `--clean-from`, and
how many of those are faulty; how many of the faults that are planted into
clean masks lie under a marked region; and the cost beside `predict --save`. What takes a network is kept in
the output folder, so that a second run takes two minutes. `--sheet` writes a picture of photos with their
marked regions and true faults. `--members` are the models of an ensemble, such as those of folds: the mean
Dice of each two of their masks is one more evidence, and so is what a linear model of the features, fitted
to it on other garments, makes of it for nothing.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fault_auto import show_auto
from fault_cost import show_cost
from fault_photos import DISTILLED, ENSEMBLE, FOLDS, KnownPhoto, distilled, known_photos
from fault_sheet import write_sheet
from project import ROOT

from segmentation.bundle.finding import find_bundle
from segmentation.confidence.candidates import find_candidates
from segmentation.confidence.candidates import judge as judge_candidates
from segmentation.confidence.fitting import fit_confidence_model
from segmentation.confidence.model import ConfidenceModel, garment_found
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.confidence.place_fitting import KnownCandidate, fit_place_model
from segmentation.confidence.places import MARKED, PlaceModel, promise_score_of
from segmentation.confidence.promise import make_promise
from segmentation.core.errors import ConfigError
from segmentation.evaluation.fault_lessons import fault_lessons, with_planted
from segmentation.evaluation.planted_faults import PLANTED, plant_fault
from segmentation.metrics import masks as metrics
from segmentation.metrics.faults import faults
from segmentation.metrics.intervals import rank_correlation
from segmentation.metrics.selective import augrc, aurc

PROMISES = (0.02, 0.05, 0.10, 0.20, 0.40)
REVIEWED = (0.1, 0.2)
SIZES = {"faults": (5, 100), "large faults": (9, 1000)}  # thickness and area, in pixels of 1728
LEAST_PLANTED_PX = 200
FOUND = 0.3  # of a planted fault's pixels


@dataclass(frozen=True)
class Judged:
    """Figures of photos by models that were fitted without their garments: float64 [N], larger is worse."""

    photos: list[KnownPhoto]
    faulty: np.ndarray
    dice: np.ndarray
    confidence: np.ndarray
    expected: np.ndarray
    places: list[PlaceModel]
    known: list[ConfidenceModel]  # with those places


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data sets")
    parser.add_argument("--model", default="default")
    parser.add_argument("--members", nargs="+", default=[], help="models of an ensemble, two at least")
    parser.add_argument("--most", type=int, help="photos of each kind (default: all)")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/faults"))
    parser.add_argument("--splits", type=int, default=200, help="random halves (default: 200)")
    parser.add_argument("--planted", type=int, default=200, help="planted faults (default: 200)")
    parser.add_argument(
        "--strange", action="store_true", help="fit to the other kinds alone, as for a studio nobody knows"
    )
    parser.add_argument("--sheet", type=Path, help="picture of ten photos with their likely faults")
    options = parser.parse_args()
    bundle = find_bundle(options.model, ROOT / "models")
    members = [find_bundle(name, ROOT / "models") for name in options.members]
    if len(members) == 1:
        parser.error("--members: expected two models at least, received one")
    kept = options.output / options.model
    photos = list(known_photos(bundle, options.data, kept, options.most, members))
    photos = [one for one in photos if garment_found(one.prediction.features)]
    judged = {name: judge(photos, sizes, strange=options.strange) for name, sizes in SIZES.items()}
    for name, one in judged.items():
        print(f"\n{name}: at least {SIZES[name][0]} px thick, more than {SIZES[name][1]} px, of 1728\n")
        show_order(one)
        show_promises(one, options.splits)
        show_auto(one.photos, one.faulty, one.expected, one.known)
    show_planted(judged["faults"], options.planted)
    show_cost(photos, str(bundle.path.absolute()))
    if options.sheet:
        write_sheet(options.sheet, judged["faults"].photos, judged["faults"].places, SIZES["faults"])


def judge(photos: list[KnownPhoto], sizes: tuple[int, int], *, strange: bool = False) -> Judged:
    """Judge each photo by a confidence and a place model of other garments, or `strange`, of other kinds."""
    from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

    masks = [one.prediction.mask for one in photos]
    faulty = np.array(
        [bool(faults(mask, one.target, *sizes)) for mask, one in zip(masks, photos, strict=True)]
    )
    dice = np.array(
        [metrics.dice(metrics.counts(mask, one.target)) for mask, one in zip(masks, photos, strict=True)]
    )
    known = [
        lesson
        for number, one in enumerate(photos)
        for lesson in fault_lessons(number, one.photo, one.prediction, one.second, one.target, sizes)
    ]
    garments = np.array([f"{one.kind} {one.garment}" for one in photos])
    confidence, expected = np.zeros(len(photos)), np.zeros(len(photos))
    places: list[PlaceModel | None] = [None] * len(photos)
    models: list[ConfidenceModel | None] = [None] * len(photos)
    kinds = [one.kind for one in photos]
    folds = LeaveOneGroupOut() if strange else GroupKFold(FOLDS, shuffle=True, random_state=0)
    for train, held_out in folds.split(kinds, faulty, kinds if strange else garments):
        names = [garments[place] for place in train]
        fitted = fit_confidence_model(
            [photos[place].prediction.features for place in train], dice[train], names, names, faulty[train]
        )
        numbers = {place: number for number, place in enumerate(train)}
        lessons = [
            KnownCandidate(numbers[one.photo], one.figures, one.fault, one.planted)
            for one in known
            if one.photo in numbers
        ]
        learned = fit_place_model(lessons, names, faulty[train])
        if learned is None:
            sys.exit("too few faults to learn from: take more photos (--most)")
        for place in held_out:
            confidence[place] = -fitted.confidence(photos[place].prediction.features)
            places[place] = learned[0]
            models[place] = replace(fitted, places=learned[0])
    for one in known:
        if not one.planted:
            expected[one.photo] += places[one.photo].probability(one.figures)
    return Judged(photos, faulty, dice, confidence, expected, places, models)


def show_order(judged: Judged) -> None:
    """Print how well each evidence orders photos by having a fault, kind by kind, and what it costs.

    The rank correlation is that with Dice.
    """
    print("| photos | faulty | evidence | CPU ms | AURC | AUGRC | found in 10% | in 20% | rank correlation |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    kinds = np.array([one.kind for one in judged.photos])
    groups = {kind: kinds == kind for kind in dict.fromkeys(kinds)}
    groups |= {"all but street": kinds != "street", "all": np.ones(len(kinds), bool)}
    costs, evidence = costs_of(judged.photos), evidence_of(judged)
    for name, chosen in groups.items():
        faulty = judged.faulty[chosen].astype(float)
        for one, doubts in evidence.items():
            cells = figures_of(doubts[chosen], faulty)
            cells.append(f"{rank_correlation(-doubts[chosen], judged.dice[chosen]):.2f}")
            cost = f"{costs[one]:.0f}" if one in costs else ""
            print(f"| {name} ({len(faulty)}) | {faulty.mean():.0%} | {one} | {cost} | {' | '.join(cells)} |")


def evidence_of(judged: Judged) -> dict[str, np.ndarray]:
    """Return each evidence by its name, float64 [N], larger where a mask is worse; the best possible last."""
    photos = judged.photos
    found = {name: np.array([one.evidence[name] for one in photos]) for name in photos[0].evidence}
    if ENSEMBLE in found:
        found[DISTILLED] = distilled(photos, found[ENSEMBLE])
    found |= {"confidence": judged.confidence, "likely faults": judged.expected}
    return found | {"best possible": judged.faulty.astype(float)}


def costs_of(photos: Sequence[KnownPhoto]) -> dict[str, float]:
    """Return the mean CPU time of each evidence in ms."""
    names = [*photos[0].evidence, "likely faults"]
    ms = {name: float(np.mean([one.ms.get(name, 0.0) for one in photos])) for name in names}
    features = ms["first pass, mirrored"]  # what all features come from
    return ms | {"confidence": features, DISTILLED: features, "likely faults": ms["likely faults"] + features}


def figures_of(doubts: np.ndarray, faulty: np.ndarray) -> list[str]:
    """Return AURC, AUGRC and the shares of faulty photos found among the most doubtful."""
    order = np.argsort(-doubts, kind="stable")
    found = [
        faulty[order[: int(np.ceil(share * len(faulty)))]].sum() / faulty.sum() if faulty.any() else np.nan
        for share in REVIEWED
    ]
    return [f"{aurc(-doubts, faulty):.3f}", f"{augrc(-doubts, faulty):.3f}", *(f"{one:.0%}" for one in found)]


def show_promises(judged: Judged, splits: int) -> None:
    """Print what promises keep: made on a random half of the garments, judged on the other."""
    print("\n| promise | order | made in | auto | faulty among them | broken in |")
    print("| --- | --- | --- | --- | --- | --- |")
    garments = np.unique([f"{one.kind} {one.garment}" for one in judged.photos], return_inverse=True)[1]
    orders = {"confidence": -judged.confidence, "likely faults": promise_score_of(judged.expected)}
    for share in PROMISES:
        for name, certain in orders.items():
            random, kept = np.random.default_rng(0), []
            for _ in range(splits):
                first = random.permutation(garments.max() + 1) < (garments.max() + 1) / 2
                half = first[garments]
                outcomes = FaultOutcomes(
                    tuple(certain[half]), tuple(map(bool, judged.faulty[half])), (False,) * int(half.sum()),
                    tuple(garments[half].tolist()), *SIZES["faults"],
                )  # fmt: skip
                try:
                    limit = make_promise(outcomes, share, 0.9).limit
                except ConfigError:
                    continue
                auto = certain[~half] >= limit
                kept.append((auto.mean(), judged.faulty[~half][auto].mean() if auto.any() else 0.0))
            print(f"| {share:g} | {name} | {len(kept)} of {splits} | {_promised(kept, share)} |")


def _promised(kept: Sequence[tuple[float, float]], share: float) -> str:
    if not kept:
        return "| |"
    auto, faulty = np.mean(kept, axis=0)
    broken = sum(one > share for _auto, one in kept)
    return f"{auto:.0%} | {faulty:.3f} | {broken} of {len(kept)}"


def show_planted(judged: Judged, count: int) -> None:
    """Print how many faults that are planted into clean masks lie under a marked region."""
    clean = [place for place in range(len(judged.photos)) if not judged.faulty[place]]
    random, found = np.random.default_rng(0), {(kind, both): [] for kind in PLANTED for both in (False, True)}
    marked_on_clean = []
    for place in clean:
        one = judged.photos[place]
        scores, mask = one.prediction.scores[..., 0], one.prediction.mask
        candidates = find_candidates(one.photo, scores, mask, one.second)
        marked_on_clean.append(len(judge_candidates(candidates, judged.places[place])[1]))
    number = tried = 0
    while number < count and tried < 20 * count:
        place, kind, both = clean[tried % len(clean)], list(PLANTED)[tried % len(PLANTED)], tried % 3 > 0
        tried += 1
        one = judged.photos[place]
        mask = one.prediction.mask
        planted = plant_fault(
            one.prediction.scores[..., 0], one.prediction.threshold, kind, random, LEAST_PLANTED_PX
        )
        if planted is None:
            continue
        second = with_planted(one.second, mask, planted) if both else one.second
        candidates = find_candidates(one.photo, planted.scores, planted.mask, second)
        changed, covered = planted.mask != mask, np.zeros_like(mask)
        for region, _fault in judge_candidates(candidates, judged.places[place])[1]:
            covered[region.slices] |= region.pixels
        found[kind, both].append(bool(covered[changed].mean() >= FOUND))
        number += 1
    print(f"\n{number} faults of {LEAST_PLANTED_PX} px and more planted into {len(clean)} clean masks\n")
    print("| planted | in the mask alone | in the second opinion as well |\n| --- | --- | --- |")
    for kind in PLANTED:
        print(f"| {kind} | {_found(found[kind, False])} | {_found(found[kind, True])} |")
    alone, fooled = ([one for kind in PLANTED for one in found[kind, both]] for both in (False, True))
    print(f"| all | {_found(alone)} | {_found(fooled)} |")
    few = np.mean([one <= 2 for one in marked_on_clean])
    print(f"\nall together {_found(alone + fooled)}; marked regions (from {MARKED:g}) on a clean photo:")
    print(f"{np.mean(marked_on_clean):.2f} on average, {few:.0%} have at most 2")


def _found(found: list[bool]) -> str:
    return f"{sum(found)} of {len(found)} ({np.mean(found):.0%})" if found else ""


if __name__ == "__main__":
    main()
