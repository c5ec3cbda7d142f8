"""The style of cutouts, and the writing of them in every format that was asked for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np

from segmentation.confidence.edge_distances import EdgeLines
from segmentation.config.files import JPEG_QUALITY, CutoutOptions
from segmentation.config.values import HexColour
from segmentation.core.bands import bands_of
from segmentation.core.errors import ConfigError, ImageError
from segmentation.core.file_kinds import EIGHT_BIT, FORMATS
from segmentation.images.boxes import box_around
from segmentation.images.canvas import place_on_canvas
from segmentation.images.channels import add_channel
from segmentation.images.colour import in_profile, srgb_profile
from segmentation.images.compositing import blend, cover, crop_box, in_bits
from segmentation.images.decontamination import garment_colours
from segmentation.images.files import Picture, open_photo, write_image
from segmentation.images.trimaps import WIDE_BAND, trimap

NOTHING_FOUND = "nothing found, so that the cutout is empty"


@dataclass(frozen=True)
class CutoutStyle:
    """The style of cutouts: the options, the background, and the lines of their trimaps.

    The background is a picture of any size with its colour profile, one pixel without a profile for a colour,
    which counts in the profile of each photo, or None for transparency. Without `lines` trimaps have the
    band `WIDE_BAND`.
    """

    options: CutoutOptions = CutoutOptions()
    background: Picture | None = None
    lines: EdgeLines | None = None

    @classmethod
    def from_options(cls, options: CutoutOptions, lines: EdgeLines | None = None) -> Self:
        """Return the style that the options ask for.

        Raises ConfigError for options that exclude each other and when none of the formats holds the bits,
        ImageError when the background cannot be read.
        """
        if options.bits == 16 and {*options.format} <= {*EIGHT_BIT}:
            *others, last = (name for name in FORMATS if name not in EIGHT_BIT)
            raise ConfigError(
                f"`bits=16`: expected a `format` that holds them, {', '.join(others)} or {last}, received "
                f"{', '.join(options.format)}; add one of them"
            )
        if options.crop is not None and options.canvas:
            raise ConfigError("`crop`: expected without `canvas`, which has its own `margin`; leave one out")
        return cls(options, _picture(options.background), lines)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of files that cutouts are written to, the same whatever the order of the formats."""
        return tuple(kind for name, kind in FORMATS.items() if name in self.options.format)

    @property
    def settings(self) -> dict[str, Any]:
        """Return what decides the bytes of cutouts besides the photo and its alpha, as plain JSON."""
        options, background = self.options, None
        if self.background is not None:
            pixels, profile = self.background.pixels, self.background.icc_profile
            background = [*pixels.shape[:2], hashlib.sha256(pixels.tobytes() + (profile or b"")).hexdigest()]
        return {
            "background": background,
            "crop": options.crop,
            "canvas": options.canvas and [str(options.canvas), options.margin, options.align],
            "decontaminated": options.decontaminate,
            "quality": options.jpeg_quality,
            "subsampling": options.subsampling,
            "bits": options.bits,
            "gps": options.keep_gps,
            **({"trimap_lines": [self.lines.inner, self.lines.outer]} if self.lines else {}),
        }

    def trimap(self, alpha: np.ndarray) -> np.ndarray:
        """Return the trimap of a mask, uint8 or uint16 [H, W]: uint8 [H, W]."""
        return trimap(alpha, *((self.lines.inner, self.lines.outer) if self.lines else (WIDE_BAND,)))

    def write(self, paths: Mapping[str, Path], picture: Picture, alpha: np.ndarray) -> tuple[str, ...]:
        """Write the cutouts of a photo to a path for each kind; return notes on them.

        `alpha` is uint8 or uint16 [H, W]. Files in colour keep the colour profile of the photo.
        """
        bits = self.options.bits
        image = in_bits(picture.pixels if picture.deep is None else picture.deep, bits)
        flat = {name: paths[kind] for name, kind in FORMATS.items() if name != "psd" and kind in paths}
        garment = garment_colours(picture, alpha) if flat and self.options.decontaminate else image
        known = self.trimap(alpha) if "cutout-psd" in paths else alpha
        notes: tuple[str, ...] = ()
        if self.options.crop is not None:
            if box := crop_box(alpha, self.options.crop):
                image, garment, alpha, known = image[box], garment[box], alpha[box], known[box]
            else:
                notes = ("nothing found, so that the cutout is not cropped",)
        if psd := paths.get("cutout-psd"):
            self._write_psd(psd, picture, image, alpha, known)
        if flat:
            notes += self._write_flat(flat, picture, garment, alpha)
        return notes

    def _write_psd(
        self, path: Path, picture: Picture, image: np.ndarray, alpha: np.ndarray, known: np.ndarray
    ) -> None:
        from segmentation.images.psd_write import write_psd

        bits = self.options.bits
        background = self._backdrop(picture, alpha)
        merged = (
            np.dstack([blend(image, np.iinfo(image.dtype).max, alpha), alpha])
            if background is None
            else blend(image, background, alpha)
        )
        write_psd(
            path, image, alpha, merged, trimap=in_bits(known, bits), background=background, **picture.about
        )

    def _write_flat(
        self, paths: Mapping[str, Path], picture: Picture, garment: np.ndarray, alpha: np.ndarray
    ) -> tuple[str, ...]:
        """Write pictures without layers; return notes."""
        options = self.options
        notes: tuple[str, ...] = ()
        if options.canvas:
            placed = place_on_canvas(
                garment, alpha, options.canvas, margin_percent=options.margin, align=options.align
            )
            if placed:
                garment, alpha, scale = placed
                notes = (f"enlarged {scale:.1f} times to fill the canvas",) if scale > 1.05 else ()
            else:
                garment = np.zeros((options.canvas.height, options.canvas.width, 3), garment.dtype)
                alpha, notes = np.zeros(garment.shape[:2], alpha.dtype), (NOTHING_FOUND,)
        background = self._backdrop(picture, alpha)
        cutout = with_alpha(garment, alpha) if background is None else blend(garment, background, alpha)
        for name, path in paths.items():
            if name == "jpg" and background is None:
                fitting = in_bits(blend(garment, np.iinfo(garment.dtype).max, alpha), 8)
            else:
                fitting = in_bits(cutout, 8) if name in EIGHT_BIT else cutout
            quality = options.jpeg_quality or (JPEG_QUALITY if name == "jpg" else None)
            write_image(
                path,
                fitting,
                mostly_empty=background is None,
                lossless=True,
                quality=quality,
                subsampling=options.subsampling,
                **picture.about,
            )
        return (*notes, *picture.jpeg_notes) if "jpg" in paths else notes

    def _backdrop(self, picture: Picture, alpha: np.ndarray) -> np.ndarray | None:
        """Return the background as large as alpha [H, W], in colours of the photo's profile."""
        if self.background is None:
            return None
        filling, profile = cover(self.background.pixels, *alpha.shape), self.background.icc_profile
        if profile is not None:
            filling = in_profile(filling, profile, picture.icc_profile)
        return in_bits(filling, self.options.bits)


def with_alpha(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return RGBA [H, W, 4] of a photo [H, W, 3] and its alpha [H, W], of one type; black where it is 0."""
    cutout = np.zeros((*alpha.shape, 4), image.dtype)  # takes no memory outside the garment
    box = box_around(alpha > 0, margin_px=0)
    if box is None:
        return cutout
    image, alpha, garment = image[box], alpha[box], cutout[box]
    for band in bands_of(alpha.shape):
        colours, share = image[band.own], alpha[band.own]
        shown = share if share.dtype == np.uint8 else (share > 0).view(np.uint8)
        garment[band.own] = add_channel(cv2.copyTo(colours, shown), share)
    return cutout


def _picture(background: Path | HexColour | None) -> Picture | None:
    """Return the picture with a colour profile, or one pixel of the colour, without."""
    if background is None:
        return None
    if isinstance(background, HexColour):
        return Picture(np.array([[background]], np.uint8))
    try:
        picture = open_photo(background)
    except ImageError as error:
        raise ImageError(
            f"`background`: expected a colour such as white or #ffffff, or a picture; {error}"
        ) from error
    return Picture(picture.seen, picture.icc_profile or srgb_profile())
