"""Does `audit` find errors of ground truth? Known ones, planted into real pairs, and the ranks they get.

    python benchmarks/audit.py --data DIR [--seed N ...] [--models NAME ...] [--folds K] [--output DIR]

Into copies of the pairs of DIR fifteen errors are planted: three hems cut off, three masks 12 pixels beside
their place, three of another garment, two straps lost, two holes, two pieces of a leg included. The models
that judge them are trained on the errors of the first seed, as an audit would train them. Expected are at
least 13 of the 15 among the 30 most suspicious of 150 pairs.
"""

import argparse
import csv
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from project import ROOT

from segmentation.cli.training_display import TrainingDisplay
from segmentation.config.jobs.audit import AuditOptions
from segmentation.core.samples import Sample
from segmentation.core.workspace import Workspace
from segmentation.datasets.discover import discover
from segmentation.datasets.groups import DUPLICATES_FILE
from segmentation.images.files import read_photo, write_image
from segmentation.jobs.audit import audit
from segmentation.jobs.context import Context
from segmentation.reports.audit_report import TABLE

_KINDS = {"hem": 3, "shift": 3, "another's": 3, "strap": 2, "hole": 2, "leg": 2}
_SHIFT_PX = 12
_SMALLEST_STRAP_PX, _SHORTEST_STRAP_PX, _WIDEST_STRAP_PX = 800, 50, 44
_LEAST_CONTRAST = 25.0  # of a leg, to the backdrop beside it, in levels of a colour channel


def main() -> None:
    """Plant, audit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of pairs without a split")
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1], help="of the errors (default: 0 1)")
    parser.add_argument("--models", nargs="+", default=[], help="judges that are there (default: train)")
    parser.add_argument("--folds", type=int, default=3, help="(default: 3)")
    parser.add_argument("--output", type=Path, help="folder to keep pairs, models and reports in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        output = options.output or Path(temporary)
        samples = discover(options.data).samples
        judges = options.models
        for seed in options.seed:
            planted = plant(samples, seed)
            folder = output / f"seed-{seed}"
            write_planted(samples, planted, folder / "pairs")
            for path in (options.data / DUPLICATES_FILE, options.data.parent / DUPLICATES_FILE):
                if path.is_file():
                    shutil.copy(path, folder / "pairs")
            _audit(folder, judges, options.folds)
            judges = judges or [str(path.parent) for path in folder.glob("audit/folds/*/fold*/bundle.json")]
            _print_ranks(seed, {name: kind for name, (kind, _) in planted.items()}, folder / "audit" / TABLE)


def _audit(folder: Path, judges: Sequence[str], folds: int) -> None:
    options = AuditOptions.of(
        data=folder / "pairs", output=folder / "audit", folds=folds, fold_model=tuple(judges)
    )
    with TrainingDisplay() as display:
        if audit(options, display.shown(Context(Workspace(ROOT)))).stopped:
            raise KeyboardInterrupt


def _print_ranks(seed: int, kinds: dict[str, str], table: Path) -> None:
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    by_dice = sorted(rows, key=lambda row: float(row["dice"]))
    print(f"seed {seed}: {len(kinds)} errors planted into {len(rows)} pairs")
    found = {}
    for name, order in (("suspicion", rows), ("Dice alone", by_dice)):
        ranks = {row["id"]: rank for rank, row in enumerate(order, start=1) if row["id"] in kinds}
        found[name] = sum(rank <= 30 for rank in ranks.values())
        among = f"{found[name]} among the first 30, {sum(rank <= 15 for rank in ranks.values())} among 15"
        print(f"  by {name}: {among}")
        for kind in dict.fromkeys(kinds.values()):
            places = sorted(rank for identity, rank in ranks.items() if kinds[identity] == kind)
            print(f"    {kind:10s} at {', '.join(map(str, places))}")
    marked = Counter(row["id"] in kinds for row in rows if row["exclude"] == "yes")
    print(f"  found by suspicion / by Dice alone: {found['suspicion'] / max(found['Dice alone'], 1):.2f}")
    print(f"  marked: {marked[True]} with a planted error, {marked[False]} others")


def plant(samples: Sequence[Sample], seed: int) -> dict[str, tuple[str, np.ndarray]]:
    """The kind and the alpha, uint8 [H, W], of fifteen errors by the id of the sample that gets them.

    No garment gets two. An error that does not suit a garment, such as a lost strap where there is none, goes
    to another.
    """
    random = np.random.default_rng(seed)
    waiting = [samples[index] for index in random.permutation(len(samples))]
    planted: dict[str, tuple[str, np.ndarray]] = {}
    spoilt: set[str] = set()
    for kind in sorted(_KINDS, key=lambda kind: kind not in ("strap", "leg")):  # which fewest garments suit
        for _ in range(_KINDS[kind]):
            for sample in waiting:
                if sample.group in spoilt:
                    continue
                alpha = _PLANT[kind](sample, samples, random)
                if alpha is not None:
                    planted[sample.id] = kind, alpha
                    spoilt.add(sample.group)
                    break
    return planted


def write_planted(
    samples: Sequence[Sample], planted: dict[str, tuple[str, np.ndarray]], folder: Path
) -> None:
    """Write pairs into `images` and `masks` of `folder`, those of `planted` with their errors."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for sample in samples:
        shutil.copyfile(sample.photo, folder / "images" / sample.photo.name)
        alpha = planted[sample.id][1] if sample.id in planted else sample.truth.read()
        write_image(folder / "masks" / f"{sample.id}.png", alpha, mostly_empty=True)


