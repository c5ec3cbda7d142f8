"""A folder of some photos to measure with: the first of a given one, or drawn ones of 1152x1728."""

from pathlib import Path
from shutil import copyfile

import project  # noqa: F401  (so that the library is found)

from segmentation.outputs.naming import find_photos
from segmentation.synth import write_studio


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
