"""Putting the files of a photo in place: complete, recorded, and never over what a person changed."""

import os
import re
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from segmentation.core.errors import DataError, SegmentationError, printable, remedy_for, system_reason
from segmentation.core.file_kinds import SHOWN_ONLY, place_of
from segmentation.core.files import move, temporary_folder
from segmentation.images.files import Picture, read_mask
from segmentation.outputs.file_record import FileRecord, record_of
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo
from segmentation.outputs.photo_result import PhotoOutputs

Made = TypeVar("Made", contravariant=True)  # of a picture: a prediction, an alpha
SAVED = ".before"  # the suffix of a changed file that was replaced because it was asked for
_CHANGED = "was changed since it was written"
OUTDATED = "is kept, and was made from an earlier photo of this name"
"""The note on a person's file that is not of the present photo."""


class FileWriter(Protocol[Made]):
    """A writer of the files of a photo: one for each of its `kinds`, at the path that it is given.

    Where the number of files depends on what was made, `kinds_of` returns the kinds of that, and `kinds` are
    those that are always there. Where they can be made of another mask, `write_corrected` is given its alpha,
    uint8 or uint16 [H, W], besides.
    """

    @property
    def kinds(self) -> tuple[str, ...]: ...

    def write(self, paths: Mapping[str, Path], picture: Picture, made: Made, /) -> tuple[str, ...]:
        """Write a file of each kind of what was made of a picture; return notes on them."""


class Publisher(Generic[Made]):
    """The publisher of photos' files into the folder of an open manifest.

    They are written aside first. Then the manifest records what they are, and they take the place of what an
    earlier run wrote. A file that is not as the manifest records it was changed by a person: it is kept, or
    with `overwrite` saved under its name with SAVED. Where that is the mask, new files are made of it, so
    that all show one garment. Any thread may call it.
    """

    def __init__(
        self, folder: Path, writer: FileWriter[Made], manifest: Manifest, *, overwrite: bool = False
    ):
        self._folder = folder
        self._writer = writer
        self._manifest = manifest
        self._overwrite = overwrite
        self._write_corrected: Callable[..., tuple[str, ...]] | None = getattr(
            writer, "write_corrected", None
        )
        self._kinds_of: Callable[[Made], tuple[str, ...]] | None = getattr(writer, "kinds_of", None)

    def planned(self, photo: Photo, made: Made | None = None) -> PhotoOutputs:
        """Return what would be delivered of a photo, without writing it.

        The number of files that some writers write is known only from what was `made` of it.
        """
        return self.plan(photo, self.outputs_of(photo, made))

    def outputs_of(self, photo: Photo, made: Made | None = None) -> dict[str, str]:
        """Return the path of each file of a photo in the folder, by kind."""
        kinds = self._writer.kinds if self._kinds_of is None or made is None else self._kinds_of(made)
        return {kind: photo.outputs.get(kind) or place_of(kind, photo.stem) for kind in kinds}

    def plan(self, photo: Photo, outputs: dict[str, str]) -> PhotoOutputs:
        """Return what becomes of the files that are there already when these are delivered."""
        files = self._manifest.files_of(photo)
        changed = tuple(output for output in outputs.values() if files.is_changed(output))
        kept, replaced = ((), changed) if self._overwrite else (changed, ())
        outdated = tuple(output for output in files.outdated() if output not in replaced)
        return PhotoOutputs(outputs, kept=kept, replaced=replaced, outdated=outdated)

    def __call__(self, photo: Photo, picture: Picture, made: Made) -> PhotoOutputs:
        """Write the files of a photo.

        Raises ImageError for a file that cannot be written, DataError for one that cannot be put in place;
        then no file of this photo was changed, or the manifest says that it was left unfinished.
        """
        try:
            plan = self.planned(photo, made)
            outputs, kept = plan.outputs, plan.kept
            with temporary_folder(self._folder) as scratch:
                paths = {kind: scratch / output for kind, output in outputs.items()}
                notes = self._write(paths, plan, picture, made)
                new = {output: paths[kind] for kind, output in outputs.items() if output not in kept}
                files = {output: record_of(path) for output, path in new.items()}
                self._manifest.begin(photo, files)
                put_in_place(self._folder, new, plan.replaced)
        except OSError as error:
            raise not_written(self._folder, error) from error
        return self.delivered(photo, plan, notes, files)

    def _write(
        self, paths: Mapping[str, Path], plan: PhotoOutputs, picture: Picture, made: Made
    ) -> tuple[str, ...]:
        """Write the files; where a person changed the mask, and it can be read, they are made of that."""
        mask = plan.outputs.get("mask", "")
        is_of_photo = mask in plan.kept and mask not in plan.outdated
        if self._write_corrected and is_of_photo:
            alpha = _alpha_in(self._folder / mask, picture)
            if alpha is not None:
                notes = self._write_corrected(paths, picture, made, alpha)
                return (*notes, *_about_new(plan, f"made of {mask}"))
        return (*self._writer.write(paths, picture, made), *of_predicted(plan))

    def delivered(
        self, photo: Photo, plan: PhotoOutputs, notes: tuple[str, ...], files: dict[str, FileRecord]
    ) -> PhotoOutputs:
        """Withdraw what the delivered `files` of a photo supersede, and return all that there is to say."""
        earlier = self._manifest.files_of(photo)
        of_another = earlier.of_another() - {*plan.outputs.values()}
        earlier.withdraw(self._superseded(earlier.known, plan, photo) | of_another)
        before = earlier.written
        files |= {output: before[output] for output in plan.kept if output in before}
        changed = (output for output in plan.kept if output not in plan.outdated)
        notes += tuple(f"{output} {_CHANGED} and is kept" for output in changed)
        notes += tuple(f"{output} {OUTDATED}" for output in plan.outdated)
        notes += tuple(f"{output} {_CHANGED}; it is now {output}{SAVED}" for output in plan.replaced)
        return replace(plan, notes=notes, files=files)

    def _superseded(self, earlier: Iterable[str], plan: PhotoOutputs, photo: Photo) -> set[str]:
        """Return the earlier files that show other objects than are there now, or all of them as one."""
        others = {*earlier} - {*plan.outputs.values()}
        if self._kinds_of:
            return others
        of_one_object = re.compile(rf"[^/]+/{re.escape(photo.stem)}-[0-9]+\.[a-z]+")  # masks/STEM-1.png
        return {output for output in others if of_one_object.fullmatch(output)}