def _hem(sample: Sample, _others: Sequence[Sample], random: np.random.Generator) -> np.ndarray:
    """The lowest 4 to 8% of the garment are cut off."""
    alpha = sample.truth.read().copy()
    _, top, _, height = cv2.boundingRect((alpha >= 128).astype(np.uint8))
    alpha[top + round(height * (1 - random.uniform(0.04, 0.08))) :] = 0
    return alpha


def _shift(sample: Sample, _others: Sequence[Sample], random: np.random.Generator) -> np.ndarray:
    """The whole mask lies 12 pixels beside the garment, in any direction."""
    alpha, angle = sample.truth.read(), random.uniform(0, 2 * np.pi)
    move = np.float32([[1, 0, round(_SHIFT_PX * np.cos(angle))], [0, 1, round(_SHIFT_PX * np.sin(angle))]])
    return cv2.warpAffine(alpha, move, alpha.shape[::-1], flags=cv2.INTER_NEAREST)


def _anothers(sample: Sample, others: Sequence[Sample], random: np.random.Generator) -> np.ndarray | None:
    """The mask is that of another garment, seen from the same side."""
    fitting = [other for other in others if other.view == sample.view and other.group != sample.group]
    alpha = fitting[random.integers(len(fitting))].truth.read()
    return alpha if alpha.shape == read_photo(sample.photo).shape[:2] else None


def _strap(sample: Sample, _others: Sequence[Sample], _random: np.random.Generator) -> np.ndarray | None:
    """A long part of the upper half, too thin to outlive a morphological opening, is lost."""
    alpha = sample.truth.read().copy()
    mask = (alpha >= 128).astype(np.uint8)
    _, top, _, height = cv2.boundingRect(mask)
    thin = mask & (1 - cv2.morphologyEx(mask, cv2.MORPH_OPEN, _disc(_WIDEST_STRAP_PX // 2)))
    thin[top + height // 2 :] = 0
    _, regions, stats, _ = cv2.connectedComponentsWithStats(thin)
    long = stats[:, cv2.CC_STAT_HEIGHT] >= _SHORTEST_STRAP_PX
    areas = np.where(long, stats[:, cv2.CC_STAT_AREA], 0)
    areas[0] = 0
    if areas.max() < _SMALLEST_STRAP_PX:
        return None
    lost = cv2.dilate((regions == areas.argmax()).astype(np.uint8), _disc(3))
    return np.where(lost & (1 - cv2.erode(mask, _disc(8)) | thin), np.uint8(0), alpha)


def _hole(sample: Sample, _others: Sequence[Sample], random: np.random.Generator) -> np.ndarray | None:
    """An elliptic hole of about 3% of the garment, away from its edge."""
    alpha = sample.truth.read().copy()
    mask = alpha >= 128
    radius = np.sqrt(0.03 * np.count_nonzero(mask) / np.pi)
    down, across = radius * (stretch := random.uniform(0.7, 1.4)), radius / stretch
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    places = np.argwhere(depth > max(down, across) + 10)
    if not len(places):
        return None
    y, x = places[random.integers(len(places))]
    cv2.ellipse(alpha, (int(x), int(y)), (round(across), round(down)), 0, 0, 360, 0, -1)
    return alpha


def _leg(sample: Sample, _others: Sequence[Sample], random: np.random.Generator) -> np.ndarray | None:
    """A piece of a mannequin's leg below the hem, 4 to 8% of the photo's height, counts as garment."""
    photo, alpha = read_photo(sample.photo).astype(np.float32), sample.truth.read().copy()
    mask = alpha >= 128
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    hem, length = top + height, round(random.uniform(0.04, 0.08) * len(alpha))
    if hem + length > 0.85 * len(alpha):
        return None
    rows = slice(hem - 30, hem + length)
    beside = photo[rows, max(0, left - 60) : max(1, left - 20)]
    contrast = np.abs(photo[rows] - np.median(beside, axis=1, keepdims=True)).max(axis=2)  # [rows, W]
    below = ((contrast > _LEAST_CONTRAST) & ~mask[rows]).astype(np.uint8)
    below[:, :left] = below[:, left + width :] = 0
    below = cv2.morphologyEx(cv2.morphologyEx(below, cv2.MORPH_CLOSE, _disc(6)), cv2.MORPH_OPEN, _disc(10))
    count, regions, stats, _ = cv2.connectedComponentsWithStats(below)
    legs = [
        region
        for region in range(1, count)
        if stats[region, cv2.CC_STAT_HEIGHT] > 0.9 * length and 30 < stats[region, cv2.CC_STAT_WIDTH] < 140
    ]
    if not legs:
        return None
    alpha[rows][regions == legs[random.integers(len(legs))]] = 255
    return alpha


def _disc(radius_px: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))


_PLANT: dict[str, Callable[..., np.ndarray | None]] = {
    "hem": _hem,
    "shift": _shift,
    "another's": _anothers,
    "strap": _strap,
    "hole": _hole,
    "leg": _leg,
}


if __name__ == "__main__":
    main()
