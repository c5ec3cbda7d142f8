"""The photos of a folder of results, looked for again when predict has written there."""

from pathlib import Path

from segmentation.core.errors import DataError
from segmentation.core.file_kinds import MANIFEST
from segmentation.retouch.photos import CutPhoto, find_cut_photos


class PhotoList:
    """The photos that predict cut out into a folder. Raises DataError for a folder of other contents."""

    def __init__(self, results: Path):
        self._results = results
        self._seen = self._stamp()
        self._photos = find_cut_photos(results)

    def all(self) -> list[CutPhoto]:
        """Return all photos, in the order of their names."""
        return sorted(self._photos.values(), key=lambda photo: photo.stem)

    def find(self, identity: str) -> CutPhoto:
        """Return a photo by its id. Raises DataError for an unknown one."""
        try:
            return self._photos[identity]
        except KeyError:
            raise DataError(
                "expected a photo of this folder, received another; load the page again"
            ) from None

    def refresh(self) -> list[CutPhoto]:
        """Take notice of what predict has written since; return the photos that it cut out anew.

        Raises DataError where its record is gone.
        """
        if (stamp := self._stamp()) == self._seen:
            return []
        before, self._photos = self._photos, find_cut_photos(self._results)
        self._seen = stamp
        return [photo for photo in self._photos.values() if not _is_same(before.get(photo.id), photo)]

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = (self._results / MANIFEST).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size


def _is_same(before: CutPhoto | None, photo: CutPhoto) -> bool:
    """Return whether predict left a photo and its mask as they were."""
    return before is not None and (before.sha256, before.mask_digest) == (photo.sha256, photo.mask_digest)
