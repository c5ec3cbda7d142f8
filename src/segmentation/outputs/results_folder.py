"""A folder that predict wrote, and whether a corrected file belongs to the photo that it is named like."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from segmentation.core.errors import DataError, printable
from segmentation.core.file_kinds import FILES, RESULT_FOLDERS
from segmentation.core.walking import real
from segmentation.images.files import has_alpha
from segmentation.outputs.file_record import DOCUMENTS
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.names import plain_name
from segmentation.outputs.naming import Photo
from segmentation.outputs.photo_files import PhotoFiles
from segmentation.outputs.results_around import results_around
from segmentation.outputs.same_photo import digest_of_photo, refuse_another
from segmentation.stores.address import is_address


def photo_of(results: Path, record: Mapping[str, Any]) -> Path:
    """Return the path of the photo of a recorded result. Raises DataError for one of an object store."""
    if is_address(record["input"]):
        raise DataError(
            f"{results}: expected results of photos on this machine, received those of "
            f"{printable(record['input'])}, which an object store holds; copy the photos into a folder, and "
            "predict these into another folder of results"
        )
    return Path(record["input"])


def left_behind(renamed: Iterable[tuple[PhotoFiles, str]]) -> Iterator[str]:
    """Say which files a person changed of photos whose results have another name since.

    `renamed` is what `Manifest.renamed` returns.
    """
    for files, later in renamed:
        if changed := sorted(output for output in files.known if files.is_changed(output)):
            name = PurePath(files.line["input"]).name
            yield (
                f"left out: {printable(', '.join(changed))}, changed while the results of {printable(name)} "
                f"had that name; they are called {printable(later)} now, so give it that name if it is to "
                "count"
            )


@dataclass(frozen=True)
class ResultsFolder:
    """A folder of results and its manifest; `stems` are those of the manifest by their `plain_name`."""

    path: Path
    manifest: Manifest
    stems: dict[str, str]

    @classmethod
    def look(cls, folder: Path) -> "ResultsFolder":
        """Read the manifest of a folder. Raises DataError where it has none."""
        manifest = Manifest.reading(folder)
        stems = {plain_name(stem): stem for stem in (record["stem"] for record in manifest.records())}
        return cls(folder, manifest, stems)

    @classmethod
    def around(cls, *places: Path | None) -> "ResultsFolder | None":
        """Return the folder of results that one of these is or lies in; None where there is none."""
        found = (results_around(place) for place in places if place)
        folder = next(filter(None, found), None)
        return cls.look(folder) if folder else None

    def corrected(self, photo: Photo, files: Sequence[Path]) -> tuple[Path, ...]:
        """Return the files of a photo that a person changed, else those of the last run, else all."""
        found = [(path, self._output(path), self._known(photo, path)) for path in files]
        if not all(output for _path, output, _known in found):
            return tuple(files)
        changed = [path for path, output, known in found if output and known.is_changed(output)]
        last = [path for path, output, known in found if output in known.line.get("outputs", {}).values()]
        return tuple(changed or last or files)

    def is_untouched(self, photo: Photo, files: Sequence[Path]) -> bool:
        """Return whether all files of a photo are as predict wrote them into the folder."""
        found = [(self._output(path), self._known(photo, path)) for path in files]
        return all(name and name in known.known and not known.is_changed(name) for name, known in found)

    def check(self, photo: Photo, files: Sequence[Path]) -> None:
        """Raise DataError where a file does not belong to a photo as it is now, or does not lie as it lies.

        That is a photo which is not the one that was cut out, a file that was made from an earlier photo of
        this name, and a cutout that was placed on a canvas.
        """
        present = digest_of_photo(photo.path)
        for path in files or (None,):
            known = self._known(photo, path)
            refuse_another(photo.path, present, (known.line.get("key") or {}).get("sha256"))
            if path:
                _check_origin(path, self._origin_of(path, known), printable(str(photo.path)), present)

    def _known(self, photo: Photo, path: Path | None) -> PhotoFiles:
        """Return what is known of the files of a photo, by where one of them lies, or by the photo's name."""
        folder, _slash, below = ((path and self._output(path)) or "").partition("/")
        stem = Path(below).with_suffix("").as_posix() if folder in RESULT_FOLDERS else photo.stem
        if (known := self.manifest.files_of(Photo(photo.path, stem))).line:
            return known
        return self.manifest.files_of(Photo(photo.path, self.stems.get(plain_name(stem), stem)))

    def _origin_of(self, path: Path, known: PhotoFiles) -> dict[str, Any]:
        """Return what a file was made from; one that lies elsewhere is a copy of what lies here."""
        if output := self._output(path):
            return known.made_from(output)
        if path.suffix.lower() in DOCUMENTS or not has_alpha(path):  # it may be a mask
            return {}
        copied = known.made_from(f"{FILES['cutout'].folder}/{known.stem}{path.suffix}")
        return {name: value for name, value in copied.items() if name == "canvas"}

    def _output(self, path: Path) -> str | None:
        """Return the path of a file relative to the folder; None for one that lies elsewhere."""
        place, folder = real(path), real(self.path)
        return place.relative_to(folder).as_posix() if place.is_relative_to(folder) else None


def _check_origin(path: Path, origin: Mapping[str, Any], photo: str, present: str) -> None:
    name = printable(str(path))
    if origin.get("photo") not in (None, present):
        raise DataError(
            f"{name}: expected a correction of {photo} as it is now, received one of an earlier photo of "
            "this name; move it away and run predict again"
        )
    if origin.get("canvas"):
        raise DataError(
            f"{name}: expected a cutout that lies as its photo, received one on a canvas of "
            f"{origin['canvas'][0]}, so that its place in the photo is unknown; correct a PSD or the mask, "
            "or cut out without `canvas`"
        )
