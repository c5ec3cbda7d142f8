"""Writer of the files of a cutout: masks, cutouts in several formats, overlays, trimaps."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from segmentation.core.file_kinds import EIGHT_BIT, FORMATS
from segmentation.core.types import Prediction
from segmentation.images.compositing import blend, cover, crop_box, in_bits
from segmentation.images.decontamination import decontaminate
from segmentation.images.files import Picture, write_image
from segmentation.images.outline import outlined
from segmentation.images.refinement import BAND, WIDE_BAND, refine, trimap
from segmentation.inference.scoring import Enlargement
from segmentation.outputs.alpha import hard_alpha, soft_alpha
from segmentation.outputs.deliverables import Deliverables
from segmentation.outputs.folder_job import Delivery
from segmentation.outputs.folders import prepare_folders
from segmentation.outputs.naming import Photo
from segmentation.reports.review import draw

_VERSION = 6  # raise it whenever the same prediction gives other files, so that earlier ones are made again


class CutoutWriter:
    """Writes `masks/STEM.png` (grey), cutouts and whatever else is `wanted` below a folder.

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
        """What decides the bytes of the files besides the prediction, as plain JSON."""
        return {"binary": self._binary, "writer": _VERSION, **self._wanted.settings}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of files that are written for a photo."""
        return self._wanted.kinds

    def prepare(self) -> None:
        """Prepare the folders, see `prepare_folders`; no other process may be writing there."""
        prepare_folders(self._folder, self.kinds)

    def write(self, photo: Photo, picture: Picture, prediction: Prediction) -> Delivery:
        """Write the files of a photo, those in colour in its colour profile; return their relative paths."""
        alpha = self._alpha(picture, prediction)
        paths = {kind: self._folder / photo.outputs[kind] for kind in self.kinds}
        known = trimap(alpha, WIDE_BAND) if {"trimap", "cutout-psd"} & paths.keys() else None
        write_image(paths["mask"], alpha, mostly_empty=True, dpi=picture.dpi)
        if known is not None and "trimap" in paths:
            write_image(paths["trimap"], known, mostly_empty=True, dpi=picture.dpi)
        if "overlay" in paths:
            drawn = outlined(picture.pixels, alpha)
            write_image(paths["overlay"], drawn, icc_profile=picture.icc_profile, dpi=picture.dpi)
        if "review" in paths:
            write_image(paths["review"], draw(picture.pixels, prediction))
        notes = self._write_cutouts(paths, picture, alpha, known)
        return Delivery({kind: photo.outputs[kind] for kind in paths}, notes)

    def _alpha(self, picture: Picture, prediction: Prediction) -> np.ndarray:
        """Return the alpha of all files: uint8 or uint16 [H, W]."""
        bits, method = self._wanted.bits, self._wanted.refine
        if self._binary and method == "none":
            return hard_alpha(prediction, bits)
        alpha = soft_alpha(prediction, self._enlargement(prediction.scores), bits)
        if method != "none":
            alpha = refine(picture.pixels, alpha, trimap(alpha, BAND), method=method)
        if self._binary:
            opaque = np.iinfo(alpha.dtype).max
            alpha = (alpha > opaque // 2) * alpha.dtype.type(opaque)
        return alpha

    def _write_cutouts(
        self, paths: dict[str, Path], picture: Picture, alpha: np.ndarray, known: np.ndarray | None
    ) -> tuple[str, ...]:
        """Write the cutouts; return notes on them. `known` is the trimap."""
        bits, background = self._wanted.bits, self._wanted.background
        notes: tuple[str, ...] = ()
        image = in_bits(picture.pixels if picture.deep is None else picture.deep, bits)
        flat = {name: kind for name, kind in FORMATS.items() if name != "psd"}
        pictures = {name: paths[kind] for name, kind in flat.items() if kind in paths}
        garment = decontaminate(image, alpha) if pictures and self._wanted.decontaminate else image
        if self._wanted.crop_percent is not None:
            if box := crop_box(alpha, self._wanted.crop_percent):
                image, garment, alpha = image[box], garment[box], alpha[box]
                known = None if known is None else known[box]
            else:
                notes = ("nothing found, so that the cutout is not cropped",)
        if background is not None:
            background = in_bits(cover(background, *alpha.shape), bits)
        about: dict[str, Any] = {"icc_profile": picture.icc_profile, "dpi": picture.dpi}
        if known is not None and (psd := paths.get("cutout-psd")):
            from segmentation.images.psd_write import write_psd

            merged = _merged(image, alpha, background)
            write_psd(psd, image, alpha, merged, trimap=in_bits(known, bits), background=background, **about)
        if pictures:
            cutout = cut_out(garment, alpha) if background is None else blend(garment, background, alpha)
            for name, path in pictures.items():
                fitting = in_bits(cutout, 8) if name in EIGHT_BIT else cutout
                write_image(path, fitting, mostly_empty=background is None, lossless=True, **about)
        return notes


def cut_out(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return RGBA [H, W, 4] of a photo [H, W, 3] and its alpha [H, W], of one type; black where it is 0."""
    shown = alpha if alpha.dtype == np.uint8 else (alpha > 0).astype(np.uint8)
    return cv2.merge([*cv2.split(cv2.copyTo(image, shown)), alpha])  # nine times as fast as numpy


def _merged(image: np.ndarray, alpha: np.ndarray, background: np.ndarray | None) -> np.ndarray:
    """Return the merged picture of a PSD: RGB over a background, or RGBA over white (see `write_psd`)."""
    if background is not None:
        return blend(image, background, alpha)
    return np.dstack([blend(image, np.iinfo(image.dtype).max, alpha), alpha])
