"""The names of picture files: those that are written, those that are read, and those that are not."""

from collections.abc import Sequence
from pathlib import PurePath

from segmentation.core.errors import printable

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
}
"""The formats that are written, by suffix, as Pillow calls them."""

_READ_BESIDES = {
    ".apng": "PNG",
    ".jfif": "JPEG",
    ".jpe": "JPEG",
    ".mpo": "JPEG",
    ".jp2": "JPEG2000",
    ".j2k": "JPEG2000",
    ".j2c": "JPEG2000",
    ".jpc": "JPEG2000",
    ".jpf": "JPEG2000",
    ".jpx": "JPEG2000",
    ".ppm": "PPM",
    ".pgm": "PPM",
    ".pbm": "PPM",
    ".pnm": "PPM",
    ".qoi": "QOI",
    ".avif": "AVIF",
}
HEIF = "HEIF"
"""The format of phones, which an optional package reads."""

NAMELESS = {".tga": "TGA", ".dib": "DIB"}
"""Formats without a signature, recognised by the suffix alone."""

IMAGE_SUFFIXES = frozenset({*FORMATS, *_READ_BESIDES, *NAMELESS, ".heic", ".heif", ".hif"})
"""The suffixes of files that are read."""

READABLE = tuple(dict.fromkeys((*FORMATS.values(), *_READ_BESIDES.values())))
"""The formats that are read, as Pillow calls them. Nothing else is tried, whatever a file holds."""

_RAW = (
    ".3fr .arw .bay .cap .cr2 .cr3 .crw .dcr .dng .eip .erf .fff .gpr .iiq .k25 .kdc .mdc .mef .mos .mrw "
    ".nef .nrw .orf .pef .ptx .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f"
)
_OTHER = (
    ".ai .bpg .cin .cur .dcx .dds .dpx .emf .eps .exr .fits .flif .hdp .hdr .heics .icns .ico .j2p .jbig "
    ".jls .jng .jxl .jxr .jxs .kra .ora .pam .pcd .pct .pcx .pdd .pfm .pict .psb .psd .ras .sgi .svg .wdp "
    ".wmf .xbm .xcf .xpm"
)
OTHER_SUFFIXES = frozenset(f"{_RAW} {_OTHER}".split())
"""The suffixes of pictures that are not read."""


def describe_unread(names: Sequence[str]) -> tuple[str, str]:
    """Return in words which files of OTHER_SUFFIXES there are, one name of each kind; and what to do."""
    by_suffix: dict[str, list[str]] = {}
    for name in sorted(names):
        by_suffix.setdefault(PurePath(name).suffix.lower(), []).append(name)
    kinds = [
        f"{printable(same[0])}{f' and {len(same) - 1} more {suffix}' if same[1:] else ''}"
        for suffix, same in by_suffix.items()
    ]
    raw = by_suffix.keys() & set(_RAW.split())
    remedy = "develop raw files and export them" if raw == by_suffix.keys() else "export them"
    if raw and raw != by_suffix.keys():
        remedy = "develop raw files and export all"
    number = "a format that is" if len(by_suffix) == 1 else "formats that are"
    return f"{', '.join(kinds)} of {number} not read", f"{remedy} as TIFF, PNG or JPEG"
