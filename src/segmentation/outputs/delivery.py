"""Shop files of the photos that predict cut out, of corrected masks where there are some."""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.confidence.promise import Promise, promise_in
from segmentation.core.errors import DataError, SegmentationError, printable, system_error, system_reason
from segmentation.core.events import Warn, ignore
from segmentation.core.file_kinds import FILES, FORMATS, MANIFEST, RESULT_FOLDERS
from segmentation.core.walking import files_below, real
from segmentation.images.compositing import in_bits
from segmentation.images.files import Picture, image_size, read_mask
from segmentation.outputs.cutout_style import CutoutStyle
from segmentation.outputs.file_record import is_as_recorded, record_of
from segmentation.outputs.names import FLAT, RETOUCHED, assign_files
from segmentation.outputs.naming import Photo
from segmentation.outputs.results_around import is_delivery
from segmentation.outputs.results_folder import ResultsFolder, left_behind, photo_of
from segmentation.outputs.retouched import corrected_alpha
from segmentation.outputs.reviewed import is_as_reviewed, reviewed_files

UNDECIDED = "not triaged"  # in the place of a decision


class DeliveredPhoto(Photo):
    """A photo whose files lie in the folder itself, as a shop takes them."""

    @property
    def outputs(self) -> dict[str, str]:
        """The path of each kind of cutout, relative to the output folder."""
        return {kind: f"{self.stem}{FILES[kind].suffix}" for kind in FORMATS.values()}


@dataclass(frozen=True)
class Source:
    """The source of a delivered photo: its mask, or the files that a person changed.

    `promise` is what the `decision` goes by.

    It is `unknown` where nothing says whether an earlier delivery of the photo is right still: it cannot be
    read now, or could not in the last run, which left its mask.
    """

    photo: DeliveredPhoto
    mask: Path
    corrected: tuple[Path, ...]
    decision: str
    unknown: bool = False
    promise: Promise | None = None

    def alpha(self, max_pixels: int | None = None, bits: int = 8) -> np.ndarray:
        """Read the alpha of the cutout, uint8 or uint16 [H, W] by `bits`.

        Raises DataError or ImageError.
        """
        shape = image_size(self.photo.path)
        if self.corrected in ((), (self.mask,)):
            alpha = read_mask(self.mask, max_pixels=max_pixels, bits=bits)
        else:
            is_predicted = self.mask not in self.corrected and self.mask.is_file()
            predicted = read_mask(self.mask, bits=bits) if is_predicted else None
            _file, alpha = corrected_alpha(self.corrected, shape, predicted, bits)
        if alpha.shape != shape:
            raise DataError(
                f"{printable(str(self.mask))}: expected a mask of the photo's size {shape[1]}x{shape[0]}, "
                f"received {alpha.shape[1]}x{alpha.shape[0]}; run predict again"
            )
        return alpha

    def key(self) -> dict[str, Any]:
        """Return what decides the alpha, as plain JSON."""
        try:
            return {
                f"{path.parent.name}/{path.name}": record_of(path)["sha256"]
                for path in self.corrected or (self.mask,)
            }
        except OSError as error:
            reason = system_reason(error)
            raise DataError(
                f"{printable(str(self.mask))}: cannot be read ({reason}); run predict again"
            ) from error


def refuse_output(output: Path, results: Path, sources: Sequence[Source]) -> None:
    """Raise DataError for a folder that holds results or photos, which the files would stand among."""
    place, taken = real(output), [results, *(results / folder for folder in RESULT_FOLDERS)]
    photos = {real(source.photo.path).parent for source in sources}
    if place in map(real, taken) or any(photo.is_relative_to(place) for photo in photos):
        raise DataError(
            f"`output` {output}: expected a folder for shop files alone, received one of results or photos; "
            "give another"
        )
    if (output / MANIFEST).is_file() and not is_delivery(output):
        raise DataError(f"`output` {output}: expected an earlier delivery, received results; give another")


