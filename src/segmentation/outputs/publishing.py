"""Putting the files of a photo in place: complete, recorded, and never over what a person changed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from segmentation.core.errors import DataError, ImageError, printable
from segmentation.core.files import scratch_folder
from segmentation.images.files import Picture
from segmentation.outputs.file_record import record_of
from segmentation.outputs.folder_job import Delivery
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo

Made = TypeVar("Made", contravariant=True)  # of a picture: a prediction, an alpha
SAVED = ".before"  # the suffix of a changed file that was replaced because it was asked for
_CHANGED = "was changed since it was written"


class FileWriter(Protocol[Made]):
    """Writes the files of a photo: of each of its `kinds` one, at the path that it is given."""

    @property
    def kinds(self) -> tuple[str, ...]: ...

    def write(self, paths: Mapping[str, Path], picture: Picture, made: Made, /) -> tuple[str, ...]:
        """Write a file of each kind of what was made of a picture; return notes on them."""


class Publisher(Generic[Made]):
    """Delivers the files of photos into the folder of an open manifest.

    They are written aside first. Then the manifest records what they are, and they take the place of what an
    earlier run wrote. A file that is not as the manifest records it was changed by a person: it is kept, or
    with `overwrite` saved under its name with SAVED. Any thread may call it.
    """

    def __init__(
        self, folder: Path, writer: FileWriter[Made], manifest: Manifest, *, overwrite: bool = False
    ):
        self._folder = folder
        self._writer = writer
        self._manifest = manifest
        self._overwrite = overwrite

    def planned(self, photo: Photo) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
        """Return the outputs of a photo by kind, and those that a person changed: kept, and replaced."""
        outputs = {kind: photo.outputs[kind] for kind in self._writer.kinds}
        changed = tuple(output for output in outputs.values() if self._manifest.is_changed(photo, output))
        return (outputs, (), changed) if self._overwrite else (outputs, changed, ())

    def __call__(self, photo: Photo, picture: Picture, made: Made) -> Delivery:
        """Write the files of a photo.

        Raises ImageError for a file that cannot be written, DataError for one that cannot be put in place;
        then no file of this photo was changed, or the manifest says that it was left unfinished.
        """
        outputs, kept, replaced = self.planned(photo)
        with scratch_folder(self._folder) as scratch:
            paths = {kind: scratch / output for kind, output in outputs.items()}
            try:
                notes = self._writer.write(paths, picture, made)
            except ImageError as error:  # which names the file that the user would have seen
                said = str(error).replace(f"{scratch}{os.sep}", f"{self._folder}{os.sep}")
                raise ImageError(said) from error.__cause__
            new = {output: paths[kind] for kind, output in outputs.items() if output not in kept}
            files = {output: record_of(path) for output, path in new.items()}
            self._manifest.begin(photo, files)
            for output, path in new.items():
                _put(path, self._folder / output, save=output in replaced)
        before = self._manifest.files(photo)
        files |= {output: before[output] for output in kept if output in before}
        notes += tuple(f"{output} {_CHANGED} and is kept" for output in kept)
        notes += tuple(f"{output} {_CHANGED}; it is now {output}{SAVED}" for output in replaced)
        return Delivery(outputs, notes, files, kept, replaced)


def _put(path: Path, target: Path, *, save: bool) -> None:
    """Move a file to its place; with `save` what is there keeps its name with SAVED, or a number after it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if save:
            saved = target.with_name(target.name + SAVED)
            names = (saved, *(saved.with_name(f"{saved.name}{number}") for number in range(2, 10_000)))
            target.rename(next(name for name in names if not os.path.lexists(name)))
        path.replace(target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(
            f"{printable(str(target))}: cannot be written ({reason}); check the folder and its free space"
        ) from error
