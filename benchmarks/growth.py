"""Does a folder of many photos cost more a photo than one of few? Time to begin, to record and to go on.

    python benchmarks/growth.py [--photos N ...] [--model NAME] [--photo FILE] [--rounds N]

Hard links make one photo N photos. `predict --save` is started on them, and on ten, in turn, until its
manifest has the first photo. Then the results of one photo and its line of the manifest are multiplied as
well, the lines by the manifest itself, and the same command goes on: it finds that all of them are done.
"""

import argparse
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from many import many_photos, many_results
from program import PROGRAM, by_turns, predict, predicting

from segmentation.core.file_kinds import MANIFEST

FEW = 10
SHARE = 1000  # photos of which the cost of a line is measured, at the beginning and at the end
TARGETS = f"of 100,000 at most 1 s after that of {FEW} | 1, 1 | | 20 | |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--photos", type=int, nargs="+", default=[10_000, 100_000], help="(default: 10000 100000)"
    )
    parser.add_argument("--model", default="default", help="name or path of a model (default: default)")
    parser.add_argument("--photo", type=Path, help="(default: a drawn one of 1152x1728)")
    parser.add_argument("--rounds", type=int, default=3, help="starts of each folder (default: 3)")
    parser.add_argument("--scratch", type=Path, help="folder for the links (default: the system's)")
    options = parser.parse_args()
    print(
        "| photos | first photo done, s | a line first, last, ms "
        "| going on, CPU s | on the clock, s | peak, MB |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for number in options.photos:
        with TemporaryDirectory(dir=options.scratch) as scratch:
            print(f"| {number:,} | {' | '.join(_measured(number, Path(scratch), options))} |", flush=True)
    print(f"| target | {TARGETS}")


def _measured(number: int, scratch: Path, options: argparse.Namespace) -> Iterator[str]:
    """Yield the cells of a row."""
    photos, results = scratch / "photos", scratch / "results"
    few = many_photos(options.photo, scratch / "few", FEW).parent
    first = many_photos(options.photo, photos, number)
    outputs = (scratch / f"begun-{start}" for start in count())

    def start(folder: Path) -> float:
        return _to_the_first_photo(folder, next(outputs), options.model)

    start(few)  # what runs first warms the machine up
    begun = by_turns({"few": lambda: start(few), "many": lambda: start(photos)}, options.rounds)
    yield f"{begun['many']:.2f}, {begun['many'] - begun['few']:+.2f} beyond {FEW}"
    seconds = many_results(first, results, number, options.model)
    ends = seconds[:SHARE], seconds[-SHARE:]
    yield ", ".join(f"{1000 * sum(part) / len(part):.2f}" for part in ends)
    taken = predict(photos, results, "--model", options.model)
    yield f"{taken.cpu_seconds:.1f}"
    yield f"{taken.seconds:.1f}"
    yield f"{taken.peak_megabytes:.0f}"


def _to_the_first_photo(photos: Path, results: Path, model: str) -> float:
    """Return the seconds from the start of `predict` until its manifest has a photo; then interrupt it."""
    manifest = results / MANIFEST
    started = time.perf_counter()
    command = [*PROGRAM, *predicting(photos, results), "--model", model]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (manifest.exists() and b"\n" in manifest.read_bytes()):
            if process.poll():
                raise SystemExit(f"predict failed with status {process.returncode}")
            time.sleep(0.005)
        seconds = time.perf_counter() - started
        process.send_signal(signal.SIGINT)
    return seconds


if __name__ == "__main__":
    main()