def find_sources(results: Path, corrected: Path | None, warn: Warn = ignore) -> Iterator[Source]:
    """Yield the photos that predict cut out into a folder of results, in the order of their names.

    What a person changed is found in `corrected`, by default in the folder of results itself, where it is
    what the manifest does not record. Files in `corrected` that belong to no photo are told to `warn`, and so
    are JPEGs that were changed; copies of what predict wrote, and of photos, are no corrections. Raises
    DataError for a folder of other contents, and for photos of an object store.
    """
    folder = ResultsFolder.look(results)
    if corrected and not corrected.is_dir():
        raise DataError(f"`corrected` {corrected}: expected a folder, found none; check the path")
    manifest = folder.manifest
    records = sorted(manifest.records(), key=lambda record: record["stem"])
    given = corrected or results / FILES["cutout"].folder
    stems = [record["stem"] for record in records]
    renamed = list(manifest.renamed())
    if not corrected:  # where files of earlier names lie beside the others
        stems += [files.stem for files, _later in renamed]
    below = (path for path in files_below(given, warn) if path.suffix.lower() in RETOUCHED | FLAT)
    files, strays = assign_files(below, given, stems)
    reviewed = reviewed_files(results)
    for record in records:
        if record["error"] is not None:
            if not record["stem"].endswith("/") and os.path.lexists(record["input"]):
                yield _failed(results, record)
            continue
        if "mask" not in record.get("outputs", {}):
            raise DataError(
                f"{results}: expected a cutout of each photo, received label maps or objects, which have no "
                "shop files"
            )
        photo = DeliveredPhoto(photo_of(results, record), record["stem"])
        mask = results / record["outputs"]["mask"]
        there, known = files.get(photo.stem, ()), manifest.files_of(photo)
        if corrected:
            reviewed_flat = reviewed.get(record["outputs"].get(FORMATS["jpg"], ""), [])
            # the photo itself may lie beside its cutout
            written = [*known.known.values(), *reviewed_flat, record.get("key") or {}]
            changed = [path for path in there if not is_as_recorded(path, path.stat(), written)]
        else:
            found = {path: path.relative_to(results).as_posix() for path in (*there, mask)}
            changed = [
                path
                for path, output in found.items()
                if known.is_changed(output)
                # cutouts of a review are made of the mask that it wrote
                and (path == mask or not is_as_reviewed(path, reviewed.get(output, [])))
            ]
        for path in filter(_is_flat, changed):
            warn(
                f"left out: {printable(str(path))} is no correction, since a JPEG has no transparency; "
                "correct the mask, or a cutout in another format"
            )
        corrections = tuple(path for path in changed if not _is_flat(path))
        decision, promise = record.get("decision") or UNDECIDED, promise_in(record)
        yield _checked(Source(photo, mask, corrections, decision, promise=promise), folder)
    for text in left_behind(renamed):
        warn(text)
    if manifest.left_out:
        warn(f"{manifest.left_out} damaged lines of {manifest.path} are left out; run predict again")
    for path in strays:
        if not _is_flat(path):
            warn(f"left out: {printable(str(path))} has no photo in {results}; rename it like the photo")


def _is_flat(path: Path) -> bool:
    return path.suffix.lower() in FLAT


def _failed(results: Path, record: Mapping[str, Any]) -> Source:
    name = printable(record["input"])
    photo = DeliveredPhoto(
        Path(record["input"]), record["stem"], f"{name}: was not cut out in the last run; run predict again"
    )
    mask = results / FILES["mask"].folder / f"{photo.stem}.png"
    return Source(photo, mask, (), UNDECIDED, unknown=mask.is_file())


def _checked(source: Source, results: ResultsFolder) -> Source:
    """Return the source, with a problem where the photo or a changed file is not of what was cut out."""
    try:
        results.check(source.photo, source.corrected)
    except SegmentationError as failure:
        photo = replace(source.photo, problem=str(failure))
        return replace(source, photo=photo, unknown=says_nothing(failure))
    return source


def says_nothing(failure: SegmentationError) -> bool:
    """Return whether nothing follows from a failure for photo and mask, which the system could not reach.

    That one is not there any more is something.
    """
    error = system_error(failure)
    return error is not None and error.errno != errno.ENOENT


@dataclass(frozen=True)
class DeliveryWriter:
    """The writer of the cutouts of an alpha, uint8 or uint16 [H, W], in a style."""

    style: CutoutStyle

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.style.kinds

    def write(self, paths: Mapping[str, Path], picture: Picture, alpha: np.ndarray) -> tuple[str, ...]:
        """Write a file of each kind; return notes on them."""
        return self.style.write(paths, picture, picture.within(in_bits(alpha, self.style.options.bits)))
