"""Files that a retoucher opens: masks, cutouts in several formats, overlays, trimaps."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from segmentation.errors import DataError
from segmentation.files import UNFINISHED
from segmentation.imageio import Picture, write_image
from segmentation.inference.decontaminate import decontaminate
from segmentation.inference.scoring import Enlargement
from segmentation.outputs.batch import Delivery
from segmentation.outputs.kinds import FILES, FORMATS
from segmentation.outputs.naming import Photo
from segmentation.outputs.retouching import blend, cover, crop_box, outlined, trimap_of
from segmentation.psd import write_psd
from segmentation.types import Prediction

_SUFFIXES = frozenset(suffix for _, suffix in FILES.values())
_VERSION = 4  # to be raised whenever the same prediction gives other files, so that none is taken for done


@dataclass(frozen=True)
class Deliverables:
    """What is written of a photo besides its mask.

    `formats` are names of FORMATS. `background`, uint8 RGB [H, W, 3] of any size, one pixel for a colour,
    takes the place of transparency in the cutouts. With `crop_percent` they are trimmed to the garment and a
    margin, in per cent of its height. `overlay` asks for the photo with the outline of the mask, `trimap` for
    a map of what is surely garment, surely none, and near the edge. `decontaminate` takes what shines through
    of the surroundings out of the colours of soft edges; a PSD's photo is untouched.
    """

    formats: tuple[str, ...] = ("png",)
    background: np.ndarray | None = None
    crop_percent: float | None = None
    overlay: bool = False
    trimap: bool = False
    decontaminate: bool = True

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of files, in the order of FILES."""
        wanted = {"mask", *(FORMATS[name] for name in self.formats)}
        wanted |= {kind for kind in ("overlay", "trimap") if getattr(self, kind)}
        return tuple(kind for kind in FILES if kind in wanted)

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the bytes of the files, as plain JSON."""
        background = self.background
        if background is not None:
            content = hashlib.sha256(background.tobytes()).hexdigest()
            background = [*background.shape[:2], content]
        return {
            "kinds": self.kinds,
            "background": background,
            "crop": self.crop_percent,
            "decontaminated": self.decontaminate,
        }


class CutoutWriter:
    """Writes `masks/STEM.png` (grey), the cutout and what else is `wanted` below a folder.

    Everything but a cropped cutout has the photo's size. `enlargement` tells how many times scores were
    enlarged to the photo; `binary` asks for hard edges.
    """

    def __init__(
        self,
        folder: Path,
        enlargement: Enlargement,
        *,
        binary: bool = False,
        wanted: Deliverables = Deliverables(),
    ):
        self._folder = folder
        self._enlargement = enlargement
        self._binary = binary
        self._wanted = wanted

    @property
    def settings(self) -> dict[str, Any]:
        """What, besides the prediction, decides the bytes of the files."""
        return {"binary": self._binary, "writer": _VERSION, **self._wanted.settings}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of files that are written of a photo."""
        return self._wanted.kinds

    def prepare(self) -> None:
        """Make the folders and remove what a killed process left half-written: no other may be at work.

        Raises DataError when nothing can be written there, before a night is spent on it.
        """
        for folder in {self._folder / FILES[kind][0]: None for kind in self.kinds}:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(prefix=UNFINISHED, suffix=".png", dir=folder):
                    pass
            except OSError as error:
                raise DataError(
                    f"{folder}: expected a folder to write in, received: {os.strerror(error.errno).lower()}; "
                    "check its permissions and its free space"
                ) from error
            for path in folder.rglob(f"{UNFINISHED}*"):
                if path.suffix in _SUFFIXES:
                    path.unlink(missing_ok=True)

    def write(self, photo: Photo, picture: Picture, prediction: Prediction) -> Delivery:
        """Write the files of a photo, those in colour in its colour profile; return their relative paths."""
        if self._binary:
            alpha = hard_alpha(prediction)
        else:
            alpha = soft_alpha(prediction, self._enlargement(prediction.scores))
        paths = {kind: self._folder / photo.outputs[kind] for kind in self.kinds}
        trimap = trimap_of(alpha) if {"trimap", "cutout-psd"} & paths.keys() else None
        write_image(paths["mask"], alpha, mostly_empty=True, dpi=picture.dpi)
        if "trimap" in paths:
            write_image(paths["trimap"], trimap, mostly_empty=True, dpi=picture.dpi)
        if "overlay" in paths:
            drawn = outlined(picture.pixels, alpha)
            write_image(paths["overlay"], drawn, icc_profile=picture.icc_profile, dpi=picture.dpi)
        notes = self._write_cutouts(paths, picture, alpha, trimap)
        return Delivery({kind: photo.outputs[kind] for kind in paths}, notes)

    def _write_cutouts(
        self, paths: dict[str, Path], picture: Picture, alpha: np.ndarray, trimap: np.ndarray | None
    ) -> tuple[str, ...]:
        image, background, notes = picture.pixels, self._wanted.background, ()
        pictures = [paths[kind] for kind in ("cutout", "cutout-tiff", "cutout-webp") if kind in paths]
        garment = decontaminate(image, alpha) if pictures and self._wanted.decontaminate else image
        if self._wanted.crop_percent is not None:
            if box := crop_box(alpha, self._wanted.crop_percent):
                image, garment, alpha, trimap = (
                    None if part is None else part[box] for part in (image, garment, alpha, trimap)
                )
            else:
                notes = ("nothing found, so that the cutout is not cropped",)
        if background is not None:
            background = cover(background, *alpha.shape)
        about = {"icc_profile": picture.icc_profile, "dpi": picture.dpi}
        if psd := paths.get("cutout-psd"):
            merged = _merged(image, alpha, background)
            write_psd(psd, image, alpha, merged, trimap=trimap, background=background, **about)
        if pictures:
            empty = background is None
            cutout = cut_out(garment, alpha) if empty else blend(garment, background, alpha)
            for path in pictures:
                write_image(path, cutout, mostly_empty=empty, lossless=True, **about)
        return notes


