"""Does a folder of many photos cost more a photo than one of few? CPU time to begin, to record and to go on.

    python benchmarks/growth.py [--photos N ...] [--model NAME] [--photo FILE]

Hard links make one photo N photos. It is cut out by `predict --save`; then its results and its line of the
manifest are multiplied as well, the lines by the manifest itself, and the same command goes on: it finds that
all of them are done. Expected of 100,000 photos are at most 1 s to the first photo, at most 1 ms for a line,
at the end as at the beginning, and at most 20 s to find that all are done.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

from project import ROOT

from segmentation.core.file_kinds import MANIFEST
from segmentation.images.files import write_image
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo, find_photos
from segmentation.outputs.result import Result
from segmentation.synth import draw_photo

MOST_LINKS = 50_000  # to one file, of which file systems allow 65,000
SHARE = 1000  # photos of which the cost of a line is measured, at the beginning and at the end
OF_A_PHOTO = ("bytes", "mtime_ns", "sha256")  # in the key of a line; the rest are settings


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--photos", type=int, nargs="+", default=[10_000, 100_000], help="(default: 10000 100000)"
    )
    parser.add_argument("--model", default="default", help="name or path of a model (default: default)")
    parser.add_argument("--photo", type=Path, help="(default: a drawn one of 1152x1728)")
    parser.add_argument("--scratch", type=Path, help="folder for the links (default: the system's)")
    options = parser.parse_args()
    print("| photos | first photo, s | a line first, last, ms | going on, s | on the clock, s | peak, MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for count in options.photos:
        with TemporaryDirectory(dir=options.scratch) as scratch:
            print(f"| {count:,} | {' | '.join(_measured(count, Path(scratch), options))} |", flush=True)


def _measured(count: int, scratch: Path, options: argparse.Namespace) -> Iterator[str]:
    """Yield the cells of a row."""
    photos, results = scratch / "photos", scratch / "results"
    photos.mkdir()
    photo = photos / f"000000{options.photo.suffix if options.photo else '.jpg'}"
    if options.photo:
        copyfile(options.photo, photo)
    else:
        write_image(photo, draw_photo(0, 0, "Front", 1152, 1728)[0])
    _multiply(photo, photos, count)
    time.sleep(3)  # results that are about as old as a photo do not prove that it is as it was
    command = ["predict", "--input", str(photo), "--model", options.model, "--save", "--output", str(results)]
    _run(command)
    (line,) = map(json.loads, (results / MANIFEST).read_text().splitlines())
    (results / MANIFEST).unlink()
    for output in line["outputs"].values():
        _multiply(results / output, (results / output).parent, count)
    started = time.process_time()
    next(find_photos(photos, exclude=results))
    yield f"{time.process_time() - started:.2f}"
    seconds = _record(photos, results, line)
    first, last = seconds[:SHARE], seconds[-SHARE:]
    yield ", ".join(f"{1000 * sum(part) / len(part):.2f}" for part in (first, last))
    command[2] = str(photos)
    started = time.monotonic()
    cpu_seconds, peak_megabytes = _run(command)
    yield f"{cpu_seconds:.1f}"
    yield f"{time.monotonic() - started:.1f}"
    yield f"{peak_megabytes:.0f}"


def _record(photos: Path, results: Path, line: dict[str, Any]) -> list[float]:
    """Record that photos are done as `line` says, and return the CPU seconds of the lines of each."""
    settings = {name: value for name, value in line["key"].items() if name not in OF_A_PHOTO}
    seconds = []
    with Manifest(results, settings, kinds=tuple(line["outputs"]), asked=line["asked"]) as manifest:
        for photo in find_photos(photos, exclude=results):
            key = manifest.key(photo)  # which reads the photo
            result = replace(_result(line, photo), key=key)
            started = time.process_time()
            manifest.begin(photo, result.files)
            manifest.append(result)
            seconds.append(time.process_time() - started)
    return seconds


def _result(line: dict[str, Any], photo: Photo) -> Result:
    """Return the result of a photo with the figures of a line."""
    known = {one.name: line[one.name] for one in fields(Result) if one.name in line}
    outputs = {kind: photo.outputs[kind] for kind in line["outputs"]}
    files = {outputs[kind]: line["files"][output] for kind, output in line["outputs"].items()}
    return Result(
        **{
            **known,
            "input": photo.name,
            "stem": photo.stem,
            "outputs": outputs,
            "files": files,
            "features": line["evidence"],
        }
    )


def _multiply(file: Path, folder: Path, count: int) -> None:
    """Make `count` names of a file: 000000 and so on. The first may be there."""
    source = file
    for number in range(count):
        target = folder / f"{number:06d}{file.suffix}"
        if number % MOST_LINKS == 0:
            if target != file:
                subprocess.run(["cp", "-p", file, target], check=True)  # with the time of its change
            source = target
        else:
            target.hardlink_to(source)


def _run(command: list[str]) -> tuple[float, float]:
    """Run the program and return its CPU seconds and its peak memory in megabytes."""
    process = subprocess.Popen([sys.executable, str(ROOT / "main.py"), *command, "--quiet"])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"predict failed with status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