def of_predicted(plan: PhotoOutputs) -> tuple[str, ...]:
    """Return a note where new files are of the predicted mask, and a person's mask is beside them."""
    mask = plan.outputs.get("mask", "")
    return _about_new(plan, f"of the predicted mask, not of {mask}") if mask in plan.kept else ()


def _about_new(plan: PhotoOutputs, what: str) -> tuple[str, ...]:
    new = [
        output for kind, output in plan.outputs.items() if output not in plan.kept and kind not in SHOWN_ONLY
    ]
    return (f"{', '.join(new)} {'are' if new[1:] else 'is'} {what}",) if new else ()


def _alpha_in(mask: Path, picture: Picture) -> np.ndarray | None:
    """Read a mask that a person changed, uint16 [H, W]; None where it is none of the picture."""
    height, width = picture.pixels.shape[:2]
    try:
        alpha = read_mask(mask, max_pixels=height * width, bits=16)
    except SegmentationError:
        return None
    return alpha if alpha.shape == (height, width) else None


def put_in_place(folder: Path, files: Mapping[str, Path], replaced: Container[str]) -> dict[str, Path]:
    """Move files to their places in a folder; where one cannot be, all places hold what they held before.

    `files` are temporary ones by their paths relative to the folder. What is in the place of those that are
    `replaced` is saved under an `unused_name`. Returns these names. Raises DataError.
    """
    done: list[tuple[Path, Path]] = []
    saved: dict[str, Path] = {}
    for output, path in files.items():
        target, former = folder / output, path.with_name(f"{path.name}{SAVED}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if output in replaced:
                saved[output] = target.rename(unused_name(target))
            elif target.is_file():
                move(target, former)
            done.append((target, saved.get(output, former)))
            move(path, target)
        except OSError as error:
            for place, before in done:
                with suppress(OSError):
                    move(before, place) if before.exists() else place.unlink(missing_ok=True)
            raise not_written(target, error) from error
    return saved


def unused_name(path: Path) -> Path:
    """Return the name of a file or folder with SAVED, or with a number after it where that is taken."""
    saved = path.with_name(path.name + SAVED)
    names = (saved, *(saved.with_name(f"{saved.name}{number}") for number in range(2, 10_000)))
    return next(name for name in names if not os.path.lexists(name))


def not_written(path: Path, error: OSError) -> DataError:
    """Return the error of a file that could not be put in its place, and what to do about it."""
    reason = system_reason(error)
    return DataError(f"{printable(str(path))}: cannot be written ({reason}); {remedy_for(path, error)}")
