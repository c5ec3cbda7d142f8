"""Do all ways to run it make the same files?

    python benchmarks/same_bytes.py [--photos FOLDER ...] [--most N] [--model NAME] [--ways NAME,NAME]

The photos of the folders, up to `--most` of each, or drawn ones, go through `predict`, a service, a watched
folder, an object store on this machine (moto's server of S3) and a Ray cluster of this machine, each as the
command that a person types. Printed are how long each took, its start included, and how many masks and
cutouts have the bytes of `predict`; the status is 1 where one has not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from project import ROOT

from segmentation.images.formats import IMAGE_SUFFIXES
from segmentation.synth import write_studio

Files = dict[str, bytes]
"""Masks and cutouts by their names."""

_KINDS = {"mask": "masks", "png": "cutouts"}


def main() -> int:
    """Run every way and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders (default: drawn photos)")
    parser.add_argument("--most", type=int, default=20, help="of each folder (default: 20)")
    parser.add_argument("--model", default="default", help="(default: the one that comes with the program)")
    parser.add_argument("--ways", default="serve,watch,s3,ray", help="(default: all)")
    options = parser.parse_args()
    ways: dict[str, Callable[[Path, Path, str], Files]] = {
        "serve": _serve,
        "watch": _watch,
        "s3": _s3,
        "ray": _ray,
    }
    with tempfile.TemporaryDirectory() as temporary:
        photos = _gather(options.photos, options.most, Path(temporary) / "photos")
        expected = _timed("predict", _predict, photos, Path(temporary) / "predict", options.model)
        print(f"{len(expected)} masks and cutouts")
        differ = False
        for name in options.ways.split(","):
            found = _timed(name, ways[name], photos, Path(temporary) / name, options.model)
            same = sum(found.get(file) == content for file, content in expected.items())
            print(f"           {same} of {len(expected)} the same, {len(found.keys() - expected)} others")
            differ |= found != expected
    return int(differ)


def _gather(folders: list[Path], most: int, target: Path) -> Path:
    """Link the photos, each with its folder in its name, or draw some."""
    if not folders:
        write_studio(target.parent / "drawn", -(-most // 3), 576, 864, 0)
        folders = [target.parent / "drawn" / "images"]
    target.mkdir()
    for number, folder in enumerate(folders):
        photos = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
        for path in photos[:most]:
            (target / f"{number}-{path.name}").symlink_to(path.resolve())
    return target


def _timed(
    name: str, way: Callable[[Path, Path, str], Files], photos: Path, output: Path, model: str
) -> Files:
    started = time.perf_counter()
    files = way(photos, output, model)
    print(f"{name:9} {time.perf_counter() - started:6.1f} s", flush=True)
    return files


def _predict(photos: Path, output: Path, model: str, *more: str, at: str = "", **environment: str) -> Files:
    place = at or str(output)
    command = _command(
        "predict", "--input", str(photos), "--output", place, "--model", model, "--save", "--quiet"
    )
    subprocess.run([*command, *more], check=True, env={**os.environ, **environment})
    return _read(output)


def _ray(photos: Path, output: Path, model: str) -> Files:
    return _predict(photos, output, model, "--on", "ray", "--shard-photos", "10", at=f"file://{output}")


def _s3(photos: Path, _output: Path, model: str) -> Files:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    about = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    about["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    os.environ.update(about)
    try:
        client = boto3.client("s3")
        client.create_bucket(Bucket="shop")
        for path in photos.iterdir():
            client.put_object(Bucket="shop", Key=f"photos/{path.name}", Body=path.read_bytes())
        command = _command("predict", "--input", "s3://shop/photos", "--output", "s3://shop/results")
        subprocess.run([*command, "--model", model, "--save", "--quiet"], check=True)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="shop", Prefix="results/")
        keys = [told["Key"] for page in pages for told in page["Contents"]]
        return {
            key.removeprefix("results/"): client.get_object(Bucket="shop", Key=key)["Body"].read()
            for key in keys
            if key.split("/")[1] in _KINDS.values()
        }
    finally:
        server.stop()


def _serve(photos: Path, _output: Path, model: str) -> Files:
    command = _command("serve", "--port", "0", "--quiet", "--model", model)
    files: Files = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        assert service.stdout
        address = json.loads(service.stdout.readline())["address"]
        for path in photos.iterdir():
            for kind, folder in _KINDS.items():
                request = urllib.request.Request(
                    f"{address}/v1/cutouts?format={kind}", data=path.read_bytes()
                )
                with urllib.request.urlopen(request) as answer:
                    files[f"{folder}/{path.stem}.png"] = answer.read()
        service.terminate()
    return files


def _watch(photos: Path, output: Path, model: str) -> Files:
    command = _command("watch", "--input", str(photos), "--output", str(output), "--model", model, "--quiet")
    wanted = len(list(photos.iterdir()))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as watch:
        while len(list(output.glob("cutouts/*"))) < wanted:
            assert watch.poll() is None
            time.sleep(0.5)
        watch.terminate()
    return _read(output)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), *arguments]


def _read(output: Path) -> Files:
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for folder in _KINDS.values()
        for path in (output / folder).iterdir()
    }


if __name__ == "__main__":
    sys.exit(main())
