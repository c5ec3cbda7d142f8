"""The photos that predict cut out into a folder, as its record describes them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.confidence.cleanness import soundness
from segmentation.confidence.edge_distances import EdgeLines
from segmentation.confidence.promise import Promise, promise_in
from segmentation.confidence.viewpoints import OTHERWISE
from segmentation.config.files import FileOptions, files_as_asked
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.file_kinds import FILES, FORMATS, SHOWN_ONLY
from segmentation.core.predictions import LikelyFault
from segmentation.core.viewpoint_names import group_and_view
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.results_folder import photo_of

_DRIFT = "unlike the photos that the model knows"


@dataclass(frozen=True)
class CutPhoto:
    """A photo that predict cut out: the fields of its record that a review needs.

    `id` stands for the photo in addresses. `outputs` are its files by kind, relative to the folder, `files`
    the records of what predict wrote, and `asked` the options that it wrote them by. `likely_faults` are the
    places where a fault is likely, `odd_end` is another, where the garment goes further or less far than from
    its other sides, and `clean` is the probability that there is none. `promise` is what the decision
    goes by.
    """

    id: str
    stem: str
    photo: Path
    outputs: Mapping[str, str]
    files: Mapping[str, Any]
    sha256: str | None
    decision: str | None
    confidence: float | None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    asked: Mapping[str, Any] | None = None
    key: Mapping[str, Any] = field(default_factory=dict)
    likely_faults: tuple[LikelyFault, ...] = ()
    clean: float | None = None
    odd_end: LikelyFault | None = None
    promise: Promise | None = None

    @property
    def soundness(self) -> float | None:
        """The figure that orders a queue; None where nothing is known."""
        return soundness(self.clean, self.confidence)

    @property
    def knows_doubts(self) -> bool:
        """True if predict looked for doubtful regions."""
        return "doubts" in self.outputs

    @property
    def garment(self) -> str:
        """The name that the viewpoints of a garment share."""
        return group_and_view(self.stem)[0]

    @property
    def view(self) -> str:
        return group_and_view(self.stem)[1]

    @property
    def flags(self) -> list[str]:
        """Return what a queue can be filtered by besides the decision: an odd viewpoint, drift."""
        found = {"viewpoint": OTHERWISE, "drift": _DRIFT}
        return [name for name, words in found.items() if any(words in reason for reason in self.reasons)]

    @property
    def edge_lines(self) -> EdgeLines | None:
        """The lines between which the true edge lies, where predict wrote trimaps by a certainty."""
        lines = self.key.get("trimap_lines")
        return EdgeLines(*map(float, lines)) if lines else None

    @property
    def mask_digest(self) -> str | None:
        """The SHA-256 of the mask as predict wrote it."""
        return self.files.get(self.outputs["mask"], {}).get("sha256")

    @property
    def delivered(self) -> dict[str, str]:
        """The files that are made of a mask, by kind."""
        return {kind: path for kind, path in self.outputs.items() if kind not in SHOWN_ONLY}

    def options(self) -> FileOptions:
        """Return the options by which the files are written.

        Raises ConfigError where a record of an earlier version does not tell them.
        """
        if self.asked is not None:
            return files_as_asked(self.asked)
        key = self.key
        known = {"binary": key.get("binary", False), "bits": key.get("bits", 8)}
        usual = key.get("background") is None and key.get("crop") is None and key.get("canvas") is None
        formats = {kind for kind in self.outputs if kind.startswith("cutout")}
        if not usual:
            raise ConfigError(
                "expected a record that tells how the cutouts were placed, received one of an earlier "
                "version; run predict again"
            )
        names = [name for name, kind in FORMATS.items() if kind in formats]
        return files_as_asked({**known, **({"format": names} if names else {})})


def find_cut_photos(results: Path) -> dict[str, CutPhoto]:
    """Return the photos that predict cut out into a folder, by their ids.

    Raises DataError for a folder of other contents, and for photos of an object store.
    """
    photos = {}
    for record in Manifest.reading(results).records():
        if record["error"] is not None:
            continue
        outputs = record.get("outputs") or {}
        if "mask" not in outputs or outputs["mask"].partition("/")[0] != FILES["mask"].folder:
            raise DataError(
                f"{results}: expected masks of cutouts, received other results; choose a folder of cutouts"
            )
        key = record.get("key") or {}
        cut = CutPhoto(
            id_of(record["stem"]),
            record["stem"],
            photo_of(results, record),
            outputs,
            record.get("files") or {},
            key.get("sha256"),
            record.get("decision"),
            record.get("confidence"),
            tuple(record.get("reasons") or ()),
            tuple(record.get("notes") or ()),
            record.get("asked"),
            key,
            tuple(map(_likely_fault, record.get("likely_faults") or ())),
            record.get("clean"),
            _likely_fault(record["odd_end"]) if record.get("odd_end") else None,
            promise_in(record),
        )
        photos[cut.id] = cut
    if not photos:
        raise DataError(f"{results}: expected masks to review, found none; run predict again")
    return photos


def _likely_fault(plain: Mapping[str, Any]) -> LikelyFault:
    return LikelyFault(**{**plain, "signs": tuple(plain["signs"])})


def id_of(stem: str) -> str:
    """Return what stands for a photo in addresses, so that none of them is a path."""
    return hashlib.blake2b(stem.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
