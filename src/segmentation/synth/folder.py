"""Write a drawn studio into a folder: images, cutouts and the record of how to draw it again."""

import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2

from segmentation.config.jobs.synth import VIEWS
from segmentation.core.errors import DataError
from segmentation.core.files import write_text
from segmentation.core.lock import LOCK
from segmentation.core.parallel import cores
from segmentation.core.signals import unheard_by_children
from segmentation.images.files import write_image
from segmentation.synth.studio import check_arguments, draw_photo

GENERATOR_VERSION = 1  # raise it when the same seed no longer gives the same pixels
RECORD = "synth.json"

_Job = tuple[Path, int, int, str, int, int]  # output, seed, garment, view, width, height


def write_studio(
    output: Path,
    count: int,
    width: int,
    height: int,
    seed: int,
    workers: int | None = None,
    on_photo: Callable[[int, int], None] | None = None,
    views: Sequence[str] = VIEWS,
) -> list[Path]:
    """Draw `count` garments from `views` into output/images/ID_View.jpg and output/cutouts/ID_View.png.

    `width` and `height` are pixels; `workers` processes draw in parallel (all cores by default, 1 draws
    in this process), the pixels do not depend on it. `on_photo(done, total)` is called after each photo.
    output/synth.json records the arguments; a folder that holds the same set is drawn again.
    Returns the images in order of garment and view. Raises DataError for arguments that cannot be drawn and
    for a folder that holds something else, ImageError when a file cannot be written.
    """  # fmt: skip
    output = Path(output)
    if count < 1:
        raise DataError(f"a studio set has 1 garment or more, received {count}; ask for at least one")
    if workers is not None and workers < 1:
        raise DataError(
            f"drawing needs 1 worker process or more, received {workers}; leave it out to use all cores"
        )
    if not views:
        raise DataError("a studio set has 1 view or more, received none; ask for at least one")
    for view in views:
        check_arguments(seed, 0, view, width, height)
    record: dict[str, Any] = {
        "generator": GENERATOR_VERSION,
        "seed": seed,
        "count": count,
        "width": width,
        "height": height,
    }
    if tuple(views) != VIEWS:  # sets of all views were recorded without them
        record["views"] = list(views)
    _claim(output, record)
    jobs = [(output, seed, garment, view, width, height) for garment in range(count) for view in views]
    workers = min(workers or cores(), len(jobs))
    with closing(_draw_all(jobs, workers)) as drawing:  # an interruption ends the workers before it goes on
        for done, _ in enumerate(drawing, start=1):
            if on_photo is not None:
                on_photo(done, len(jobs))
    return [_image_path(output, seed, garment, view) for _, _, garment, view, _, _ in jobs]


def _draw_all(jobs: list[_Job], workers: int) -> Generator[None, None, None]:
    if workers == 1:
        for job in jobs:
            _draw_one(job)
            yield
        return
    context = multiprocessing.get_context("spawn")  # forked OpenCV threads can hang
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker) as pool:
        try:
            with unheard_by_children():  # Ctrl-C is this process's, which cancels the rest
                drawn = [pool.submit(_draw_one, job) for job in jobs]
            for future in as_completed(drawn):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # the photos in hand are waited for, whose folder may go now
            raise


def _prepare_worker() -> None:
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it was killed, whose folder nobody wants any more."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _draw_one(job: _Job) -> None:
    output, seed, garment, view, width, height = job
    photo, cutout = draw_photo(seed, garment, view, width, height)
    image_path = _image_path(output, seed, garment, view)
    write_image(output / "cutouts" / f"{image_path.stem}.png", cutout)
    write_image(image_path, photo)


def _image_path(output: Path, seed: int, garment: int, view: str) -> Path:
    return output / "images" / f"synth-{seed:04d}-{garment:06d}_{view}.jpg"


def _claim(output: Path, record: dict) -> None:
    """Record the set in the folder, or refuse it when it holds anything but this very set."""
    path = output / RECORD
    if path.is_file():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(
                f"{path}: expected a JSON record, received {error}; choose another folder"
            ) from error
        if found != record:
            raise DataError(
                f"{output}: expected an empty folder or the set {record}, received the set {found}; "
                "choose another folder or remove this one"
            )
    elif output.exists() and not output.is_dir():
        raise DataError(f"{output}: expected a folder, received a file; choose another path")
    elif output.is_dir() and any(path.name != LOCK for path in output.iterdir()):
        raise DataError(
            f"{output}: expected an empty folder, received one with other files; choose another folder"
        )
    write_text(path, json.dumps(record, indent=2) + "\n")
