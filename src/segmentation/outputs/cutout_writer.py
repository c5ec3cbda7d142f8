"""Writer of the files of a cutout: masks, cutouts in several formats, overlays, trimaps."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from segmentation.confidence.doubts import encode_doubts
from segmentation.confidence.edge_distances import EdgeLines
from segmentation.config.files import FileOptions
from segmentation.core.file_kinds import FILES
from segmentation.core.predictions import Prediction
from segmentation.images.compositing import blend_alpha, in_bits
from segmentation.images.files import Picture, write_image
from segmentation.images.outline import outlined
from segmentation.images.refinement import ensure_available, refine
from segmentation.images.trimaps import BAND, trimap
from segmentation.inference.matting import MattePass
from segmentation.outputs.alpha import hard_alpha, soft_alpha
from segmentation.outputs.cutout_style import CutoutStyle
from segmentation.outputs.folders import prepare_folders
from segmentation.reports.review import draw

_VERSION = 6  # raise it whenever the same prediction gives other files, so that earlier ones are made again

Enlargement = Callable[[np.ndarray], float]
"""Tells how many times, 1 or more, the scores of a photo, float32 [H, W, C], were enlarged to its size."""


class CutoutWriter:
    """The writer of `masks/STEM.png` (grey), cutouts and whatever else is wanted below a folder.

    Everything but a cutout that is cropped or placed on a canvas has the photo's size. `enlargement` tells
    how many times scores were enlarged to the photo; `files` are the options of the files, `style` is that of
    the cutouts, `matte` finds their alpha in a last pass, and `review` asks for what a person who reviews is
    shown: the picture of a contact sheet, and the places that are doubtful.
    """

    def __init__(
        self,
        folder: Path,
        enlargement: Enlargement,
        files: FileOptions = FileOptions(),
        style: CutoutStyle = CutoutStyle(),
        *,
        matte: MattePass | None = None,
        review: bool = False,
    ):
        self._folder = folder
        self._enlargement = enlargement
        self._files = files
        self._style = style
        self._matte = matte
        wanted = {"mask": True, "overlay": files.overlay, "trimap": files.trimap}
        wanted |= {"review": review, "doubts": review}
        self._others = {kind for kind, asked in wanted.items() if asked}

    @classmethod
    def from_options(
        cls,
        folder: Path,
        enlargement: Enlargement,
        files: FileOptions,
        *,
        matte: MattePass | None = None,
        review: bool = False,
        lines: EdgeLines | None = None,
    ) -> Self:
        """Return the writer that the options ask for; `lines` are those of its trimaps.

        Raises what `CutoutStyle.from_options` raises, and SegmentationError when the refinement needs a
        package that is not installed.
        """
        if files.refine != "none":
            ensure_available(files.refine)
        style = CutoutStyle.from_options(files, lines)
        return cls(folder, enlargement, files, style, matte=matte, review=review)

    @property
    def settings(self) -> dict[str, Any]:
        """Return what decides the bytes of the files besides the prediction, as plain JSON."""
        return {
            "kinds": self.kinds,
            "binary": self._files.binary,
            "refined": self._files.refine,
            "writer": _VERSION,
            **self._style.settings,
            **(self._matte.settings if self._matte else {}),
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of files that are written for a photo, in the order of FILES."""
        return tuple(kind for kind in FILES if kind in {*self._others, *self._style.kinds})

    def prepare(self) -> None:
        """Prepare the folders, see `prepare_folders`; no other process may be writing there."""
        prepare_folders(self._folder, self.kinds)

    def write(self, paths: Mapping[str, Path], picture: Picture, prediction: Prediction) -> tuple[str, ...]:
        """Write the files of a photo to a path for each kind, those in colour in its colour profile.

        Returns notes on them.
        """
        self._write_shown(paths, picture, prediction)
        return self.write_alpha(paths, picture, self._alpha(picture, prediction))

    def write_corrected(
        self, paths: Mapping[str, Path], picture: Picture, prediction: Prediction, alpha: np.ndarray
    ) -> tuple[str, ...]:
        """Write the files of a photo whose mask a person corrected: `alpha`, uint8 or uint16 [H, W].

        Those that show the prediction are of the prediction still. Returns notes on the others.
        """
        self._write_shown(paths, picture, prediction)
        return self.write_alpha(paths, picture, picture.within(in_bits(alpha, self._files.bits)))

    def write_alpha(self, paths: Mapping[str, Path], picture: Picture, alpha: np.ndarray) -> tuple[str, ...]:
        """Write the files of a photo whose alpha is known, uint8 or uint16 [H, W], wherever it came from.

        Those that show a prediction are left out, as are kinds without a path. Returns notes on the others.
        """
        if "mask" in paths:
            write_image(paths["mask"], alpha, mostly_empty=True, dpi=picture.dpi)
        if "trimap" in paths:
            write_image(paths["trimap"], self._style.trimap(alpha), mostly_empty=True, dpi=picture.dpi)
        notes = self._style.write(paths, picture, alpha)
        if "overlay" in paths:
            write_image(paths["overlay"], outlined(picture.seen, alpha), **picture.about)
            notes += picture.jpeg_notes
        return tuple(dict.fromkeys(notes))

    def _write_shown(self, paths: Mapping[str, Path], picture: Picture, prediction: Prediction) -> None:
        if "review" in paths:
            write_image(paths["review"], draw(picture.seen, prediction))
        if "doubts" in paths:
            write_image(paths["doubts"], encode_doubts(prediction), mostly_empty=True)

    def _alpha(self, picture: Picture, prediction: Prediction) -> np.ndarray:
        """Return the alpha of all files: uint8 or uint16 [H, W], 0 where the photo is transparent."""
        alpha = self._alpha_of_garment(picture, prediction)
        return alpha if picture.alpha is None else blend_alpha(alpha, picture.alpha)

    def _alpha_of_garment(self, picture: Picture, prediction: Prediction) -> np.ndarray:
        bits, method = self._files.bits, self._files.refine
        if self._files.binary and method == "none" and not self._matte:
            return hard_alpha(prediction, bits)
        alpha = soft_alpha(prediction, self._enlargement(prediction.scores), bits)
        if method != "none":
            alpha = refine(picture.seen, alpha, trimap(alpha, BAND), method=method)
        if self._matte:
            alpha = self._matte(picture.seen, alpha, prediction)
        if self._files.binary:
            opaque = np.iinfo(alpha.dtype).max
            alpha = (alpha > opaque // 2) * alpha.dtype.type(opaque)
        return alpha
