"""Measure the second pass: seconds a photo of both passes against the first alone, and end to end.

    python benchmarks/double_pass.py [--model NAME] [--data DIR] [--photos N] [--precision auto|f32|bf16]

Photos of 1152x1728 are scored one after another, the networks on all cores, first pass alone and both in
turn; then all of them go to mask and cutout on disk, as `predict --save` does. Expected of the bundled model
are at most 0.35 s a photo for both passes and at least 2.5 photos/s to the disk on two cores.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from cutting import cut, seconds_of
from project import ROOT

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.config.scoring import ScoringOptions
from segmentation.core.parallel import cores
from segmentation.images.files import read_photo
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scorer import load_scorer
from segmentation.inference.scoring import load_score
from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.naming import Photo, find_photos
from segmentation.synth import write_studio


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="name or path of a model (default: default)")
    parser.add_argument("--data", type=Path, help="folder of photos (default: drawn ones)")
    parser.add_argument("--photos", type=int, default=40, help="(default: 40)")
    parser.add_argument("--precision", default="auto", help="of OpenVINO (default: auto)")
    options = parser.parse_args()
    bundle = find_bundle(options.model, ROOT / "models")
    if not bundle.first:
        parser.error(f"expected a model with two passes, received {bundle.name}")
    with tempfile.TemporaryDirectory() as folder:
        if not options.data:
            write_studio(Path(folder) / "drawn", -(-options.photos // 3), 1152, 1728, 0)
        photos = list(find_photos(options.data or Path(folder) / "drawn" / "images"))[: options.photos]
        first, both = _scoring_seconds(bundle, options.precision, photos)
        rate = _photos_a_second(bundle, options.precision, photos, Path(folder) / "output")
    print(f"{bundle.name}, {len(photos)} photos, {cores()} cores")
    print(f"first pass   {first:6.3f} s a photo (median)")
    print(f"both passes  {both:6.3f} s a photo, {both / first:.1f} times the first alone")
    print(f"to the disk  {rate:6.2f} photos/s, {rate * both:.2f} of what scoring alone would allow")


def _scoring_seconds(bundle: ModelBundle, precision: str, photos: list[Photo]) -> list[float]:
    """Medians of the time that the first pass and both passes take for a photo in memory."""
    scores = [
        load_score(passes, engine="openvino", precision=precision)[0] for passes in (bundle.passes[0], bundle)
    ]
    for score in scores:  # the first photo warms up
        score(read_photo(photos[0].path))
    taken: list[list[float]] = [[] for _ in scores]
    for photo in photos:
        pixels = read_photo(photo.path)
        for score, seconds in zip(scores, taken, strict=True):
            seconds.append(seconds_of(lambda score=score, pixels=pixels: score(pixels)))
    return [statistics.median(seconds) for seconds in taken]


def _photos_a_second(bundle: ModelBundle, precision: str, photos: list[Photo], output: Path) -> float:
    scoring = ScoringOptions(engine="openvino", precision=precision)
    scorer = load_scorer(Ensemble((bundle,)), scoring=scoring, streams=cores())
    writer = CutoutWriter(output, scorer.enlargement)
    cut(scorer, photos[: cores()], writer, output)
    return len(photos) / seconds_of(lambda: cut(scorer, photos, writer, output))


if __name__ == "__main__":
    main()
