"""The job `predict` with a cheap score function, also as a process that can be stopped and killed."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from segmentation.bundle.bundle import ModelBundle
from segmentation.confidence.estimator import ConfidenceEstimator, estimator_for
from segmentation.confidence.model import ConfidenceModel
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.run import RunConfig
from segmentation.core.events import Tell, ignore
from segmentation.core.file_kinds import MANIFEST
from segmentation.core.predictions import Prediction, ScoreFn
from segmentation.core.signals import Interruption, exit_status
from segmentation.core.size import Size
from segmentation.images.files import Picture
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.score_settings import EngineName, ScoreSettings
from segmentation.inference.scorer import Scorer
from segmentation.inference.scoring import enlargement_of
from segmentation.jobs.context import Context
from segmentation.jobs.folder import PhotoDone
from segmentation.jobs.predict import FolderPrediction
from segmentation.outputs.folder_job import WritePhoto
from segmentation.outputs.naming import Photo
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.publishing import FileWriter
from segmentation.outputs.result import Result
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.stores.address import parse_place
from support.drawing import draw_pair
from support.places import ROOT

SIZE = Size(height=32, width=24)
CONFIG = RunConfig().replace(input_size=SIZE)
BUNDLE = ModelBundle(Path("model"), CONFIG, Preprocessing.from_config(CONFIG.preprocessing))
SCORE_SETTINGS = ScoreSettings((EngineName("drawn", "f32"),))
ENLARGEMENT = partial(enlargement_of, BUNDLE)


def draw(path: Path, seed: int = 0, height: int = 64, width: int = 48) -> None:
    """Write the photo of a drawn garment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_pair(seed, height, width)[0]).save(path)


def draw_folder(folder: Path) -> Path:
    """Six photos, two of them in a subfolder."""
    for number, name in enumerate(["a.png", "b.png", "c.png", "d.png", "x/a.png", "x/e.png"]):
        draw(folder / name, number)
    return folder


def pictures(output: Path) -> dict[str, bytes]:
    """Every file of an output folder, temporary ones too, except the manifest."""
    files = (path for path in output.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in files}


def results_in(bucket: dict[str, bytes]) -> dict[str, bytes]:
    """The files of results in a store, without the manifest."""
    return {name: content for name, content in bucket.items() if not name.startswith("predictions/")}


def shard_lines(bucket: dict[str, bytes]) -> list[dict]:
    """The lines of a manifest in a store."""
    shards = [bucket[name] for name in sorted(bucket) if name.startswith("predictions/")]
    return [json.loads(line) for shard in shards for line in shard.splitlines()]


def manifest_lines(output: Path) -> list[dict]:
    return [json.loads(line) for line in (output / MANIFEST).read_text().splitlines()]


def comparable(line: dict) -> dict:
    """A line without what differs between a folder and a store: where and when."""
    recorded = line["key"] or {}  # there is none of a photo that is broken
    key = {name: recorded[name] for name in recorded if name not in ("mtime_ns", "version")}
    files = {name: {**record, "mtime_ns": 0} for name, record in line["files"].items()}
    return {**line, "input": Path(line["input"]).name, "seconds": 0, "key": key, "files": files}


def errors(output: Path) -> dict[str, str]:
    """The recorded failures, by the name of the photo."""
    return {Path(line["input"]).name: line["error"] for line in manifest_lines(output) if line["error"]}


def made(results: list[Result]) -> list[str]:
    """The stems of the photos that were not skipped as done."""
    return [result.stem for result in results if not result.skipped]


def red_score(photo: np.ndarray) -> np.ndarray:
    """Return how much redder than green each pixel is. The drawn garments are red."""
    difference = photo[..., :1].astype(np.float32) - photo[..., 1:2]
    return np.clip(difference / 128, 0, 1).astype(np.float32)


def endless_score(_photo: np.ndarray) -> np.ndarray:
    """A network that hangs, and says so."""
    print("hanging", file=sys.stderr, flush=True)
    while True:
        time.sleep(0.1)


def scorer_of(
    score: ScoreFn = red_score,
    bundle: ModelBundle = BUNDLE,
    threshold: float = 0.5,
    estimator: ConfidenceEstimator | None = None,
) -> Scorer:
    """A score function as a model that is loaded."""
    models = Ensemble((bundle,))
    estimator = estimator or estimator_for([score], threshold, bundle.confidence_model)
    return Scorer(models, score, estimator, threshold, SCORE_SETTINGS)


def scorer_knowing(confidence_model: ConfidenceModel, score: ScoreFn = red_score) -> Scorer:
    """A score function as a model that knows how good its masks are likely to be."""
    return scorer_of(score, dataclasses.replace(BUNDLE, confidence_model=confidence_model))


def cut_folder(
    source: Path,
    output: Path,
    *,
    stop: Callable[[], bool] = lambda: False,
    score: ScoreFn = red_score,
    bundle: ModelBundle = BUNDLE,
    threshold: float = 0.5,
    estimator: ConfidenceEstimator | None = None,
    tell: Tell = ignore,
    scorer: Scorer | None = None,
    **options,
) -> list[Result]:
    """Run `predict` over a folder with a score function in the place of a model; `options` are the job's."""
    chosen = PredictOptions.of(**{"input": source, "output": output, "save": True, "workers": 2, **options})
    scorer = scorer or scorer_of(score, bundle, threshold, estimator)
    return list(FolderPrediction(chosen, Context(tell=tell, stop=stop), scorer))


def delivered(folder: Path, writer: FileWriter) -> WritePhoto:
    """Deliver the files of a writer straight into a folder."""

    def write(photo: Photo, picture: Picture, prediction: Prediction) -> PhotoOutputs:
        outputs = {kind: photo.outputs[kind] for kind in writer.kinds}
        paths = {kind: folder / output for kind, output in outputs.items()}
        return PhotoOutputs(outputs, writer.write(paths, picture, prediction))

    return write


def start(source: Path, output: Path, **options) -> subprocess.Popen:
    """Run `main` in a process of its own."""
    settings = json.dumps({"source": str(source), "output": str(output), **options})
    return subprocess.Popen(
        [sys.executable, "-m", "support.folder_job", settings],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests")))},
    )


def kill_at(step: int, output: Path) -> None:
    """Kill this process at the nth time that it touches something in the output folder."""
    steps = 0

    def count(_event: str, arguments: tuple) -> None:
        nonlocal steps
        if any(str(output) in str(argument) for argument in arguments[:2]):
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def main(
    source: str,
    output: str,
    *,
    die_at: int = 0,
    hang: bool = False,
    number: int = 0,
    after: int = 0,
    **options,
) -> int:
    """Cut a folder out; signal `number` comes as soon as the process itself has done `after` photos."""
    if die_at:
        kill_at(die_at, Path(output))
    done = 0

    def count(event: object) -> None:
        nonlocal done
        done += isinstance(event, PhotoDone) and not event.result.skipped
        if number and done == after:
            os.kill(os.getpid(), number)

    with Interruption() as interruption:
        cut_folder(
            parse_place(source),
            parse_place(output),
            score=endless_score if hang else red_score,
            stop=lambda: interruption.requested,
            tell=count,
            **options,
        )
    return exit_status() if interruption.requested else 0


if __name__ == "__main__":
    sys.exit(main(**json.loads(sys.argv[1])))
