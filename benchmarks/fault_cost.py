"""The cost of finding likely faults, for `faults.py`: beside that of `predict --save`."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fault_photos import KnownPhoto
from project import ROOT

from segmentation.confidence.candidates import find_candidates


def show_cost(photos: list[KnownPhoto], model: str) -> None:
    """Print the CPU time of finding likely faults beside that of `predict --save`."""
    studio = [one for one in photos if one.kind == "studio"]
    if not studio:
        return
    began = time.process_time()
    for one in studio:
        find_candidates(one.photo, one.prediction.scores[..., 0], one.prediction.mask, one.second)
    own = (time.process_time() - began) / len(studio)
    with tempfile.TemporaryDirectory() as folder:
        one_photo = _cpu_seconds([studio[0].sample.photo], Path(folder) / "one", model)
        every = _cpu_seconds([one.sample.photo for one in studio], Path(folder) / "all", model)
    whole = (every - one_photo) / (len(studio) - 1)
    print(
        f"\nlikely faults take {1000 * own:.0f} ms of CPU time a photo of the studio; predict --save takes "
    )
    print(f"{1000 * whole:.0f} ms without them: {own / whole:.0%}")


def _cpu_seconds(photos: list[Path], folder: Path, model: str) -> float:
    (folder / "photos").mkdir(parents=True)
    for photo in photos:
        (folder / "photos" / photo.name).symlink_to(photo.resolve())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, str(ROOT / "main.py"), "predict", "--model", model]
    command += ["--input", str(folder / "photos"), "--output", str(folder / "results"), "--save"]
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
