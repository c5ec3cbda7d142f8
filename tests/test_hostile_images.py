"""Pictures of any content, in any place, give a picture with honest notes, or one line that says why not."""

import contextlib
import io
import os
import resource
import socket
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, ImageFile
from support.places import ROOT

from segmentation.core.errors import ImageError
from segmentation.core.memory import pixels_that_fit
from segmentation.images.colour import srgb_profile
from segmentation.images.files import (
    TRANSPARENT,
    has_alpha,
    image_size,
    open_photo,
    read_labels,
    read_mask,
    read_photo,
    write_image,
)

PHOTO = np.random.default_rng(0).integers(0, 256, (24, 16, 3), dtype=np.uint8)
ALPHA = np.zeros((24, 16), np.uint8)
ALPHA[4:20, 3:13] = 255
PICTURE = Image.fromarray(PHOTO)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

# pytest puts aside the filter that hides Pillow's remarks; one test sees to it in a process of its own
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs the /proc of Linux")

DECODERS = (open_photo, read_photo, read_mask)
READERS = (*DECODERS, image_size, has_alpha)


def encoded(picture, kind, frames=(), **options):
    """The file of copies: Pillow leaves traces of an encoder in what it saves, and trips over them."""
    if frames:
        options |= {"save_all": True, "append_images": [frame.copy() for frame in frames]}
    buffer = io.BytesIO()
    picture.copy().save(buffer, kind, **options)
    return buffer.getvalue()


def png(width, height, bits, colour, pixels):
    """A PNG file from its parts, so that it may be one that Pillow would not write."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def png_of_16_bit(image):
    """A PNG file of uint8 RGB [H, W, 3] or RGBA [H, W, 4], its values spread over 16 bit."""
    height, width, channels = image.shape
    rows = (image.astype(np.uint16) * 257).astype(">u2").reshape(height, -1)
    return png(width, height, 16, {3: 2, 4: 6}[channels], b"".join(b"\0" + row.tobytes() for row in rows))


def retagged(content, tags):
    """A little-endian TIFF file with other values in the first directory."""
    content = bytearray(content)
    (start,) = struct.unpack_from("<I", content, 4)
    for entry in range(struct.unpack_from("<H", content, start)[0]):
        place = start + 2 + 12 * entry
        tag = struct.unpack_from("<H", content, place)[0]
        if tag in tags:
            struct.pack_into("<HHII", content, place, tag, 4, 1, tags[tag])
    return bytes(content)


def cmyk_profile(lightness, red_green, yellow_blue):
    """A colour profile of a press on which every ink prints the same colour, given in CIELAB."""
    ink = bytes((round(lightness * 2.55), 128 + red_green, 128 + yellow_blue))
    paper, straight = bytes((255, 128, 128)), bytes(range(256))
    matrix = b"".join(struct.pack(">i", 65536 * (place in (0, 4, 8))) for place in range(9))
    table = b"mft1\0\0\0\0\4\3\2\0" + matrix + straight * 4 + paper + ink * 15 + straight * 3
    header = bytearray(128)
    struct.pack_into(">I4xI4s4s4s", header, 0, 144 + len(table), 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header[36:40] = b"acsp"
    struct.pack_into(">3I", header, 68, 0xF6D6, 0x10000, 0xD32D)  # the white point D50
    return bytes(header) + struct.pack(">I4sII", 1, b"A2B0", 144, len(table)) + table


def saved(folder, content, name="photo.png"):
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(read, path):
    """The one line that comes instead of a picture."""
    with pytest.raises(ImageError) as caught:
        read(path)
    assert str(caught.value).isprintable()
    return str(caught.value)


@contextlib.contextmanager
def limited(kind, amount):
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (amount, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


@contextlib.contextmanager
def rights_of_an_ordinary_user():
    """Permissions do not bind root. Paths inside must be relative: root's folders are closed to others."""
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(65534)
    except PermissionError:
        pytest.skip("permissions do not bind root, and this root may not become another user")
    try:
        yield
    finally:
        os.seteuid(0)


# Files without a picture

