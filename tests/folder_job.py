"""A folder job with a cheap score function, as a function and as a process that can be stopped and killed."""

import json
import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image
from support.drawing import draw_pair

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.training import RunConfig
from segmentation.core.signals import Interruption
from segmentation.core.size import Size
from segmentation.inference.scoring import enlargement_of
from segmentation.outputs.cutout_writer import CutoutWriter, Deliverables
from segmentation.outputs.folder_job import run_folder
from segmentation.outputs.manifest import MANIFEST, Manifest, Result
from segmentation.outputs.naming import find_photos

SIZE = Size(height=32, width=24)
BUNDLE = ModelBundle(Path("model"), RunConfig().replace(input_size=SIZE), {})
ENLARGEMENT = enlargement_of(BUNDLE)


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


def manifest_lines(output: Path) -> list[dict]:
    return [json.loads(line) for line in (output / MANIFEST).read_text().splitlines()]


def errors(output: Path) -> dict[str, str]:
    """The recorded failures, by the name of the photo."""
    return {Path(line["input"]).name: line["error"] for line in manifest_lines(output) if line["error"]}


def made(results: list[Result]) -> list[str]:
    """The stems of the photos that were not skipped as done."""
    return [result.stem for result in results if not result.skipped]


def red_score(photo: np.ndarray) -> np.ndarray:
    """How much redder than green a pixel is. The drawn garments are red."""
    difference = photo[..., :1].astype(np.float32) - photo[..., 1:2]
    return np.clip(difference / 128, 0, 1).astype(np.float32)


def endless_score(_photo: np.ndarray) -> np.ndarray:
    """A network that hangs, and says so."""
    print("hanging", file=sys.stderr, flush=True)
    while True:
        time.sleep(0.1)


def cut_folder(
    source,
    output,
    *,
    threshold=0.5,
    binary=False,
    overwrite=False,
    workers=2,
    score=red_score,
    wanted=None,
    **options,
) -> list[Result]:
    """Cut out every photo of a folder as `predict --save` does."""
    writer = CutoutWriter(output, ENLARGEMENT, binary=binary, wanted=wanted or Deliverables())
    photos = find_photos(source, exclude=output)
    settings = {"threshold": threshold, **writer.settings}
    with Manifest(output, settings, kinds=writer.kinds, overwrite=overwrite) as manifest:
        writer.prepare()
        job = run_folder(
            score, BUNDLE, photos, threshold, writer.write, workers=workers, manifest=manifest, **options
        )
        with closing(job) as results:
            return list(results)


def _die_at(step: int, output: Path) -> None:
    """Kill this process at the nth time that it touches something in the output folder."""
    steps = 0

    def count(_event: str, arguments: tuple) -> None:
        nonlocal steps
        if any(str(output) in str(argument) for argument in arguments[:2]):
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def main(source: str, output: str, *, die_at: int = 0, hang: bool = False, **options) -> int:
    if die_at:
        _die_at(die_at, Path(output))
    with Interruption() as interruption:
        cut_folder(
            Path(source),
            Path(output),
            score=endless_score if hang else red_score,
            stop=lambda: interruption.requested,
            **options,
        )
    return interruption.status


if __name__ == "__main__":
    sys.exit(main(**json.loads(sys.argv[1])))
