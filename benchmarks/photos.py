"""Photos to measure with: those that are given, or drawn ones of 1152x1728."""

from pathlib import Path
from shutil import copyfile

import project  # noqa: F401  (so that the library is found)

from segmentation.images.files import write_image
from segmentation.outputs.naming import find_photos
from segmentation.synth import draw_photo, write_studio


def gather(given: Path | None, count: int, work: Path) -> Path:
    """Copy the first `count` photos of a folder, or drawn ones, into a folder of their own in `work`."""
    if given is None:
        write_studio(work / "drawn", -(-count // 3), 1152, 1728, 0)
        given = work / "drawn" / "images"
    found = [photo.path for photo in find_photos(given)][:count]
    if len(found) < count:
        raise SystemExit(f"{given}: expected {count} photos, found {len(found)}; choose another `--photos`")
    photos = work / "photos"
    photos.mkdir(parents=True)
    for number, path in enumerate(found):
        copyfile(path, photos / f"{number:04d}{path.suffix}")
    return photos


def put(given: Path | None, stem: Path) -> Path:
    """Copy a photo, or write a drawn one, to a path without a suffix, and return the path with it."""
    photo = stem.with_suffix(given.suffix if given else ".jpg")
    if given:
        copyfile(given, photo)
    else:
        write_image(photo, draw_photo(0, 0, "Front", 1152, 1728)[0])
    return photo