def hard_alpha(prediction: Prediction) -> np.ndarray:
    """uint8 [H, W]: 255 where the score reaches the threshold, else 0."""
    return np.where(prediction.mask, np.uint8(255), np.uint8(0))


def soft_alpha(prediction: Prediction, enlargement: float) -> np.ndarray:
    """uint8 [H, W]: one half where the score is at the threshold, rising `enlargement` times as fast.

    Scores that were enlarged n times have edges n times too soft for the photo; rising n times as fast
    makes them about as soft as the edges that the network learned from. Scores of 0 are transparent and
    of 1 opaque at every threshold between them, so that a low or a high one leaves no veil.
    """
    reach, threshold = 0.5 / enlargement, prediction.threshold
    below, above = min(reach, threshold), min(reach, 1.0 - threshold)
    difference = prediction.scores[..., 0] - np.float32(threshold)
    # one line through one half on each side; OpenCV rounds and keeps within 0 to 255 as it computes them
    lines = [
        cv2.addWeighted(difference, 127.5 / side, difference, 0.0, 127.5, dtype=cv2.CV_8U)
        for side in (below, above)
        if side
    ]
    return cv2.min(lines[0], lines[-1]) if below < above else cv2.max(lines[0], lines[-1])


def cut_out(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 RGBA [H, W, 4] of a photo [H, W, 3] and its alpha [H, W]; black where alpha is zero."""
    return cv2.merge([*cv2.split(cv2.copyTo(image, alpha)), alpha])  # nine times as fast as numpy


def _merged(image: np.ndarray, alpha: np.ndarray, background: np.ndarray | None) -> np.ndarray:
    """What a PSD shows: RGB over a background [H, W, 3], or RGBA over white [H, W, 4] (see write_psd)."""
    if background is not None:
        return blend(image, background, alpha)
    return np.dstack([blend(image, 255, alpha), alpha])