_TEXT = b"Front and back, size 38\n" * 9
_UNKNOWN = "not an image file, or an unknown format"
_NO_HEADER = "its header is damaged, cut off or of an unknown kind"
_TOO_SHORT = "the file ends too early"
_DAMAGED = "damaged, or the file ends too early"
_LZW = encoded(PICTURE, "TIFF", compression="tiff_lzw")
WITHOUT_A_PICTURE = {
    "empty": (b"", "empty file", READERS),
    "text": (_TEXT, _UNKNOWN, READERS),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", _UNKNOWN, READERS),
    "header of a PNG": (encoded(PICTURE, "PNG")[:20], _TOO_SHORT, READERS),
    "header of a JPEG": (encoded(PICTURE, "JPEG")[:20], _NO_HEADER, READERS),
    "header of a TIFF": (_LZW[:90], _NO_HEADER, READERS),
    "half a PNG": (encoded(PICTURE, "PNG")[:-200], _TOO_SHORT, DECODERS),
    "half a JPEG": (encoded(PICTURE, "JPEG")[:-200], _TOO_SHORT, DECODERS),
    "half a BMP": (encoded(PICTURE, "BMP")[:-200], _TOO_SHORT, DECODERS),
    "half a GIF": (encoded(PICTURE.quantize(64), "GIF")[:-200], _TOO_SHORT, DECODERS),
    "half a TIFF": (encoded(PICTURE, "TIFF")[:-200], _TOO_SHORT, DECODERS),
    "half a WebP": (encoded(PICTURE, "WEBP")[:-200], _DAMAGED, READERS),
    "damaged TIFF": (_LZW.replace(b"\x80", b"\0", 1), _DAMAGED, DECODERS),
    "a JPEG without pixels": (encoded(PICTURE, "JPEG")[:300], _TOO_SHORT, DECODERS),
}


@pytest.mark.parametrize("case", WITHOUT_A_PICTURE)
def test_a_file_without_a_picture_is_refused_with_its_reason(tmp_path, case):
    content, reason, readers = WITHOUT_A_PICTURE[case]
    path = saved(tmp_path, content)
    for read in readers:
        assert refusal(read, path) == f"{path}: cannot be read as an image ({reason}); replace or remove it"


