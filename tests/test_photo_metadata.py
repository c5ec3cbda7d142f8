"""The metadata of a photo reaches its cutouts: colours, transparency, and the camera's notes."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import Resource
from support.drawing import draw_pair, ellipse
from support.folder_job import cut_folder

from segmentation.core.errors import ImageError
from segmentation.images.colour import srgb_profile
from segmentation.images.decontamination import garment_colours
from segmentation.images.files import Picture, open_photo, read_mask, read_photo, write_image

PHOTO, ALPHA = draw_pair(0, 64, 48)
CUTOUTS = ("png", "tiff", "webp", "psd")
SUFFIXES = {"png": ".png", "tiff": ".tif", "webp": ".webp", "psd": ".psd"}
TAKEN = "2026:05:17 10:20:30"
_Tag = ExifTags.Base


def profile(kind, gamma, primaries=()):
    """A colour profile of grey or RGB with a gamma, its primaries given as XYZ under D50."""

    def curve(value):
        return b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(value * 256))

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    name = b"test\0"
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(79)),
        (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
    ]
    if kind == b"GRAY":
        tags.append((b"kTRC", curve(gamma)))
    for letter, primary in zip(b"rgb", primaries, strict=False):
        tags += [(bytes((letter,)) + b"XYZ", xyz(*primary)), (bytes((letter,)) + b"TRC", curve(gamma))]
    place, table, content = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for tag, value in tags:
        table += struct.pack(">4sII", tag, place + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    header = bytearray(128)
    struct.pack_into(">I4xI4s4s4s", header, 0, place + len(content), 0x02400000, b"mntr", kind, b"XYZ ")
    header[36:40] = b"acsp"
    struct.pack_into(">3I", header, 68, 0xF6D6, 0x10000, 0xD32D)
    return bytes(header) + table + content


WIDE = profile(b"RGB ", 1.8, [(0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249)])


def as_seen(pixels, icc_profile):
    """uint8 RGB in sRGB, as a viewer that manages colours shows it."""
    if icc_profile is None:
        return np.asarray(pixels)
    shown = ImageCms.profileToProfile(
        Image.fromarray(pixels), io.BytesIO(icc_profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    return np.asarray(shown)


def cut(folder, **wanted):
    """Cut a folder out beside it; return the folder of cutouts and the notes on its photos."""
    output = folder.with_name("out")
    results = list(cut_folder(folder, output, **wanted))
    assert not any(result.error for result in results)
    return output / "cutouts", [result.notes for result in results]


def opened_cutout(path):
    with Image.open(path) as picture:
        picture.load()
        return np.asarray(picture.convert("RGB")), picture.info.get("icc_profile")


# Colours


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize("kind", [".jpg", ".png", ".tif"])
def test_grey_is_seen_through_its_profile(tmp_path, kind, gamma):
    levels = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[:, np.newaxis], 16, axis=1)
    path = tmp_path / f"grey{kind}"
    options = {"quality": 100} if kind == ".jpg" else {}
    Image.fromarray(levels).save(path, icc_profile=profile(b"GRAY", gamma), **options)
    picture = open_photo(path)

    linear = (levels / 255) ** gamma
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(picture.pixels - srgb[..., np.newaxis]).max() <= 3
    assert picture.notes == ("grey converted to sRGB",)
    assert picture.icc_profile == srgb_profile()  # so that no program takes it for its own working space


def camera_exif(colour_space, interoperability):
    exif = Image.Exif()
    details = {_Tag.ColorSpace: colour_space, _Tag.DateTimeOriginal: TAKEN}
    if interoperability:
        details[ExifTags.IFD.Interop] = {1: interoperability}
    exif[ExifTags.IFD.Exif] = details
    return exif.tobytes()


@pytest.mark.parametrize(
    ("colour_space", "interoperability", "adobe"),
    [(0xFFFF, "R03", True), (2, "", True), (0xFFFF, "R98", False), (0xFFFF, "", False), (1, "R98", False)],
)
def test_a_camera_says_adobe_rgb_by_its_exif_alone(tmp_path, colour_space, interoperability, adobe):
    path = tmp_path / "photo.jpg"
    Image.fromarray(PHOTO).save(path, exif=camera_exif(colour_space, interoperability))
    picture = open_photo(path)
    assert (picture.icc_profile is not None) == adobe
    assert bool(picture.notes) == adobe
    if adobe:  # its green is none that sRGB has, its greys are those of sRGB but for the curve
        shown = as_seen(np.full((2, 2, 3), (60, 200, 60), np.uint8), picture.icc_profile)[0, 0]
        assert shown[0] < 30
        grey = as_seen(np.full((2, 2, 3), 128, np.uint8), picture.icc_profile)[0, 0]
        assert np.ptp(grey) <= 1
        assert abs(int(grey[0]) - 128) <= 2


def test_what_was_converted_no_longer_says_that_it_is_adobe_rgb(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(PHOTO).convert("CMYK").save(tmp_path / "in" / "a.jpg", exif=camera_exif(0xFFFF, "R03"))
    folder, _notes = cut(tmp_path / "in", format=CUTOUTS)
    for name in ("png", "tiff", "webp"):
        cutout = open_photo(folder / f"a{SUFFIXES[name]}")
        assert cutout.icc_profile is None
        assert not any("Adobe" in note for note in cutout.notes)
        assert noted(folder / f"a{SUFFIXES[name]}")[1][_Tag.DateTimeOriginal] == TAKEN


def test_a_profile_in_the_file_outweighs_what_exif_says(tmp_path):
    exif = camera_exif(0xFFFF, "R03")
    Image.fromarray(PHOTO).save(tmp_path / "photo.jpg", icc_profile=srgb_profile(), exif=exif)
    assert open_photo(tmp_path / "photo.jpg").icc_profile == srgb_profile()


@pytest.mark.parametrize("of_photo", [None, WIDE], ids=["sRGB photo", "wide photo"])
@pytest.mark.parametrize("of_background", [None, WIDE], ids=["sRGB background", "wide background"])
def test_a_background_looks_the_same_behind_every_photo(tmp_path, of_photo, of_background):
    (tmp_path / "in").mkdir()
    Image.fromarray(PHOTO).save(tmp_path / "in" / "a.png", icc_profile=of_photo)
    colour = np.full((8, 8, 3), (150, 90, 60), np.uint8)
    Image.fromarray(colour).save(tmp_path / "behind.png", icc_profile=of_background)
    folder, _notes = cut(tmp_path / "in", format=CUTOUTS, background=tmp_path / "behind.png")

    expected = as_seen(colour, of_background)[0, 0].astype(int)
    for name in CUTOUTS:
        pixels, icc_profile = opened_cutout(folder / f"a{SUFFIXES[name]}")
        assert icc_profile == of_photo
        assert np.abs(as_seen(pixels, icc_profile)[0, 0] - expected).max() <= 2, name


def test_a_colour_counts_in_the_profile_of_the_photo(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(PHOTO).save(tmp_path / "in" / "a.png", icc_profile=WIDE)
    folder, _notes = cut(tmp_path / "in", background="#96603c")
    assert opened_cutout(folder / "a.png")[0][0, 0].tolist() == [0x96, 0x60, 0x3C]


def png_with(chunks):
    """A PNG of PHOTO with more chunks before its pixels."""
    content = io.BytesIO()
    Image.fromarray(PHOTO).save(content, "PNG")
    stored = content.getvalue()
    added = b"".join(
        struct.pack(">I", len(value)) + kind + value + struct.pack(">I", zlib.crc32(kind + value))
        for kind, value in chunks
    )
    return stored[:33] + added + stored[33:]


LONG = b"<x:xmpmeta>" + b" " * (3 << 20) + b"</x:xmpmeta>"
PADDED = WIDE + bytes(1_300_000)


@pytest.mark.parametrize(
    "chunk",
    [
        (b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(LONG)),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(LONG)),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + LONG),
        (b"tEXt", b"comment\0" + LONG),
        (b"zTXt", b"bomb\0\0" + zlib.compress(bytes(200 << 20), 9)),
        (b"zTXt", b"no compression\0\0at all"),
    ],
    ids=["zTXt", "compressed iTXt", "iTXt", "tEXt", "bomb", "damaged"],
)
def test_texts_in_a_png_are_not_read(tmp_path, chunk):
    (tmp_path / "photo.png").write_bytes(png_with([chunk]))
    picture = open_photo(tmp_path / "photo.png")
    np.testing.assert_array_equal(picture.pixels, PHOTO)
    assert picture.notes == ()


def test_a_large_colour_profile_is_kept(tmp_path):
    (tmp_path / "photo.png").write_bytes(png_with([(b"iCCP", b"wide\0\0" + zlib.compress(PADDED))]))
    assert open_photo(tmp_path / "photo.png").icc_profile == PADDED


# Transparency

HALF = np.full(ALPHA.shape, 255, np.uint8)
HALF[:, :24] = 0
HALF[:, 24] = 128


def transparent_photo(path, colours=PHOTO):
    if path.suffix == ".gif":
        indices = Image.fromarray(colours).quantize(200)
        stored = np.asarray(indices).copy()
        stored[HALF == 0] = 255
        stored[:, 24] = stored[:, 25]
        palette = Image.fromarray(stored)
        palette.putpalette(indices.getpalette()[:600])
        palette.save(path, transparency=255)
        return
    options = {"lossless": True, "exact": True} if path.suffix == ".webp" else {}
    Image.fromarray(np.dstack([colours, HALF])).save(path, **options)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".gif", ".tga"])
def test_what_is_transparent_in_a_photo_stays_so(tmp_path, suffix):
    (tmp_path / "in").mkdir()
    transparent_photo(tmp_path / "in" / f"a{suffix}")
    folder, (notes,) = cut(tmp_path / "in", format=CUTOUTS)

    assert "parts of the photo are transparent, and stay so" in notes
    masks = [read_mask(folder.parent / "masks" / "a.png")]
    masks += [read_mask(folder / f"a{SUFFIXES[name]}") for name in CUTOUTS if name != "psd"]
    layer = PSDImage.open(folder / "a.psd")[0]
    masks.append(np.rint(layer.numpy("mask")[..., 0] * 255).astype(np.uint8))
    for mask in masks:
        assert not mask[:, :24].any()
        assert mask[:, 30:].max() >= 250  # the rest of the garment is there
    np.testing.assert_array_equal(read_photo(tmp_path / "in" / f"a{suffix}")[:, :24], 255)  # on white


def test_the_colours_below_transparency_do_not_change_the_cutout(tmp_path):
    black = PHOTO.copy()
    black[HALF == 0] = 0
    found = []
    for name, colours in (("as it was", PHOTO), ("black", black)):
        (tmp_path / name / "in").mkdir(parents=True)
        transparent_photo(tmp_path / name / "in" / "a.png", colours)
        with Image.open(cut(tmp_path / name / "in")[0] / "a.png") as cutout:
            found.append(np.asarray(cutout.convert("RGBA")))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("hidden", [0, 255])
def test_a_photo_that_is_cut_out_already_keeps_its_colours_in_soft_edges(hidden):
    red = np.full((60, 60, 3), (120, 60, 60), np.uint8)
    own = cv2.blur(np.where(ellipse(60, 60), 255, 0).astype(np.uint8), (5, 5))
    red[own == 0] = hidden
    colours = garment_colours(Picture(red, alpha=own), own)

    soft = (own > 0) & (own < 255)
    assert soft.sum() > 50
    np.testing.assert_array_equal(colours[soft], red[soft])


# What the camera noted


def photo_of_a_camera(path, orientation=6):
    """A photo that lies on its side, with the camera's notes, a thumbnail and the place."""
    exif = Image.Exif()
    exif[_Tag.Orientation] = orientation
    exif[_Tag.Make] = "Studio"
    exif[_Tag.Model] = "K 5"
    exif[_Tag.Copyright] = "the shop"
    exif[ExifTags.IFD.Exif] = {
        _Tag.DateTimeOriginal: TAKEN,
        _Tag.ExposureTime: 0.008,
        _Tag.ISOSpeedRatings: 200,
        _Tag.LensModel: "50 mm",
        _Tag.MakerNote: b"where things lie in this file",
    }
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (52.0, 31.0, 12.0)}
    Image.fromarray(PHOTO).save(path, exif=exif.tobytes(), quality=95)


