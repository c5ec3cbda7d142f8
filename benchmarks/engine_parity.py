"""Does the fast engine draw the masks of the reference? Dice between OpenVINO's masks and those of Keras.

    python benchmarks/engine_parity.py --model NAME --data DIR [--precision auto|f32|bf16]

Every photo is scored on both engines at its own size; expected are at least 0.9995 on each and mean Dice
against the ground truth that differs by at most 0.0005.
"""

import argparse
import statistics
from pathlib import Path

from project import ROOT

from segmentation.bundle.finding import find_bundle
from segmentation.datasets.discover import discover
from segmentation.datasets.selection import select_samples
from segmentation.images.files import read_photo
from segmentation.inference.scoring import load_score
from segmentation.metrics import masks as metrics


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="name or path of a model (default: default)")
    parser.add_argument("--data", type=Path, required=True, help="folder of pairs")
    parser.add_argument("--precision", default="auto", help="of OpenVINO (default: auto)")
    options = parser.parse_args()
    bundle = find_bundle(options.model, ROOT / "models")
    reference, _ = load_score(bundle, engine="keras")
    fast, engines = load_score(bundle, engine="openvino", precision=options.precision)
    agreements, reference_dice, fast_dice = [], [], []
    for sample in select_samples(bundle, discover(options.data)):
        photo, target = read_photo(sample.photo), sample.truth.read() >= 128
        of_reference, of_fast = (engine(photo)[..., 0] >= bundle.threshold for engine in (reference, fast))
        agreements.append(_dice(of_fast, of_reference))
        reference_dice.append(_dice(of_reference, target))
        fast_dice.append(_dice(of_fast, target))
    difference = statistics.mean(fast_dice) - statistics.mean(reference_dice)
    print(
        f"{bundle.name}, OpenVINO {engines[-1].precision} against Keras on {len(agreements)} photos: masks "
        f"agree to Dice {min(agreements):.5f} at worst, {statistics.mean(agreements):.5f} on average; mean "
        f"Dice against the ground truth {statistics.mean(reference_dice):.4f}, changed by {difference:+.5f}"
    )


def _dice(mask, other) -> float:
    return metrics.dice(metrics.counts(mask, other))


if __name__ == "__main__":
    main()
