"""How near is `predict --save` to what the processor can do, and how far from the plain way?

    python benchmarks/predict_folder.py [--model NAME] [--input DIR] [--photos N] [--precision auto|f32|bf16]
    python benchmarks/predict_folder.py --chart FILE BEFORE.json AFTER.json

Photos of 1152x1728, drawn ones or those of a folder, go to mask, cutout and review picture on disk. First the
stages of a photo are measured one photo at a time, in CPU time over all threads, then photos a second on all
cores. The bound is the cores of this process divided by the CPU seconds of the decoder, the networks and the
encoders. Expected are at least 0.85 of the bound, and at most 70 ms of CPU time a photo outside of them.

The plain way of a model with one pass does one step after another: cv2.imread, cv2.resize, Keras `predict`,
cv2.resize, cv2.imwrite. Expected are at least 4 times its photos a second.

Without --model the 1024 U-Net with 16 filters and 6 levels is trained for a few minutes and kept in
models/benchmark-1024: the scores of an untrained one are noise, which measures the PNG coder.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from cutting import seconds_of
from project import ROOT
from stages import BOUND, NETWORKS, ORDER, Stages, draw_chart

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.scoring import ScoringOptions
from segmentation.core.imports import import_keras_quietly
from segmentation.core.parallel import cores
from segmentation.core.workspace import Workspace
from segmentation.inference.engines.keras_engine import load_model
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scorer import Scorer, load_scorer
from segmentation.jobs.context import Context
from segmentation.jobs.predict import FolderPrediction
from segmentation.outputs.naming import find_photos
from segmentation.synth import write_studio

_TRAINING = {
    "preset": "capstone",
    "augmentation": "none",
    "input_size": "1024x1024",
    "epochs": 3,
    "batch_size": 1,
    "optimizer": "adamw",
    "learning_rate": 0.001,
    "schedule": "cosine",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="name or path of a model (default: models/benchmark-1024)")
    parser.add_argument("--input", type=Path, help="folder of photos (default: drawn ones)")
    parser.add_argument("--photos", type=int, default=40, help="through this program (default: 40)")
    parser.add_argument("--plain", type=int, default=8, help="through the plain way (default: 8)")
    parser.add_argument("--precision", default="auto", help="of OpenVINO (default: auto)")
    parser.add_argument("--json", type=Path, help="file for the CPU seconds of the stages")
    parser.add_argument("--chart", type=Path, nargs=3, metavar="FILE", help="draw two such files, no more")
    options = parser.parse_args()
    if options.chart:
        chart, before, after = options.chart
        draw_chart(before, after, chart)
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_studio(work / "drawn", -(-options.photos // 3), 1152, 1728, 0)
        found = list(find_photos(options.input or work / "drawn" / "images"))[: options.photos]
        photos = [photo.path for photo in found]
        bundle = find_bundle(options.model or str(_trained(work / "drawn")), ROOT / "models")
        taken = measure_stages(bundle, options.precision, photos, work / "output")
        rate, computed_by = measure_rate(bundle, options.precision, photos, work / "output")
        plain_rate = None if bundle.first else _plain_rate(bundle, photos[: options.plain], work / "plain")
    if options.json:
        options.json.write_text(json.dumps(taken))
    _print(bundle, computed_by, taken, rate, plain_rate)


def measure_stages(
    bundle: ModelBundle, precision: str, photos: Sequence[Path], output: Path
) -> dict[str, float]:
    """Return the mean CPU seconds of each stage of a photo, one photo after another."""
    stages = Stages()
    with stages.watching():
        scorer = load_scorer(Ensemble((bundle,)), scoring=ScoringOptions(precision=precision))
        predict_into(scorer, photos[:2], output, workers=1)
        stages.seconds.clear()
        started = time.process_time()
        predict_into(scorer, photos, output, workers=1)
        total = time.process_time() - started
    other = total - sum(stages.seconds.values())
    return {name: seconds / len(photos) for name, seconds in {**stages.seconds, "other": other}.items()}


def measure_rate(
    bundle: ModelBundle, precision: str, photos: Sequence[Path], output: Path
) -> tuple[float, str]:
    """Return the photos a second on all cores, and what computed their scores."""
    scoring = ScoringOptions(precision=precision)
    scorer = load_scorer(Ensemble((bundle,)), scoring=scoring, streams=cores())
    predict_into(scorer, photos[:2], output, workers=cores())
    seconds = seconds_of(lambda: predict_into(scorer, photos, output, workers=cores()))
    return len(photos) / seconds, scorer.settings.computed_by


def predict_into(scorer: Scorer, photos: Sequence[Path], output: Path, *, workers: int) -> None:
    """Do what `predict --save` does."""
    options = PredictOptions.of(
        input=tuple(photos), output=output, save=True, overwrite=True, workers=workers
    )
    for result in FolderPrediction(options, Context(Workspace(ROOT)), scorer):
        assert not result.error, result.error


def _print(
    bundle: ModelBundle, computed_by: str, taken: dict[str, float], rate: float, plain_rate: float | None
) -> None:
    needed = sum(taken.get(name, 0.0) for name in BOUND)
    networks = sum(taken.get(name, 0.0) for name in NETWORKS.values())
    bound, scoring = cores() / needed, cores() / networks
    print(f"{bundle.name} at {bundle.input_size}, {computed_by}, {cores()} cores")
    print("\nCPU time of a photo, ms")
    for name in ORDER:
        if name in taken:
            print(f"  {name:<16}{1000 * taken[name]:7.1f}")
    total = sum(taken.values())
    print(
        f"  {'in all':<16}{1000 * total:7.1f}, of them {1000 * (total - needed):.1f} outside of the bound\n"
    )
    if plain_rate:
        print(f"plain way  {plain_rate:6.2f} photos/s, predict {rate / plain_rate:.1f} times as many")
    print(f"predict    {rate:6.2f} photos/s")
    print(f"bound      {bound:6.2f} photos/s, of which {rate / bound:.2f} are reached")
    print(f"scoring    {scoring:6.2f} photos/s by itself, of which {rate / scoring:.2f} are reached")


def _trained(data: Path) -> Path:
    model = ROOT / "models" / "benchmark-1024"
    if not model.exists():
        import_keras_quietly()
        from segmentation.jobs.train import train

        print(f"training {model.name}, which takes some minutes", flush=True)
        train(TrainOptions.of(data=data, name=model.name, **_TRAINING), Context(Workspace(ROOT)))
    return model


def _plain_rate(bundle: ModelBundle, photos: Sequence[Path], output: Path) -> float:
    plain = _plain_way(bundle, output)
    plain(photos[0])  # Keras compiles
    return len(photos) / seconds_of(lambda: [plain(photo) for photo in photos])


def _plain_way(bundle: ModelBundle, output: Path) -> Callable[[Path], None]:
    preprocessing = bundle.preprocessing
    model, size = load_model(bundle, preprocessing), bundle.input_size
    output.mkdir()

    def plain(path: Path) -> None:
        photo = cv2.imread(str(path))  # [H, W, BGR]
        small = cv2.resize(photo, (size.width, size.height), interpolation=cv2.INTER_AREA)
        batch = preprocessing.normalise(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))[np.newaxis]
        scores = model.predict(batch, verbose=0)[0]
        scores = cv2.resize(scores, photo.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        alpha = (scores.clip(0, 1) * 255).astype(np.uint8)
        cv2.imwrite(str(output / f"{path.stem}-mask.png"), alpha)
        cv2.imwrite(str(output / f"{path.stem}-cutout.png"), np.dstack([photo, alpha]))

    return plain


if __name__ == "__main__":
    main()
