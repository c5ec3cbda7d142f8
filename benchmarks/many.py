"""A folder of many photos and of their results, made of one photo that is cut out once."""

import json
import subprocess
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from photos import put
from program import predict

from segmentation.core.file_kinds import MANIFEST
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo, find_photos
from segmentation.outputs.result import Result

MOST_LINKS = 50_000  # to one file, of which file systems allow 65,000
OF_A_PHOTO = ("bytes", "mtime_ns", "sha256")  # in the key of a line; the rest are settings


def many_photos(photo: Path | None, folder: Path, count: int) -> Path:
    """Make `count` names of a photo, or of a drawn one of 1152x1728, and return the first."""
    folder.mkdir()
    first = put(photo, folder / "000000")
    _multiply(first, folder, count)
    time.sleep(3)  # results that are about as old as a photo do not prove that it is as it was
    return first


def many_results(photo: Path, results: Path, count: int, model: str) -> list[float]:
    """Cut a photo out, multiply its results, and return the CPU seconds of each line of the manifest."""
    predict(photo, results, "--model", model)
    (line,) = map(json.loads, (results / MANIFEST).read_text().splitlines())
    (results / MANIFEST).unlink()
    for output in line["outputs"].values():
        _multiply(results / output, (results / output).parent, count)
    return _record(photo.parent, results, line)


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