def noted(path):
    """The EXIF of a file, as Pillow or psd-tools read it."""
    if path.suffix != ".psd":
        with Image.open(path) as picture:
            exif = picture.getexif()
            return dict(exif), exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    exif = Image.Exif()
    exif.load(PSDImage.open(path).image_resources.get_data(Resource.EXIF_DATA_1))
    return dict(exif), exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("keep_gps", [False, True], ids=["", "with the place"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_what_the_camera_noted_is_in_every_cutout(tmp_path, suffix, keep_gps, bits):
    (tmp_path / "in").mkdir()
    photo_of_a_camera(tmp_path / "in" / f"a{suffix}")
    folder, _notes = cut(tmp_path / "in", format=CUTOUTS, keep_gps=keep_gps, bits=bits)

    for name in CUTOUTS:
        first, details, place = noted(folder / f"a{SUFFIXES[name]}")
        assert first[_Tag.Make] == "Studio", name
        assert first[_Tag.Copyright] == "the shop"
        assert first.get(_Tag.Orientation, 1) == 1  # the pixels are turned
        assert details[_Tag.DateTimeOriginal] == TAKEN
        assert float(details[_Tag.ExposureTime]) == pytest.approx(0.008)
        assert details[_Tag.LensModel] == "50 mm"
        assert _Tag.MakerNote not in details
        assert (place.get(1) == "N") == keep_gps
        assert bool(place) == keep_gps


@pytest.mark.parametrize("name", CUTOUTS)
def test_copyright_keeps_every_letter_and_directories_lie_in_the_file(tmp_path, name):
    (tmp_path / "in").mkdir()
    exif = Image.Exif()
    exif[_Tag.Copyright], exif[_Tag.Artist] = "© Müller".encode(), "山田".encode()
    exif[ExifTags.IFD.Exif] = {_Tag.DateTimeOriginal: TAKEN, ExifTags.IFD.Interop: {1: "R98"}}
    Image.fromarray(PHOTO).save(tmp_path / "in" / "a.jpg", exif=exif.tobytes())
    folder, _notes = cut(tmp_path / "in", format=(name,))
    path = folder / f"a{SUFFIXES[name]}"
    first = noted(path)[0]

    assert [first[tag].encode("latin-1").decode() for tag in (_Tag.Copyright, _Tag.Artist)] == [
        "© Müller",
        "山田",
    ]
    if name != "psd":
        with Image.open(path) as picture:
            assert dict(picture.getexif().get_ifd(ExifTags.IFD.Interop)) == {1: "R98"}


@pytest.mark.parametrize("format", ["png", "tiff", "webp", "psd", "jpg"])
def test_what_the_camera_noted_on_one_photo_is_not_in_the_cutout_of_the_next(tmp_path, format):
    noted = Image.Exif()
    noted[_Tag.Artist] = "Ada"
    found = []
    for name, exif in (("first", noted), ("second", Image.Exif())):
        (tmp_path / name / "in").mkdir(parents=True)
        Image.fromarray(PHOTO).save(tmp_path / name / "in" / "a.jpg", exif=exif)
        folder, _notes = cut(tmp_path / name / "in", format=format)
        (cutout,) = folder.iterdir()
        found.append(b"Ada" in cutout.read_bytes())

    assert found == [True, False]


def test_a_photo_without_notes_gives_a_cutout_without(tmp_path):
    (tmp_path / "in").mkdir()
    write_image(tmp_path / "in" / "a.png", PHOTO)
    folder, _notes = cut(tmp_path / "in")
    with Image.open(folder / "a.png") as picture:
        assert "exif" not in picture.info


def test_a_thumbnail_of_the_whole_photo_does_not_survive_in_its_cutout(tmp_path):
    (tmp_path / "in").mkdir()
    thumbnail = io.BytesIO()
    Image.fromarray(PHOTO).save(thumbnail, "JPEG")
    exif = bytearray(b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1))
    exif += struct.pack("<HHII", _Tag.Make, 2, 4, int.from_bytes(b"abc\0", "little")) + struct.pack("<I", 26)
    exif += struct.pack("<H", 2) + struct.pack("<HHII", 0x201, 4, 1, 56)
    exif += struct.pack("<HHII", 0x202, 4, 1, len(thumbnail.getvalue())) + struct.pack("<I", 0)
    exif += thumbnail.getvalue()
    Image.fromarray(PHOTO).save(tmp_path / "in" / "a.jpg", exif=bytes(exif))
    folder, _notes = cut(tmp_path / "in", format=CUTOUTS)
    for path in folder.iterdir():
        assert b"abc" in path.read_bytes()
        assert thumbnail.getvalue()[-40:] not in path.read_bytes()


# Names


@pytest.mark.parametrize("suffix", [".jfif", ".JPE", ".jp2", ".tga", ".ppm", ".avif", ".dib", ".apng"])
def test_pictures_of_other_names_are_read(tmp_path, suffix):
    flat = np.full((16, 16, 3), (10, 200, 90), np.uint8)
    kind = {".jfif": "JPEG", ".jpe": "JPEG"}.get(suffix.lower())
    Image.fromarray(flat).save(tmp_path / f"a{suffix}", kind)
    assert np.abs(read_photo(tmp_path / f"a{suffix}").astype(int) - flat).max() <= 4


def test_a_photo_of_a_phone_is_read_where_its_package_is_installed(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
    flat = np.full((64, 64, 3), (10, 200, 90), np.uint8)
    pillow_heif.from_pillow(Image.fromarray(flat)).save(tmp_path / "a.heic", quality=90)
    assert np.abs(read_photo(tmp_path / "a.heic").astype(int) - flat).max() <= 6


@pytest.mark.parametrize("suffix", [".CR2", ".dng", ".psd", ".jxl"])
def test_a_picture_that_is_not_read_says_what_to_do(tmp_path, suffix):
    """The content does not matter: that of a raw file may be a TIFF, with a preview as its first page."""
    path = tmp_path / f"look{suffix}"
    Image.fromarray(PHOTO).save(path, "TIFF")
    with pytest.raises(ImageError, match=rf"holds look\{suffix} of a format that is not read; .*export"):
        open_photo(path)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_notes_of_the_camera_that_a_jpeg_cannot_hold_are_left_out_of_it_and_told(tmp_path, suffix):
    exif = Image.Exif()
    exif[_Tag.ImageDescription] = "x" * 70_000
    exif[_Tag.DateTime] = TAKEN
    (tmp_path / "in").mkdir()
    Image.fromarray(PHOTO).save(tmp_path / "in" / f"a{suffix}", exif=exif, lossless=True)

    for options in ({"format": "jpg,png,webp,tiff,psd"}, {"overlay": True}):
        (result,) = cut_folder(tmp_path / "in", tmp_path / "out", **options)
        assert result.error is None
        assert result.notes == ("what the camera noted is too long for a JPEG, and is left out of it",)

    for path, is_kept in (("cutouts/a.jpg", False), ("overlays/a.jpg", False), ("cutouts/a.png", True)):
        with Image.open(tmp_path / "out" / path) as picture:
            assert (picture.getexif().get(_Tag.DateTime) == TAKEN) is is_kept