NO_NUMBERS = {
    "size": (b"P6\n12x4 10\n255\n", "expected a number, received '12x4'"),
    "white": (b"P5\n10 10\nabc\n", "expected a number, received 'abc'"),
    "pixel": (b"P3\n2 2\n255\n1 2 xx 4 5 6 7 8 9 10 11 12 ", "expected a number, received 'xx'"),
    "bit": (b"P1\n4 4\n0 1 7 0 1\n", "Invalid token for this mode: 7"),
    "scale": (b"Pf\n10 10\nzz\n", "expected a number, received 'zz'"),
    "long": (b"P6\n" + b"1" * 400 + b" 10\n255\n", "Token too long in file header: 11111111111"),
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_what_is_no_number_in_a_header_is_shown_as_it_stands_there(tmp_path, case):
    content, reason = NO_NUMBERS[case]
    path = tmp_path / "photo.pnm"
    path.write_bytes(content)
    assert refusal(read_photo, path) == (
        f"{path}: cannot be read as an image ({reason}); replace or remove it"
    )


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    Path("folder.png").mkdir()
    os.mkfifo("pipe.png")
    Path("device.png").symlink_to("/dev/zero")
    Path("vanished.png").symlink_to("gone.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
    reasons = {
        "folder.png": "a folder, not a file",
        "pipe.png": "a pipe or a device, not a file",
        "device.png": "a pipe or a device, not a file",
        "socket.png": "a pipe or a device, not a file",
        "vanished.png": "no such file or directory",
        "missing.png": "no such file or directory",
        "nul\0.png": "embedded null byte",
        f"{'n' * 300}.png": "file name too long",
    }
    for name, reason in reasons.items():
        for read in READERS:
            assert f"cannot be read as an image ({reason}); " in refusal(read, Path(name))


def test_a_file_that_vanishes_while_it_is_looked_at_is_missing(tmp_path, monkeypatch):
    path = saved(tmp_path, encoded(PICTURE, "PNG"))
    seen = path.stat()
    path.unlink()
    monkeypatch.setattr(Path, "stat", lambda _path: seen)
    assert "no such file" in refusal(read_photo, path)


def test_a_file_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    path = saved(Path(), encoded(PICTURE, "PNG"), "private.png")
    path.chmod(0)
    expected = "private.png: cannot be read as an image (permission denied); check the path and its rights"
    with rights_of_an_ordinary_user():
        assert [refusal(read, path) for read in READERS] == [expected] * len(READERS)


@needs_proc
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_a_declared_size_is_refused_before_anything_of_it_is_allocated(tmp_path, kind):
    content = bytearray(encoded(PICTURE, kind, [OTHER] if kind == "WEBP" else []))
    side = 60000
    if kind == "PNG":
        content = png(side, side, 8, 2, b"\0" * 9)
    elif kind == "JPEG":
        struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, side, side)
    elif kind == "GIF":
        struct.pack_into("<HH", content, 6, side, side)
    elif kind == "BMP":
        struct.pack_into("<ii", content, 18, side, side)
    elif kind == "WEBP":
        content[24:30] = (side - 1).to_bytes(3, "little") * 2
    else:
        content = retagged(content, {256: side, 257: side})
    path = saved(tmp_path, content)
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    with limited(resource.RLIMIT_AS, in_use + 150_000_000):
        messages = [refusal(read, path) for read in DECODERS]
    assert messages == [
        f"{path}: declares 60000x60000 pixels, more than the limit of {pixels_that_fit()}; "
        "reduce the picture, or raise `max_pixels`"
    ] * len(DECODERS)


@pytest.mark.parametrize("read", DECODERS, ids=lambda read: read.__name__)
def test_the_limit_of_pixels_is_the_callers_alone(tmp_path, read):
    path = saved(tmp_path, encoded(PICTURE, "PNG"))
    read(path, max_pixels=24 * 16)
    message = refusal(lambda path: read(path, max_pixels=24 * 16 - 1), path)
    assert "declares 16x24 pixels, more than the limit of 383; " in message

    large = saved(tmp_path, png(30000, 30000, 8, 2, b""), "large.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        assert image_size(large) == (30000, 30000)
        assert not has_alpha(large)


@pytest.mark.parametrize(
    "problem",
    [
        MemoryError(),
        OverflowError("too large"),
        RecursionError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        KeyError(258),
        AttributeError("tile"),
        AssertionError(),
        zlib.error("incorrect header check"),
        struct.error("unpack requires 2 bytes"),
        OSError("red\x1b[31m\nlines"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_whatever_a_decoder_raises_becomes_one_line(tmp_path, monkeypatch, problem):
    def fail(_picture):
        raise problem

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    path = saved(tmp_path, encoded(PICTURE, "PNG"))
    for read in DECODERS:
        message = refusal(read, path)
        assert message.startswith(f"{path}: cannot be read as an image (")
        assert ("not enough memory" in message) == isinstance(problem, MemoryError)
        assert "Error" not in message


def test_an_interruption_is_no_damage(tmp_path, monkeypatch):
    def interrupt(_picture):
        raise KeyboardInterrupt

    monkeypatch.setattr(ImageFile.ImageFile, "load", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_photo(saved(tmp_path, encoded(PICTURE, "PNG")))


# Odd names

ODD_NAMES = ("line\nbreak.png", "two\u2028lines.png", "🧥 coat.png", 'it\'s "this".png', "\x1b[31mred.png")


@pytest.mark.parametrize("name", [*ODD_NAMES, "n" * 251 + ".png"], ids=lambda name: ascii(name)[:20])
def test_a_picture_of_any_name_is_written_and_read_and_named_in_one_line(tmp_path, name):
    path = tmp_path / name
    assert "no such file" in refusal(read_photo, path)
    write_image(path, PHOTO)
    assert [found.name for found in tmp_path.iterdir()] == [name]
    np.testing.assert_array_equal(read_photo(path), PHOTO)
    path.write_bytes(b"")
    assert (name in refusal(read_photo, path)) == name.isprintable()


def test_a_name_in_another_encoding_can_be_printed(tmp_path):
    assert r"caf\udce9.png: " in refusal(read_photo, tmp_path / os.fsdecode(b"caf\xe9.png"))


# What was done to a picture

GREY = PHOTO[..., 0]
GREY_16 = Image.fromarray(GREY.astype(np.uint16) * 257)
AS_GREY = np.dstack([GREY] * 3)
SIXTEEN = "16 bit reduced to 8"
CMYK = "CMYK converted to RGB"
PALETTE = PICTURE.quantize(64)
OTHER = Image.new("RGB", PICTURE.size, (200, 30, 60))
ANIMATION = encoded(PALETTE, "GIF", [OTHER.quantize(4), PALETTE])


def cutout(alpha, channels=PHOTO):
    return Image.fromarray(np.dstack([channels, alpha]))


KINDS = {
    "PNG": (encoded(PICTURE, "PNG"), PHOTO, ()),
    "compressed TIFF": (encoded(PICTURE, "TIFF", compression="tiff_deflate"), PHOTO, ()),
    "WebP": (encoded(PICTURE, "WEBP", lossless=True), PHOTO, ()),
    "BMP": (encoded(PICTURE, "BMP"), PHOTO, ()),
    "grey": (encoded(Image.fromarray(GREY), "PNG"), AS_GREY, ()),
    "palette": (encoded(PALETTE, "GIF"), PALETTE.convert("RGB"), ()),
    "palette with transparency": (
        encoded(PALETTE, "PNG", transparency=bytes((0, 128)) + b"\xff" * 62),
        PALETTE.convert("RGB"),
        (TRANSPARENT,),
    ),
    "transparent colour": (
        encoded(PICTURE, "PNG", transparency=tuple(map(int, PHOTO[5, 5]))),
        PHOTO,
        (TRANSPARENT,),
    ),
    "alpha": (encoded(cutout(ALPHA), "PNG"), PHOTO, (TRANSPARENT,)),
    "grey and alpha": (encoded(cutout(ALPHA, GREY), "PNG"), AS_GREY, (TRANSPARENT,)),
    "alpha in a WebP": (encoded(cutout(ALPHA), "WEBP", lossless=True, exact=True), PHOTO, (TRANSPARENT,)),
    "opaque alpha": (encoded(cutout(ALPHA | 255), "PNG"), PHOTO, ()),
    "16-bit grey": (encoded(GREY_16, "PNG"), AS_GREY, (SIXTEEN,)),
    "16-bit grey TIFF": (encoded(GREY_16, "TIFF"), AS_GREY, (SIXTEEN,)),
    "16-bit RGB": (png_of_16_bit(PHOTO), PHOTO, (SIXTEEN,)),
    "16-bit RGBA": (png_of_16_bit(np.dstack([PHOTO, ALPHA])), PHOTO, (SIXTEEN, TRANSPARENT)),
    "12-bit grey TIFF": (
        retagged(encoded(Image.fromarray(np.uint8([[0xFF, 0xF8, 0x0A]])), "TIFF"), {256: 2, 258: 12}),
        np.uint8([[[255] * 3, [128] * 3]]),
        ("12 bit reduced to 8",),
    ),
    "floating point": (
        encoded(Image.fromarray(np.float32([[0, 0.5, 1, np.nan, *[0.25] * 200, np.inf, -np.inf]])), "TIFF"),
        np.dstack([np.uint8([[0, 128, 255, 0, *[64] * 200, 255, 0]])] * 3),
        ("no number (NaN) in 1 pixel, taken for 0", "infinite in 2 pixels, clipped", "32 bit reduced to 8"),
    ),
    "CMYK TIFF": (encoded(PICTURE.convert("CMYK"), "TIFF"), PHOTO, (CMYK,)),
    "animated GIF": (
        ANIMATION,
        PALETTE.convert("RGB"),
        ("first of 3 frames",),
    ),
    "animated PNG": (
        encoded(PICTURE, "PNG", frames=[OTHER]),
        PHOTO,
        ("first of 2 frames",),
    ),
    "animated WebP": (
        encoded(PICTURE, "WEBP", lossless=True, frames=[OTHER]),
        PHOTO,
        ("first of 2 frames",),
    ),
    "TIFF of two pages": (
        encoded(cutout(ALPHA), "TIFF", frames=[OTHER]),
        PHOTO,
        ("first of 2 frames", TRANSPARENT),
    ),
    "animated GIF that breaks off": (
        ANIMATION[: ANIMATION.rindex(struct.pack("<s4H", b",", 0, 0, 16, 24)) + 5],
        PALETTE.convert("RGB"),
        ("first of 2 frames",),
    ),
    "one pixel": (encoded(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG"), np.uint8([[[9, 8, 7]]]), ()),
    "a very wide picture": (
        encoded(Image.new("RGB", (20000, 50), (9, 8, 7)), "PNG"),
        np.full((50, 20000, 3), (9, 8, 7), np.uint8),
        (),
    ),
}


@pytest.mark.filterwarnings("error::RuntimeWarning")  # how numpy remarks on numbers that do not fit
@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_tells_what_was_changed_in_it(tmp_path, kind):
    content, expected, notes = KINDS[kind]
    path = saved(tmp_path, content)
    picture = open_photo(path)
    assert (picture.pixels.dtype, picture.pixels.flags.writeable) == (np.uint8, True)
    np.testing.assert_array_equal(picture.pixels, np.asarray(expected))
    assert picture.notes == notes
    assert image_size(path) == picture.pixels.shape[:2]
    if kind == "floating point":
        assert "is no mask: no number (NaN) in 1 pixel and infinite in 2 pixels; give" in refusal(
            read_mask, path
        )
    else:
        assert read_mask(path).shape == picture.pixels.shape[:2]


def test_previews_beside_a_photo_are_no_frames_of_it(tmp_path):
    phone = encoded(PICTURE, "MPO", frames=[OTHER])
    assert open_photo(saved(tmp_path, phone, "phone.jpg")).notes == ()
    pages = bytearray(encoded(PICTURE, "TIFF", [OTHER], tiffinfo={ExifTags.Base.NewSubfileType: 0}))
    entry = pages.rindex(struct.pack("<HHI", ExifTags.Base.NewSubfileType, 4, 1))
    pages[entry + 8] = 1  # the second page is a smaller version of the first
    assert open_photo(saved(tmp_path, pages, "camera.tif")).notes == ()


def test_a_photo_with_damaged_metadata_is_read_as_it_is_stored(tmp_path):
    path = saved(tmp_path, encoded(PICTURE, "PNG", exif=b"Exif\0\0this is no TIFF header"))
    assert open_photo(path).notes == ("damaged metadata ignored",)
    np.testing.assert_array_equal(read_photo(path), PHOTO)
    assert image_size(path) == PHOTO.shape[:2]


def test_a_big_endian_mask_of_16_bit_is_read_like_any_other(tmp_path):
    for highest in (1, 255, 65535):
        mask = Image.new("I;16B", PICTURE.size)
        mask.frombytes((ALPHA.astype(np.uint32) // 255 * highest).astype(">u2").tobytes())
        np.testing.assert_array_equal(read_mask(saved(tmp_path, encoded(mask, "TIFF"))), ALPHA)


# Colour profiles


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_the_profile_of_a_photo_is_kept_and_written(tmp_path, kind):
    path = saved(tmp_path, encoded(PICTURE, kind, icc_profile=SRGB))
    assert open_photo(path).icc_profile == SRGB
    written = tmp_path / f"written.{kind.lower()}"
    write_image(written, PHOTO, icc_profile=SRGB)
    assert open_photo(written).icc_profile == SRGB
    write_image(written, PHOTO)
    assert open_photo(written).icc_profile is None


@pytest.mark.parametrize(
    ("picture", "profile", "kept"),
    [
        (PICTURE, cmyk_profile(50, -60, 40), False),
        (PICTURE, SRGB[:16] + b"GRAY" + SRGB[20:], False),
        (PICTURE, SRGB[:30], False),
        (PICTURE, b"profile", False),
        (Image.fromarray(GREY), SRGB, False),
        (Image.fromarray(GREY), SRGB[:16] + b"GRAY" + SRGB[20:], False),
        (cutout(ALPHA), SRGB, True),
        (PALETTE, SRGB, True),
    ],
    ids=["CMYK", "grey", "cut off", "garbage", "grey photo", "grey photo and profile", "alpha", "palette"],
)
def test_only_a_profile_for_rgb_is_attached_to_rgb_pixels(tmp_path, picture, profile, kept):
    read = open_photo(saved(tmp_path, encoded(picture, "PNG", icc_profile=profile)))
    assert read.icc_profile == (profile if kept else None)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_seen_through_its_profile(tmp_path, kind):
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    profile = cmyk_profile(50, -60, 40)
    with_profile = open_photo(saved(tmp_path, encoded(cyan, kind, icc_profile=profile)))
    red, green, blue = with_profile.pixels[8, 8].astype(int)
    assert green > max(red, blue) + 60  # on this press every ink is green
    assert (with_profile.icc_profile, with_profile.notes) == (srgb_profile(), (CMYK,))

    for broken in (profile[:200], b"no profile", SRGB):
        plain = open_photo(saved(tmp_path, encoded(cyan, kind, icc_profile=broken)))
        np.testing.assert_allclose(plain.pixels[8, 8].astype(int), (0, 255, 255), atol=3)
        assert plain.notes == ("CMYK converted to RGB without its damaged colour profile",)


# Writing


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_a_full_disk_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, suffix):
    path = tmp_path / f"result{suffix}"
    write_image(path, PHOTO)
    before = path.read_bytes()
    with limited(resource.RLIMIT_FSIZE, len(before) - 1):
        message = refusal(lambda path: write_image(path, PHOTO), path)
    assert message == f"{path}: cannot be written (file too large); check the folder and its free space"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_without_permission_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image(Path("closed/result.png"), PHOTO)
    before = Path("closed/result.png").read_bytes()
    Path("closed").chmod(0o555)
    tmp_path.chmod(0o755)
    try:
        with rights_of_an_ordinary_user():
            for path in (Path("closed/result.png"), Path("closed/new/result.png")):
                message = refusal(lambda path: write_image(path, ALPHA), path)
                assert message.startswith(f"{path}: cannot be written (permission denied); check the folder")
    finally:
        Path("closed").chmod(0o755)
    assert [path.name for path in Path("closed").iterdir()] == ["result.png"]
    assert Path("closed/result.png").read_bytes() == before


@pytest.mark.parametrize(("name", "width"), [("wide.webp", 20000), ("wide.gif", 70000)])
def test_a_picture_too_large_for_its_format_is_refused(tmp_path, name, width):
    path = tmp_path / "new" / name
    message = refusal(lambda path: write_image(path, np.zeros((1, width), np.uint8)), path)
    assert "cannot be written (" in message
    assert not path.parent.exists()


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path):
    for name in ("result.xyz", "result"):
        message = refusal(lambda path: write_image(path, PHOTO), tmp_path / name)
        assert "expected one of .png .jpg .jpeg" in message
    assert list(tmp_path.iterdir()) == []


# What the system sees


def test_nothing_is_written_to_the_screen(tmp_path):
    saved(tmp_path, encoded(PICTURE, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x09\0"), "exif.jpg")
    saved(tmp_path, encoded(PALETTE, "PNG", transparency=bytes((0, 128))), "palette.png")
    saved(tmp_path, retagged(encoded(PICTURE, "TIFF"), {277: 99}), "samples.tif")
    saved(tmp_path, encoded(PICTURE, "TIFF")[:-9] + b"\xff" * 9, "tags.tif")
    saved(tmp_path, png(30000, 30000, 8, 2, b""), "large.png")
    saved(tmp_path, _TEXT, "text.png")
    program = (
        "import sys; from pathlib import Path; from segmentation.images import files as imageio\n"
        "for path in Path(sys.argv[1]).iterdir():\n"
        "    for read in (imageio.open_photo, imageio.read_mask, imageio.image_size, imageio.has_alpha):\n"
        "        try: read(path)\n"
        "        except imageio.ImageError: pass\n"
    )
    finished = subprocess.run(
        [sys.executable, "-W", "always", "-X", "dev", "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


@needs_proc
def test_no_file_stays_open(tmp_path):
    good = [content for content, _, _ in KINDS.values()]
    bad = [content for content, _, _ in WITHOUT_A_PICTURE.values()]
    halves = [content[: len(content) * 2 // 3] for content in good]
    paths = [saved(tmp_path, content, f"{place}") for place, content in enumerate(good + bad + halves)]
    before = len(list(Path("/proc/self/fd").iterdir()))
    kept = []  # a failure that is kept for later must not keep its file
    for path in paths:
        for read in READERS:
            try:
                kept.append(read(path))
            except ImageError as error:
                kept.append(error)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# Any damage

SOUND = [
    encoded(PICTURE, "PNG"),
    encoded(PALETTE, "PNG", transparency=bytes((0, 128)), icc_profile=SRGB),
    encoded(PICTURE, "PNG", frames=[OTHER]),
    encoded(GREY_16, "PNG"),
    png_of_16_bit(np.dstack([PHOTO, ALPHA])),
    encoded(PICTURE, "JPEG", exif=Image.Exif(), icc_profile=SRGB),
    encoded(PICTURE, "JPEG", progressive=True, comment="front"),
    encoded(PICTURE.convert("CMYK"), "JPEG", icc_profile=cmyk_profile(50, -60, 40)),
    encoded(PICTURE, "MPO", frames=[OTHER]),
    encoded(PICTURE, "WEBP", lossless=True, icc_profile=SRGB),
    encoded(cutout(ALPHA), "WEBP", frames=[OTHER]),
    encoded(PICTURE, "TIFF"),
    encoded(GREY_16, "TIFF", compression="tiff_lzw"),
    encoded(PICTURE, "TIFF", compression="jpeg"),
    encoded(cutout(ALPHA), "TIFF", frames=[OTHER]),
    encoded(Image.fromarray(PHOTO[..., 0].astype(np.float32) / 255), "TIFF"),
    encoded(PICTURE.convert("CMYK"), "TIFF", compression="packbits"),
    encoded(PICTURE, "BMP"),
    encoded(PALETTE, "BMP"),
    encoded(PALETTE, "GIF", transparency=3),
    encoded(PALETTE, "GIF", frames=[OTHER.quantize(4)]),
]
PLACES = st.one_of(st.integers(0, 200), st.integers(0, 10**6))  # headers are where a format can go wrong
BYTES = st.one_of(st.binary(max_size=8), st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f"]))


@st.composite
def damaged_files(draw):
    content = bytearray(draw(st.sampled_from(SOUND)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(PLACES) % (len(content) + 1)
        kind = draw(st.sampled_from(["flip", "overwrite", "insert", "remove", "cut", "splice"]))
        if kind == "flip" and place < len(content):
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "overwrite":
            new = draw(BYTES)
            content[place : place + len(new)] = new
        elif kind == "insert":
            content[place:place] = draw(BYTES)
        elif kind == "remove":
            del content[place : place + draw(st.integers(1, 40))]
        elif kind == "cut":
            del content[place:]
        elif kind == "splice":
            other = draw(st.sampled_from(SOUND))
            content[place:] = other[draw(PLACES) % len(other) :]
    return bytes(content)


@settings(
    max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(content=damaged_files())
def test_damage_gives_a_picture_or_one_line(tmp_path, content):
    check_damaged(tmp_path, content)


def check_damaged(folder, content):
    path = saved(folder, content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        size, alpha = attempt(image_size, path), attempt(has_alpha, path)
        photo, mask, labels = (
            attempt(read, path, max_pixels=10**6) for read in (open_photo, read_mask, read_labels)
        )
    assert [warning for warning in caught if "PIL" not in Path(warning.filename).parts] == []
    assert alpha in (True, False, None)
    if photo is not None:
        assert (photo.pixels.dtype, photo.pixels.shape) == (np.uint8, (*size, 3))
        assert all(note.isprintable() for note in photo.notes)
        assert photo.icc_profile is None or photo.icc_profile[16:20] == b"RGB "
    if mask is not None:
        assert (mask.dtype, mask.shape) == (np.uint8, size)
    if labels is not None:
        assert (labels.dtype.kind in "iu", labels.shape) == (True, size)


def attempt(read, path, **options):
    try:
        return read(path, **options)
    except ImageError as error:
        message = str(error)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    return None


def test_a_tiny_file_that_declares_a_huge_photo_is_refused_before_it_costs_anything(tmp_path):
    side = 8000
    flat = encoded(Image.new("1", (side, side)), "PNG")
    path = saved(tmp_path, flat)
    message = refusal(open_photo, path)
    assert message == (
        f"{path}: declares {side}x{side} pixels in {len(flat)} bytes, which hold no photo of that size; "
        "reduce the picture"
    )
    assert not read_mask(path).any()  # which a mask may well be


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_more_pixels_than_the_data_can_become_are_damage(tmp_path, kind):
    """One deflated byte becomes 1032 bytes at most."""
    if kind == "PNG":
        content = png(4000, 4000, 8, 2, bytes(5000))
    else:
        content = retagged(encoded(PICTURE, "TIFF", compression="tiff_deflate"), {256: 4000, 257: 4000})
    path = saved(tmp_path, content)
    for read in DECODERS:
        assert f"({_TOO_SHORT})" in refusal(read, path)


# Data that a decoder only remarks on


def jpegs():
    """Names and contents of JPEG files with blocks of colour, which half of the bytes cannot show."""
    blocks = Image.fromarray(np.kron(PHOTO, np.ones((8, 8, 1), np.uint8)))
    return {
        "plain": encoded(blocks, "JPEG", quality=90),
        "progressive": encoded(blocks, "JPEG", quality=90, progressive=True),
        "grey": encoded(blocks.convert("L"), "JPEG", quality=90),
        "CMYK": encoded(blocks.convert("CMYK"), "JPEG", quality=90),
        "restarts": encoded(blocks, "JPEG", quality=90, restart_marker_rows=1),
        "own tables": encoded(blocks, "JPEG", quality=60, optimize=True),
        "smaller colours": encoded(blocks, "JPEG", quality=90, subsampling="4:2:0"),
    }


@pytest.mark.parametrize("kind", jpegs())
def test_half_a_jpeg_with_an_end_marker_is_damage(tmp_path, kind):
    content = jpegs()[kind]
    half = content[: len(content) // 2] + b"\xff\xd9"
    for cut in (half, half + bytes(100)):
        path = saved(tmp_path, cut, "photo.jpg")
        for read in DECODERS:
            assert "cannot be read as an image (" in refusal(read, path)


@pytest.mark.parametrize("kind", jpegs())
def test_a_jpeg_whose_rest_never_arrived_is_damage(tmp_path, kind):
    """Copies that break off leave zeros, which the tables of many encoders take for flat blocks."""
    content = jpegs()[kind]
    for share in (0.4, 0.7, 0.95):
        arrived = content[: round(len(content) * share)]
        for end in (b"", b"\xff\xd9"):
            whole = arrived + bytes(len(content) - len(arrived) - len(end)) + end
            for read in DECODERS:
                assert "cannot be read as an image (" in refusal(read, saved(tmp_path, whole, "photo.jpg"))


@pytest.mark.parametrize("kind", jpegs())
def test_damage_of_a_jpeg_is_seen_behind_an_odd_header(tmp_path, kind):
    """libjpeg ends at its first remark, and does not report what is wrong further on."""
    content = jpegs()[kind]
    half = content[: len(content) // 2] + b"\xff\xd9"
    tables = content.index(b"\xff\xdb")
    ahead = b"\xff\xe0\x00\x10JFIF\0\x05\x01\0\0\x01\0\x01\0\0"  # a revision that there is not
    for odd in (b"\0\0", ahead):
        path = saved(tmp_path, half[:tables] + odd + half[tables:], "photo.jpg")
        for read in DECODERS:
            assert f"({_TOO_SHORT})" in refusal(read, path)
        open_photo(saved(tmp_path, content[:tables] + odd + content[tables:], "photo.jpg"))


@pytest.mark.parametrize("kind", jpegs())
def test_what_costs_no_pixel_of_a_jpeg_is_no_damage(tmp_path, kind):
    content = jpegs()[kind]
    sound = open_photo(saved(tmp_path, content, "photo.jpg"))
    first_segment = 4 + struct.unpack_from(">H", content, 4)[0]
    oddities = [
        content[:-2] + bytes(300) + b"\xff\xd9",  # padding, as cameras write it
        content[:first_segment] + b"abc" + content[first_segment:],  # in the header
        content + b"and a film behind it",
    ]
    if kind != "CMYK":  # of which Pillow reads on to the end marker
        oddities.append(content[:-2])
    for odd in oddities:
        picture = open_photo(saved(tmp_path, odd, "photo.jpg"))
        np.testing.assert_array_equal(picture.pixels, sound.pixels)
        assert picture.notes == sound.notes


def test_a_wrong_check_sum_in_a_png_is_damage_of_pixels_and_a_note_on_the_rest(tmp_path):
    content = bytearray(encoded(PICTURE, "PNG", dpi=(300, 300)))
    of_pixels, of_resolution = content.copy(), content.copy()
    start = content.index(b"IDAT")
    of_pixels[start + 4 + struct.unpack_from(">I", content, start - 4)[0]] ^= 1
    of_resolution[content.index(b"pHYs") + 4 + 9] ^= 1
    assert "a check sum does not fit" in refusal(open_photo, saved(tmp_path, of_pixels))
    picture = open_photo(saved(tmp_path, of_resolution))
    np.testing.assert_array_equal(picture.pixels, PHOTO)
    assert (picture.notes, picture.dpi) == (("damaged metadata ignored",), None)
