"""Write a drawn studio into a folder: images, cutouts and the record of how to draw it again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.config.jobs.synth import VIEWS
from segmentation.core.claim import claim
from segmentation.core.errors import DataError
from segmentation.core.parallel import OnProgress, map_in_processes
from segmentation.images.files import write_image
from segmentation.synth.studio import check_arguments, draw_empty_room, draw_group, draw_photo

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
    claim(output / RECORD, record)
    jobs = [(output, seed, garment, view, width, height) for garment in range(count) for view in views]
    map_in_processes(_draw_one, jobs, workers, on_photo)
    return [_image_path(output, seed, garment, view) for _, _, garment, view, _, _ in jobs]


def write_empty_rooms(
    output: Path,
    count: int,
    width: int,
    height: int,
    seed: int,
    on_photo: OnProgress | None = None,
) -> None:
    """Draw `count` rooms without a garment into output/images, and cutouts of nothing into output/cutouts.

    The arguments are those of `write_studio`. Raises DataError for a folder that holds something else.
    """
    record = {"generator": GENERATOR_VERSION, "seed": seed, "empty": count, "width": width, "height": height}
    claim(output / RECORD, record)
    jobs = [(output, seed, number, width, height) for number in range(count)]
    map_in_processes(_draw_empty_one, jobs, None, on_photo)


def write_groups(
    output: Path,
    count: int,
    mannequins: int,
    width: int,
    height: int,
    seed: int,
    workers: int | None = None,
    on_photo: OnProgress | None = None,
) -> list[Path]:
    """Draw photos of several mannequins into output/images, and into output/masks a value for each of them.

    The arguments are those of `write_studio`. Returns the images. Raises what it raises.
    """
    check_arguments(seed, 0, VIEWS[0], width, height)
    record = {"generator": GENERATOR_VERSION, "seed": seed, "count": count, "width": width, "height": height}
    claim(output / RECORD, {**record, "mannequins": mannequins})
    jobs = [(output, seed, number, mannequins, width, height) for number in range(count)]
    map_in_processes(_draw_group, jobs, workers, on_photo)
    return [_group_path(output, seed, number) for number in range(count)]


def _draw_group(job: tuple[Path, int, int, int, int, int]) -> None:
    output, seed, number, mannequins, width, height = job
    photo, numbers = draw_group(seed, number, mannequins, width, height)
    path = _group_path(output, seed, number)
    write_image(output / "masks" / f"{path.stem}.png", numbers)
    write_image(path, photo)


def _group_path(output: Path, seed: int, number: int) -> Path:
    return output / "images" / f"group-{seed:04d}-{number:06d}.jpg"


def _draw_empty_one(job: tuple[Path, int, int, int, int]) -> None:
    output, seed, number, width, height = job
    stem = f"empty-{seed:04d}-{number:06d}_{VIEWS[0]}"
    write_image(output / "cutouts" / f"{stem}.png", np.zeros((height, width, 4), np.uint8))
    write_image(output / "images" / f"{stem}.jpg", draw_empty_room(seed, number, width, height))


def _draw_one(job: _Job) -> None:
    output, seed, garment, view, width, height = job
    photo, cutout = draw_photo(seed, garment, view, width, height)
    image_path = _image_path(output, seed, garment, view)
    write_image(output / "cutouts" / f"{image_path.stem}.png", cutout)
    write_image(image_path, photo)


def _image_path(output: Path, seed: int, garment: int, view: str) -> Path:
    return output / "images" / f"synth-{seed:04d}-{garment:06d}_{view}.jpg"
