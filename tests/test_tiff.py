"""A TIFF is read as Photoshop shows it, however its pixels are stored, or its kind is named."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from segmentation.core.errors import ImageError
from segmentation.images.files import (
    has_alpha,
    image_size,
    kind_of_pixels,
    open_photo,
    read_labels,
    read_mask,
    read_photo,
)

COARSE = np.random.default_rng(0).integers(0, 256, (10, 8, 3), dtype=np.uint8)
PHOTO = np.kron(COARSE, np.ones((8, 8, 1), np.uint8))  # blocks, so that JPEG keeps them
GREY = PHOTO[..., 0]
MASK = np.zeros(GREY.shape, np.uint8)
MASK[20:60, 10:50] = 255
MASK[19, 10:50] = 100


def sixteen(image):
    return image.astype(np.uint16) * 257


def written(folder, image, **about):
    path = folder / "photo.tif"
    tifffile.imwrite(path, image, **{"metadata": None, **about})
    return path


def in_planes(image):
    return np.ascontiguousarray(np.moveaxis(image, 2, 0))


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("tile", [None, (32, 48)], ids=["strips", "tiles"])
@pytest.mark.parametrize("planes", [False, True], ids=["interleaved", "planes"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits", "lzma", "zstd"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_photo_is_the_same_however_it_is_stored(tmp_path, bits, compression, planes, tile, byteorder):
    image = PHOTO if bits == 8 else sixteen(PHOTO)
    path = written(
        tmp_path,
        in_planes(image) if planes else image,
        photometric="rgb",
        planarconfig="separate" if planes else "contig",
        compression=compression,
        predictor=compression in ("zlib", "lzw"),
        tile=tile,
        byteorder=byteorder,
        rowsperstrip=None if tile else 24,
    )
    picture = open_photo(path, bits=16)
    np.testing.assert_array_equal(picture.pixels, PHOTO)
    assert (picture.deep is None) == (bits == 8)
    if bits == 16:
        np.testing.assert_array_equal(picture.deep, image)
    assert picture.notes == ()
    assert image_size(path) == PHOTO.shape[:2]


@pytest.mark.parametrize("compression", ["jpeg", "webp", "jpegxl"])
def test_pictures_packed_in_a_tiff_are_read(tmp_path, compression):
    path = written(tmp_path, PHOTO, photometric="rgb", compression=compression)
    assert np.abs(read_photo(path).astype(int) - PHOTO).mean() < 12


@pytest.mark.parametrize("bits", [1, 8, 16])
def test_white_may_be_zero(tmp_path, bits):
    grey = {1: MASK > 127, 8: GREY, 16: sixteen(GREY)}[bits]
    stored = ~grey if bits == 1 else np.iinfo(grey.dtype).max - grey
    expected = (MASK > 127) * np.uint8(255) if bits == 1 else GREY
    path = written(tmp_path, stored, photometric="miniswhite")
    np.testing.assert_array_equal(open_photo(path).pixels, np.dstack([expected] * 3))
    np.testing.assert_array_equal(read_mask(path), expected)


@pytest.mark.parametrize("bits", [2, 4, 10, 12])
def test_grey_of_any_depth_reaches_from_black_to_white(tmp_path, bits):
    levels = np.linspace(0, 2**bits - 1, 64).astype(np.uint16).reshape(8, 8)
    stored = levels.astype(np.uint8) if bits < 8 else levels
    path = written(tmp_path, stored, photometric="minisblack", bitspersample=bits)
    expected = levels.astype(float) * 255 / (2**bits - 1)
    assert np.abs(read_photo(path)[..., 0] - expected).max() <= 1
    np.testing.assert_array_equal(read_labels(path), levels)


def test_big_tiff_is_a_tiff(tmp_path):
    np.testing.assert_array_equal(
        read_photo(written(tmp_path, PHOTO, photometric="rgb", bigtiff=True)), PHOTO
    )


# Which page is the photo


def pages(folder, *images, **about):
    """A file of pages (picture, tags) in their order."""
    path = folder / "pages.tif"
    with tifffile.TiffWriter(path) as writer:
        for image, tags in images:
            writer.write(image, photometric="rgb", metadata=None, **tags, **about)
    return path


def test_a_preview_before_the_photo_is_not_taken_for_it(tmp_path):
    small = np.ascontiguousarray(PHOTO[::8, ::8])
    for tags in ({"subfiletype": 1}, {}):  # marked as preview, or known by its size alone
        path = pages(tmp_path, (small, tags), (PHOTO, {}))
        picture = open_photo(path)
        np.testing.assert_array_equal(picture.pixels, PHOTO)
        assert picture.notes == ("the largest of its pages, the others are previews",)
        assert image_size(path) == PHOTO.shape[:2]


def test_a_photo_below_its_preview_is_found(tmp_path):
    path = pages(
        tmp_path, (np.ascontiguousarray(PHOTO[::8, ::8]), {"subfiletype": 1, "subifds": 1}), (PHOTO, {})
    )
    np.testing.assert_array_equal(read_photo(path), PHOTO)


def test_of_several_photos_the_first_is_read_and_the_others_are_said(tmp_path):
    path = pages(tmp_path, (PHOTO, {}), (PHOTO[::-1], {}), (np.ascontiguousarray(PHOTO[::8, ::8]), {}))
    picture = open_photo(path)
    np.testing.assert_array_equal(picture.pixels, PHOTO)
    assert picture.notes == ("first of 2 frames",)


# Channels beyond the colours


@pytest.mark.parametrize("bits", [8, 16])
def test_saved_selections_are_no_transparency(tmp_path, bits):
    image = np.dstack([PHOTO, MASK, 255 - MASK])
    image = image if bits == 8 else sixteen(image)
    path = written(tmp_path, image, photometric="rgb", extrasamples=["unspecified"] * 2)
    picture = open_photo(path, bits=16)
    np.testing.assert_array_equal(picture.pixels, PHOTO)
    assert picture.alpha is None
    assert picture.notes == ("2 saved selections left out",)
    with pytest.raises(ImageError, match=r"photo\.tif: holds 2 saved selections.*; keep one of them"):
        read_mask(path)


def test_the_one_saved_selection_of_a_ground_truth_is_its_mask(tmp_path):
    path = written(tmp_path, np.dstack([PHOTO, MASK]), photometric="rgb", extrasamples=["unspecified"])
    assert has_alpha(path)
    np.testing.assert_array_equal(read_mask(path), MASK)


@pytest.mark.parametrize("planes", [False, True], ids=["interleaved", "planes"])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_transparency_is_kept_and_colours_are_not_multiplied_with_it(tmp_path, kind, planes):
    alpha = np.where(MASK == 100, 128, MASK).astype(np.uint8)
    colours = PHOTO
    if kind == "assocalpha":
        colours = np.rint(PHOTO * (alpha[..., np.newaxis] / 255)).astype(np.uint8)
    image = np.dstack([colours, alpha, 255 - alpha])
    path = written(
        tmp_path,
        in_planes(image) if planes else image,
        photometric="rgb",
        planarconfig="separate" if planes else "contig",
        extrasamples=[kind, "unspecified"],
    )
    picture = open_photo(path)
    np.testing.assert_array_equal(picture.alpha, alpha)
    seen = alpha > 0
    assert np.abs(picture.pixels[seen].astype(int) - PHOTO[seen]).max() <= 1
    np.testing.assert_array_equal(read_mask(path), alpha)


# Colours


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    "extra", [(), ("unassalpha",), ("unspecified",)], ids=["", "transparency", "selection"]
)
def test_cmyk_is_read_with_whatever_lies_beside_it(tmp_path, extra, bits):
    cmyk = np.asarray(Image.fromarray(PHOTO).convert("CMYK"))
    image = np.dstack([cmyk, MASK]) if extra else cmyk
    image = image if bits == 8 else sixteen(image)
    path = written(tmp_path, image, photometric="separated", extrasamples=list(extra) or None)
    picture = open_photo(path)
    np.testing.assert_array_equal(picture.pixels, PHOTO)
    assert "CMYK converted to RGB" in picture.notes
    assert (picture.alpha is not None) == (extra == ("unassalpha",))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", ["cielab", "icclab"])
def test_lab_becomes_the_colours_that_it_means(tmp_path, photometric, bits):
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    muted = (PHOTO // 4 + 96).astype(np.uint8)
    stored = np.array(ImageCms.profileToProfile(Image.fromarray(muted), srgb, lab, outputMode="LAB"))
    if bits == 16:
        stored = stored.astype(np.uint16) * (257, 256, 256)
        stored = stored.astype(np.uint16)
    if photometric == "icclab":  # Pillow gives a and b with a sign
        stored[..., 1:] ^= 1 << (bits - 1)
    path = written(tmp_path, stored, photometric=photometric)
    picture = open_photo(path)
    assert np.abs(picture.pixels.astype(int) - muted).max() <= 4
    assert "CIELAB converted to sRGB" in picture.notes


def test_lab_that_pillow_saved_has_the_colours_that_it_had(tmp_path):
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    picture = Image.new("RGB", (8, 8), (255, 172, 146))
    ImageCms.profileToProfile(picture, srgb, lab, outputMode="LAB").save(tmp_path / "lab.tif")

    np.testing.assert_allclose(read_photo(tmp_path / "lab.tif")[0, 0], (255, 172, 146), atol=5)


def test_a_palette_shows_its_colours_and_keeps_its_values(tmp_path):
    table = np.random.default_rng(1).integers(0, 65536, (3, 256)).astype(np.uint16)
    path = written(tmp_path, GREY, photometric="palette", colormap=table)
    np.testing.assert_array_equal(read_photo(path), (table.T >> 8)[GREY])
    np.testing.assert_array_equal(read_labels(path), GREY)
    assert kind_of_pixels(path) == "palette"


@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", ["palette", "cielab", "icclab"])
def test_transparency_and_a_saved_selection_are_read_beside_every_kind_of_colours(
    tmp_path, photometric, bits, extra
):
    table = np.random.default_rng(1).integers(0, 65536, (3, 2**bits)).astype(np.uint16)
    colours, about = PHOTO, {"photometric": photometric}
    if photometric == "palette":  # of which tifffile writes none with more channels
        colours = GREY[..., np.newaxis]
        about = {"photometric": "minisblack", "extratags": [(320, "H", table.size, table.ravel(), True)]}
    shown = []
    for image in (colours, np.dstack([colours, MASK])):
        image = image if bits == 8 else sixteen(image)
        more = {"extrasamples": [extra]} if image.shape[2] > colours.shape[2] else {}
        path = written(tmp_path, image.squeeze(), **about, **more)
        if photometric == "palette":
            with tifffile.TiffFile(path, mode="r+b") as file:
                file.pages[0].tags[262].overwrite(3)
        shown.append(open_photo(path))

    assert has_alpha(path)
    np.testing.assert_array_equal(read_mask(path), MASK)
    assert (shown[1].alpha is None) == (extra == "unspecified")
    assert ("1 saved selection left out" in shown[1].notes) == (extra == "unspecified")
    np.testing.assert_array_equal(shown[0].pixels, shown[1].pixels)


@pytest.mark.parametrize(
    ("white", "kind", "notes"),
    [
        (1, np.float32, ()),
        (1, np.float16, ()),
        (1, np.float64, ()),
        (255, np.float32, ("255 taken for white",)),
        (65535, np.float32, ("65535 taken for white",)),
        (255, np.int16, ("255 taken for white",)),
        (32767, np.int16, ("32767 taken for white",)),
        (255, np.uint32, ("255 taken for white",)),
        (65535, np.uint32, ("65535 taken for white",)),
        (2**32 - 1, np.uint32, ("4.29497e+09 taken for white",)),
        (255, np.int32, ("255 taken for white",)),
    ],
)
def test_numbers_of_every_type_reach_from_black_to_white(tmp_path, white, kind, notes):
    image = (PHOTO / 255 * white).astype(kind)
    picture = open_photo(written(tmp_path, image, photometric="rgb"))
    assert np.abs(picture.pixels.astype(int) - PHOTO).max() <= 1
    bits = np.dtype(kind).itemsize * 8
    assert picture.notes == (*notes, f"{bits} bit reduced to 8")


def test_numbers_that_are_no_picture_are_refused_with_their_range(tmp_path):
    heights = np.linspace(-4000, 8800, GREY.size, dtype=np.float32).reshape(GREY.shape)
    path = written(tmp_path, heights, photometric="minisblack")
    with pytest.raises(
        ImageError, match=r"photo\.tif: .*floating-point numbers from -4000 to 8800.*expected 0 to 1"
    ):
        read_photo(path)


@pytest.mark.parametrize("brightest", [1.5, 4, 12])
def test_light_that_is_brighter_than_white_is_refused_and_no_nearly_black_photo(tmp_path, brightest):
    light = (PHOTO / 255 * brightest).astype(np.float32)
    path = written(tmp_path, light, photometric="rgb")
    with pytest.raises(ImageError, match=rf"numbers from 0 to {brightest}, of which none is known to be wh"):
        read_photo(path)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_a_few_pixels_without_a_number_are_counted_and_said(tmp_path, kind):
    image = (PHOTO / 255).astype(kind)
    image[0, 0] = np.nan
    image[0, 1, 1] = np.nan
    image[0, 2] = np.inf
    image[0, 3, 0] = -np.inf
    picture = open_photo(written(tmp_path, image, photometric="rgb"))
    assert picture.pixels[0, 0].tolist() == [0, 0, 0]
    assert picture.pixels[0, 2].tolist() == [255, 255, 255]
    assert picture.pixels[0, 3, 0] == 0
    assert np.abs(picture.pixels[1:].astype(int) - PHOTO[1:]).max() <= 1
    bits = np.dtype(kind).itemsize * 8
    said = ("no number (NaN) in 2 pixels, taken for 0", "infinite in 2 pixels, clipped")
    assert picture.notes == (*said, f"{bits} bit reduced to 8")


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("read", [read_photo, read_mask])
def test_a_picture_of_which_much_is_no_number_is_refused_with_how_much(tmp_path, number, read):
    image = (GREY / 255).astype(np.float32)
    image[:10] = number
    count, kind = 10 * image.shape[1], r"no number \(NaN\)" if np.isnan(number) else "infinite"
    path = written(tmp_path, image, photometric="minisblack")
    with pytest.raises(ImageError, match=rf"photo\.tif: .*but {kind} in {count} of {image.size} pixels"):
        read(path)
    with pytest.raises(ImageError, match=rf"{kind} in {image.size} of"):
        read(written(tmp_path, np.full_like(image, number), photometric="minisblack"))


def test_a_mask_has_a_number_everywhere(tmp_path):
    mask = (GREY > 128).astype(np.float32)
    mask[3, 4] = np.nan
    with pytest.raises(ImageError, match=r"photo\.tif: is no mask: no number \(NaN\) in 1 pixel; give"):
        read_mask(written(tmp_path, mask, photometric="minisblack"))


def test_the_same_holds_for_floats_of_other_formats(tmp_path):
    path = tmp_path / "photo.pnm"
    values = np.full((20, 30), 0.5, np.float32)
    values[0, 0] = np.nan
    path.write_bytes(b"Pf\n30 20\n-1.0\n" + values.tobytes())
    assert "no number (NaN) in 1 pixel, taken for 0" in open_photo(path).notes
    with pytest.raises(ImageError, match="is no mask"):
        read_mask(path)


@pytest.mark.parametrize(
    ("photometric", "named"),
    [("linear_raw", "raw sensor data"), ("logluv", "LogLuv")],
)
def test_a_kind_that_is_not_read_is_named(tmp_path, photometric, named):
    path = written(tmp_path, sixteen(PHOTO), photometric=photometric)
    for read in (read_photo, read_mask):
        with pytest.raises(ImageError, match=rf"photo\.tif: .*a TIFF of {named}.*; convert it to RGB"):
            read(path)


# Damage


@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits", "lzma", "zstd"])
def test_a_cut_off_tiff_is_refused_in_silence(tmp_path, capfd, compression):
    noise = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = written(tmp_path, noise, photometric="rgb", compression=compression, rowsperstrip=16)
    content = path.read_bytes()
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        place = file.pages.first.dataoffsets[-1]
    path.write_bytes(content[: place + 40])
    with pytest.raises(ImageError, match=r"photo\.tif: .*the file ends too early"):
        read_photo(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("compression", ["zlib", "lzw", "packbits", "lzma", "zstd", "jpeg"])
def test_damaged_data_are_no_lines_of_a_library(tmp_path, capfd, compression):
    noise = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = written(tmp_path, noise, photometric="rgb", compression=compression, rowsperstrip=64)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        place, count = file.pages.first.dataoffsets[0], file.pages.first.databytecounts[0]
    content[place : place + count // 2] = b"\xff" * (count // 2)
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"photo\.tif: cannot be read as an image \("):
        read_photo(path)
    assert capfd.readouterr() == ("", "")


def tiff_directory(size, following):
    """The bytes of a page of grey pixels that lie at 400, and where the next page is."""
    height, width = size
    tags = {256: width, 257: height, 258: 8, 262: 1, 273: 400, 277: 1, 278: height, 279: height * width}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


@pytest.mark.parametrize("sizes", [[(10, 9)], [(10, 9), (0, 0)], [(0, 9), (10, 9)], [(10, 9), (40, 36)]])
def test_pages_in_a_circle_and_pages_without_pixels_are_left_out(tmp_path, sizes):
    path = tmp_path / "photo.tif"
    places = [8 + 150 * number for number in range(len(sizes))]
    content = b"II*\0" + struct.pack("<I", 8)
    for size, following in zip(sizes, [*places[1:], 8], strict=True):
        content = content.ljust(places[sizes.index(size)], b"\0") + tiff_directory(size, following)
    path.write_bytes(content.ljust(400, b"\0") + bytes(range(90)) * 16)
    height, width = sizes[-1] if sizes[-1] != (0, 0) else sizes[0]
    picture = open_photo(path)
    assert picture.pixels.shape == (height, width, 3)
    assert not any("frames" in note for note in picture.notes)


@pytest.mark.parametrize("size", [(0, 9), (10, 0), (0, 0)])
@pytest.mark.parametrize("read", [read_photo, read_mask, image_size])
def test_a_tiff_without_pixels_is_damaged(tmp_path, size, read):
    path = tmp_path / "photo.tif"
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + tiff_directory(size, 8) + bytes(400))
    with pytest.raises(ImageError, match=r"photo\.tif: .*its header is damaged"):
        read(path)


def test_a_part_that_was_never_written_is_damage(tmp_path):
    path = written(tmp_path, PHOTO, photometric="rgb", compression="zlib", rowsperstrip=16)
    with tifffile.TiffFile(path, mode="r+b") as file:
        counts = list(file.pages.first.databytecounts)
        file.pages.first.tags["StripByteCounts"].overwrite([*counts[:-1], 0])
    with pytest.raises(ImageError, match="ends too early"):
        read_photo(path)
