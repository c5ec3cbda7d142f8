"""How long does one photo take from an empty shell? Seconds from process start to mask and cutout on disk.

    python benchmarks/cold_start.py --model NAME [--photo FILE] [--rounds N]

`predict --save` in processes of its own, on OpenVINO (its compiled network cached by a first run that does
not count) and on Keras in turn. Expected are at most 2.0 s, and at most a third of the time on Keras.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from project import ROOT

from segmentation.images.files import write_image
from segmentation.synth import draw_photo


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="name or path of a model")
    parser.add_argument("--photo", type=Path, help="(default: a drawn one of 1152x1728)")
    parser.add_argument("--rounds", type=int, default=5, help="runs on each engine (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo = options.photo or Path(folder) / "photo.jpg"
        if not options.photo:
            write_image(photo, draw_photo(0, 0, "Front", 1152, 1728)[0])
        seconds: dict[str, list[float]] = {"openvino": [], "keras": []}
        _run(options.model, photo, Path(folder), "openvino")
        for _ in range(options.rounds):
            for engine, taken in seconds.items():
                taken.append(_run(options.model, photo, Path(folder), engine))
    fast, slow = (statistics.median(seconds[engine]) for engine in ("openvino", "keras"))
    print(f"cold start: OpenVINO {fast:.2f} s, Keras {slow:.2f} s (medians), ratio {fast / slow:.2f}")


def _run(model: str, photo: Path, folder: Path, engine: str) -> float:
    command = [sys.executable, ROOT / "main.py", "predict", "--input", photo, "--model", model, "--save"]
    command += ["--output", folder / "output", "--overwrite", "--quiet", "--engine", engine]
    started = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
