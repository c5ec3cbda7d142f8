"""How near is `predict --save` to what the processor can do, and how far from the plain way?

    python benchmarks/predict_folder.py [--model NAME] [--photos N] [--precision auto|f32|bf16]

Photos of 1152x1728 go to mask and cutout on disk. The plain way does one step after another: cv2.imread,
cv2.resize, Keras `predict`, cv2.resize, cv2.imwrite. The bound is the cores of this process divided by the
CPU seconds that decoding, scoring and encoding of one photo take, each measured alone. Expected are at
least 4 times the photos a second of the plain way, and at least 0.85 of the bound.

Without --model the 1024 U-Net with 16 filters and 6 levels is trained for a few minutes and kept in
models/benchmark-1024: the scores of an untrained one are noise, which measures the PNG coder.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from cutting import cut, seconds_of
from project import ROOT

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.scoring import ScoringOptions
from segmentation.core.imports import import_keras_quietly
from segmentation.core.parallel import cores
from segmentation.core.size import Size
from segmentation.core.workspace import Workspace
from segmentation.images.files import open_photo
from segmentation.inference.engines import load_engine
from segmentation.inference.engines.keras_engine import load_model
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.predict import predict
from segmentation.inference.scorer import load_scorer
from segmentation.jobs.context import Context
from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.naming import find_photos
from segmentation.preprocessing.pixels import resize_scores
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
    parser.add_argument("--model", type=Path, help="path of a model (default: models/benchmark-1024)")
    parser.add_argument("--photos", type=int, default=40, help="through this program (default: 40)")
    parser.add_argument("--plain", type=int, default=8, help="through the plain way (default: 8)")
    parser.add_argument("--precision", default="auto", help="of OpenVINO (default: auto)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_studio(work / "drawn", -(-options.photos // 3), 1152, 1728, 0)
        photos = list(find_photos(work / "drawn" / "images"))[: options.photos]
        bundle = load_bundle(options.model or _trained(work / "drawn"))
        streams = cores()
        scoring = ScoringOptions(engine="openvino", precision=options.precision)
        scorer = load_scorer(Ensemble((bundle,)), scoring=scoring, streams=streams)
        writer = CutoutWriter(work / "output", scorer.models.enlargement)
        plain = _plain_way(bundle, work / "plain")
        plain(photos[0].path)  # Keras compiles
        cut(scorer, photos[:2], writer, work / "output")

        half = options.plain // 2
        slow = seconds_of(lambda: [plain(photo.path) for photo in photos[:half]])
        fast = seconds_of(lambda: cut(scorer, photos, writer, work / "output"))
        slow += seconds_of(lambda: [plain(photo.path) for photo in photos[half : options.plain]])
        steps = _cpu_seconds(bundle, options.precision, photos[:8], writer, work / "output")

    rate, plain_rate, bound = len(photos) / fast, options.plain / slow, streams / sum(steps.values())
    print(f"{bundle.name} at {bundle.input_size}, {scorer.settings.computed_by}, {streams} cores")
    print("CPU seconds a photo: " + ", ".join(f"{name} {taken:.3f}" for name, taken in steps.items()))
    print(f"plain way  {plain_rate:6.2f} photos/s")
    print(f"predict    {rate:6.2f} photos/s, {rate / plain_rate:.1f} times the plain way")
    print(f"bound      {bound:6.2f} photos/s, of which {rate / bound:.2f} are reached")


def _trained(data: Path) -> Path:
    model = ROOT / "models" / "benchmark-1024"
    if not model.exists():
        import_keras_quietly()
        from segmentation.jobs.train import train

        print(f"training {model.name}, which takes some minutes", flush=True)
        train(TrainOptions.of(data=data, name=model.name, **_TRAINING), Context(Workspace(ROOT)))
    return model


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


def _cpu_seconds(
    bundle: ModelBundle, precision: str, photos: list, writer: CutoutWriter, output: Path
) -> dict[str, float]:
    """Medians of the CPU time, over all threads, of the three steps of a photo."""
    engine = load_engine(bundle, engine="openvino", precision=precision)
    taken: dict[str, list[float]] = {"decode": [], "network": [], "encode": []}
    for photo in photos:
        started = time.process_time()
        picture = open_photo(photo.path)
        read = time.process_time()
        prepared = engine.preprocessing.prepare(picture.pixels)[np.newaxis]
        start_of_network = time.process_time()
        scores = engine.network(prepared)[0]
        scored = time.process_time()
        scores = resize_scores(scores, Size(*picture.pixels.shape[:2]))
        prediction = predict(
            lambda _photo, full=scores: full, bundle, photo.stem, picture.pixels, bundle.threshold
        )
        start_of_encode = time.process_time()
        writer.write({kind: output / photo.outputs[kind] for kind in writer.kinds}, picture, prediction)
        written = time.process_time()
        taken["decode"].append(read - started)
        taken["network"].append(scored - start_of_network)
        taken["encode"].append(written - start_of_encode)
    return {name: statistics.median(values) for name, values in taken.items()}


if __name__ == "__main__":
    main()
