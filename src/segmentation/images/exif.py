"""The camera's notes on a photo: its EXIF data, as far as they stay true of a cutout."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from PIL import ExifTags, Image

_Tag = ExifTags.Base
_KEPT = frozenset(  # of the first directory, where TIFF keeps its own structure as well
    {
        _Tag.ImageDescription,
        _Tag.Make,
        _Tag.Model,
        _Tag.Software,
        _Tag.DateTime,
        _Tag.Artist,
        _Tag.Copyright,
        _Tag.Rating,
        _Tag.XPTitle,
        _Tag.XPComment,
        _Tag.XPAuthor,
        _Tag.XPKeywords,
        _Tag.XPSubject,
    }
)
# a note of the maker holds places in the file, which change; the size changes with a crop
_UNTRUE = frozenset({_Tag.MakerNote, _Tag.ExifImageWidth, _Tag.ExifImageHeight, ExifTags.IFD.Interop})
_UPRIGHT = 1
_UNCALIBRATED, _ADOBE_RGB = 0xFFFF, 2
_ADOBE_RGB_BY_INTEROPERABILITY = "R03"


def camera_exif(exif: Image.Exif, *, keep_gps: bool = False, converted: bool = False) -> bytes | None:
    """Return what a cutout keeps of the EXIF of its photo, from "Exif" on, None where there is nothing.

    The orientation is 1, since the pixels are turned. Thumbnail and notes in the maker's own form are left
    out, and so are the place, but with `keep_gps`, and the colour space, where the pixels were `converted`
    from another. Damaged EXIF is left out.
    """
    kept = Image.Exif()
    untrue = _UNTRUE | {_Tag.ColorSpace} if converted else _UNTRUE
    with suppress(Exception):  # anyone may have written it
        for tag in _KEPT & {*exif}:
            kept[tag] = _as_written(exif[tag])
        details = _written(exif.get_ifd(ExifTags.IFD.Exif), untrue)
        interoperability = exif.get_ifd(ExifTags.IFD.Interop) if details and not converted else {}
        if interoperability:
            details[ExifTags.IFD.Interop] = _written(interoperability)
        if details:
            kept[ExifTags.IFD.Exif] = details
        place = exif.get_ifd(ExifTags.IFD.GPSInfo) if keep_gps else {}
        if place:
            kept[ExifTags.IFD.GPSInfo] = _written(place)
        if kept:
            kept[_Tag.Orientation] = _UPRIGHT
            return kept.tobytes()
    return None


def says_adobe_rgb(exif: Image.Exif) -> bool:
    """Return whether a camera says by EXIF alone that its colours are of Adobe RGB."""
    with suppress(Exception):  # see `camera_exif`
        space = exif.get_ifd(ExifTags.IFD.Exif).get(_Tag.ColorSpace)
        if space == _UNCALIBRATED:
            index = exif.get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex, "")
            index = index.decode("latin-1") if isinstance(index, bytes) else str(index)
            return index.startswith(_ADOBE_RGB_BY_INTEROPERABILITY)
        return bool(space == _ADOBE_RGB)
    return False


def exif_of_tiff(file: BinaryIO, offset: int, *, little_endian: bool, big_tiff: bool) -> Image.Exif:
    """Return the EXIF of a page of a TIFF, whose directory lies at an offset, while the file is open."""
    exif = Image.Exif()
    with suppress(Exception):  # see `camera_exif`
        exif.endian, exif.bigtiff = "<" if little_endian else ">", big_tiff
        exif.load_from_fp(file, offset)
    return exif


def directories(exif: bytes) -> dict[int, Any]:
    """Return the tags of EXIF by their numbers, the directories below the first as dictionaries."""
    read = Image.Exif()
    read.load(exif)
    tags = _written(read)
    for number in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if number in tags:
            tags[number] = _written(read.get_ifd(number))
    if interoperability := read.get_ifd(ExifTags.IFD.Interop):
        tags[ExifTags.IFD.Exif][ExifTags.IFD.Interop] = _written(interoperability)
    return tags


def _written(tags: Mapping[int, Any], without: Collection[int] = ()) -> dict[int, Any]:
    return {tag: _as_written(value) for tag, value in tags.items() if tag not in without}


def _as_written(value: Any) -> Any:
    """Return the bytes of a text with letters beyond ASCII, which Pillow reads as Latin-1 and does not write.

    Cameras and Lightroom write UTF-8 there.
    """
    return value.encode("latin-1") if isinstance(value, str) and not value.isascii() else value
