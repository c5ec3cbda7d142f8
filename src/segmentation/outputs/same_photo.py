"""Check that a photo is still the one that was cut out."""

from pathlib import Path

from segmentation.core.digests import read_sha256
from segmentation.core.errors import DataError, printable, system_reason


def digest_of_photo(photo: Path) -> str:
    """Return the SHA-256 of a photo as it is now. Raises DataError where it is gone."""
    try:
        return read_sha256(photo)
    except OSError as error:
        reason = system_reason(error)
        raise DataError(
            f"{printable(str(photo))}: cannot be read ({reason}); bring the photo back"
        ) from error


def refuse_another(photo: Path, present: str, recorded: str | None) -> None:
    """Raise DataError where the `present` digest of a photo is not the `recorded` one, if any was."""
    if recorded not in (None, present):
        raise DataError(
            f"{printable(str(photo))}: expected the photo that was cut out, received another; run predict "
            "again"
        )
