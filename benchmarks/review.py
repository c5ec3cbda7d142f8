"""How many actions does a mask need in a review, if a retoucher who knows the truth takes the best each time?

    python benchmarks/review.py --data DIR [--data DIR] [--model NAME] [--network NAME] [--most N]
        [--photos N] [--workers N] [--output FILE]

Photos that the models were trained on are left out. Those whose masks are below a Dice of 0.99, and of
0.995, are corrected until they reach it: by clicks on doubtful regions alone, by strokes that the network is
told of, by a plain brush, and by whatever is best of all three. The operations are those of the page. A
stroke is led along the middle of a fault, in the size that leaves the best mask. Printed are the actions
that it takes, as interactive segmentation reports its clicks: a photo that does not get there counts with
the most actions that were allowed. The ratio of strokes through the network to those of the brush is the
mean of the photos' ratios. The last figures are of single actions: the share of all faults that one of them
mends.
"""

import argparse
import csv
import statistics
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import islice
from pathlib import Path

from project import ROOT
from retoucher import ACTIONS, Case, along, clicks, hint_of
from unseen import unseen

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.confidence.doubts import encode_doubts, find_regions
from segmentation.core.labels import HALF
from segmentation.core.parallel import map_in_processes
from segmentation.core.samples import Sample
from segmentation.evaluation.photo import read_pair
from segmentation.inference.scorer import Scorer, find_models, load_scorer
from segmentation.inference.scoring import Passes, load_passes
from segmentation.metrics.faults import Fault, faults
from segmentation.outputs.alpha import soft_alpha
from segmentation.preprocessing.second_pass import in_8_bits
from segmentation.retouch.operations import Operation
from segmentation.retouch.sheet import Sheet

TARGETS = 0.99, 0.995
MENDED = 0.9  # of the wrong pixels of a fault
WAYS = tuple(ACTIONS)


def actions_to(case: Case, way: str, most: int) -> list[float]:
    """Return the Dice after no action, one, two, ... until the last target is reached or nothing helps."""
    reached = [case.dice]
    while reached[-1] < TARGETS[-1] and len(reached) <= most:
        best, best_dice = None, reached[-1]
        for operation in ACTIONS[way](case):
            alpha = case.after(operation)
            if alpha is not None and (found := case.dice_of(alpha)) > best_dice:
                best, best_dice = operation, found
        if best is None:
            break
        case.do(best)
        reached.append(best_dice)
    return reached


def mended(case: Case, fault: Fault, way: str) -> bool:
    """Return whether one action mends a fault and leaves the mask better than it was."""
    wrong, add = case.wrong_in(fault)
    if way == "regions":
        found: Iterator[Operation | None] = (
            whole for whole in clicks(case) if wrong[whole.region.slices][whole.region.pixels].any()
        )
    else:
        strokes = along(wrong, add, case.truth == add)
        found = strokes if way == "brush" else (hint_of(case, stroke) for stroke in strokes)
    for operation in found:
        alpha = case.after(operation) if operation else None
        if alpha is None:
            continue
        right = ((alpha >= HALF) == case.truth)[wrong].mean()
        if right >= MENDED and case.dice_of(alpha) > case.dice:
            return True
    return False


@cache
def loaded(model: str | None, network: str | None) -> tuple[Scorer, ModelBundle, Passes]:
    """Return the scorer of the masks, and the model that is told of strokes with its passes, once a process.

    Ends the program where the latter has a single pass.
    """
    models = find_models([model] if model else [], ROOT / "models")
    told = find_bundle(network, ROOT / "models") if network else models.members[0]
    passes = load_passes(told)
    if passes is None:
        raise SystemExit(f"expected a model with two passes, received {told.name}")
    return load_scorer(models), told, passes


def begin(sample: Sample, scorer: Scorer, told: ModelBundle, passes: Passes) -> Case:
    """Return a photo as predict would lay it before a person."""
    photo, truth = read_pair(sample)
    prediction = scorer.predict(sample.id, photo, estimate=True)
    alpha = soft_alpha(prediction, scorer.enlargement(prediction.scores))
    regions = find_regions(encode_doubts(prediction), alpha >= HALF)
    target = truth >= scorer.models.members[0].config.data.target_threshold * 255
    first_scores = in_8_bits(passes.first(photo))
    return Case(photo, target, Sheet(alpha), [], regions, first_scores, passes, told.threshold)


def main() -> None:
    """Measure, print, and write a row for each photo."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder of pairs")
    parser.add_argument("--model", help="name or path of a model (default: default)")
    parser.add_argument("--network", help="model that is told of strokes (default: the same)")
    parser.add_argument("--most", type=int, default=20, help="actions that a photo may take (default: 20)")
    parser.add_argument("--photos", type=int, help="the first N that are new to the models (default: all)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument(
        "--output", type=Path, default=Path("review-oracle.csv"), help="(default: %(default)s)"
    )
    options = parser.parse_args()
    scorer, told, _passes = loaded(options.model, options.network)
    samples = unseen([*scorer.models.members, told], options.data)
    rows = map_in_processes(
        partial(row_of, options.model, options.network, options.most),
        islice(samples.items(), options.photos),
        options.workers,
        lambda done, total: print(f"\r{done} of {total}", end="", flush=True),
    )
    with options.output.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(f"\n{scorer.models.name}, {len(rows)} photos; photo by photo in {options.output}\n")
    for line in table(rows, options.most):
        print(line)


def row_of(model: str | None, network: str | None, most: int, named: tuple[str, Sample]) -> dict[str, object]:
    """Return the figures of a photo."""
    name, sample = named
    case = begin(sample, *loaded(model, network))
    found = faults(case.sheet.alpha >= HALF, case.truth)
    row: dict[str, object] = {"photo": name, "dice": round(case.dice, 5), "faults": len(found)}
    for way in WAYS:
        reached = actions_to(case.again(), way, most) if case.dice < TARGETS[-1] else [case.dice]
        for target in TARGETS:
            row[f"{way}_to_{target}"] = next(
                (count for count, value in enumerate(reached) if value >= target), ""
            )
        row[f"{way}_dice"] = round(reached[-1], 5)
    for way in WAYS[:-1]:
        row[f"{way}_mends"] = sum(mended(case, fault, way) for fault in found)
    return row


def table(rows: Sequence[dict], most: int) -> Iterator[str]:
    """Yield the lines of a table of both targets, and of the faults that one action mends."""
    for target in TARGETS:
        below = [row for row in rows if row["dice"] < target]
        yield f"to a Dice of {target}: {len(below)} photos below it"
        if not below:
            continue
        yield f"  {'':8} {'mean':>6} {'median':>7} {'reached':>8} {'within 2':>9}"
        taken = {}
        for way in WAYS:
            found = [row[f"{way}_to_{target}"] for row in below]
            taken[way] = [most if count == "" else count for count in found]
            reached, within = sum(count != "" for count in found), sum(count in (1, 2) for count in found)
            yield (
                f"  {way:8} {statistics.fmean(taken[way]):6.2f} {statistics.median(taken[way]):7.1f} "
                f"{reached / len(below):8.0%} {within / len(below):9.0%}"
            )
        ratios = [network / brush for network, brush in zip(taken["network"], taken["brush"], strict=True)]
        yield f"  strokes through the network to those of the brush: {statistics.fmean(ratios):.2f}"
    total = sum(row["faults"] for row in rows)
    yield f"faults that one action mends, of {total}:"
    for way in WAYS[:-1]:
        share = sum(row[f"{way}_mends"] for row in rows) / max(1, total)
        yield f"  {way:8} {share:.0%}"


if __name__ == "__main__":
    main()
