"""A review that accepts a photo, as a process that is killed in the middle of writing its files."""

import sys
from pathlib import Path

from segmentation.retouch.desk import Desk
from segmentation.retouch.operations import Stroke
from support.folder_job import kill_at

NAME = "a_Front"
STROKE = Stroke(True, 30, 0.5, ((10, 10), (60, 70)))


def main(results: str, step: str) -> None:
    with Desk(Path(results)) as desk:
        photo = next(photo for photo in desk.photos() if photo.stem == NAME)
        desk.edit(photo, 0, STROKE)
        desk.decide(photo, 1, "accepted")
        kill_at(int(step), Path(results))
        desk.writing.write(photo)


if __name__ == "__main__":
    main(*sys.argv[1:])
