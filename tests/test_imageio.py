"""Photos and masks are read as a person sees them, and a result is written whole or not at all."""

import io
import stat
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from segmentation.core.errors import ImageError
from segmentation.core.files import atomic_file, atomic_folder
from segmentation.images.files import (
    has_alpha,
    image_size,
    open_photo,
    read_labels,
    read_mask,
    read_photo,
    write_image,
)
from segmentation.images.formats import FORMATS

PHOTO = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
MASK = np.zeros((6, 4), np.uint8)
MASK[2:5, 1:3] = 255
READERS = (read_photo, read_mask, read_labels, image_size, has_alpha)

# how the picture must be stored so that a viewer which obeys the orientation shows `PHOTO`
STORED_FOR_ORIENTATION = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, 1),
    7: lambda image: np.rot90(image, 2).transpose(1, 0, 2),
    8: lambda image: np.rot90(image, -1),
}


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", STORED_FOR_ORIENTATION)
def test_a_photo_is_turned_as_its_exif_data_says(tmp_path, orientation, suffix):
    path = tmp_path / f"photo{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED_FOR_ORIENTATION[orientation](PHOTO))
    Image.fromarray(stored).save(path, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    np.testing.assert_array_equal(read_photo(path), PHOTO)
    assert image_size(path) == PHOTO.shape[:2]


@pytest.mark.parametrize("orientation", STORED_FOR_ORIENTATION)
def test_a_jpeg_is_turned_as_its_exif_data_says(tmp_path, orientation):
    fields = np.repeat(np.repeat(PHOTO, 16, axis=0), 16, axis=1)  # a flat one survives the coding
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED_FOR_ORIENTATION[orientation](fields))
    Image.fromarray(stored).save(tmp_path / "photo.jpg", exif=exif, quality=100, subsampling=0)
    np.testing.assert_allclose(read_photo(tmp_path / "photo.jpg").astype(int), fields, atol=3)
    assert image_size(tmp_path / "photo.jpg") == fields.shape[:2]


def test_the_size_of_a_png_is_read_without_its_pixels(tmp_path):
    path = tmp_path / "photo.png"
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:2000])  # the header is whole, the pixels are not
    assert image_size(path) == (200, 300)
    with pytest.raises(ImageError, match=r"photo\.png"):
        read_photo(path)


def test_every_kind_of_photo_becomes_8_bit_rgb(tmp_path):
    grey = PHOTO[..., 0]
    as_rgb = np.dstack([grey] * 3)
    cases = {
        "grey.png": (Image.fromarray(grey), as_rgb),
        "16bit.png": (Image.fromarray(grey.astype(np.uint16) * 257), as_rgb),
        "16bit.tif": (Image.fromarray(grey.astype(np.uint16) * 257), as_rgb),
        "palette.png": (Image.fromarray(PHOTO).quantize(24), PHOTO),
        "palette.gif": (Image.fromarray(PHOTO).quantize(24), PHOTO),
        "rgba.png": (
            Image.fromarray(np.dstack([PHOTO, MASK])),
            np.where(MASK[..., np.newaxis] == 255, PHOTO, 255),
        ),
        "black_and_white.png": (Image.fromarray(MASK > 0), np.dstack([MASK] * 3)),
        "cmyk.tif": (Image.fromarray(PHOTO).convert("CMYK"), PHOTO),
    }
    for name, (picture, expected) in cases.items():
        picture.save(tmp_path / name)
        photo = read_photo(tmp_path / name)
        assert (photo.dtype, photo.flags.writeable) == (np.uint8, True), name
        np.testing.assert_array_equal(photo, expected, err_msg=name)


def test_a_cmyk_jpeg_keeps_its_colours(tmp_path):
    flat = np.full((16, 16, 3), (200, 60, 30), np.uint8)
    Image.fromarray(flat).convert("CMYK").save(tmp_path / "print.jpg", quality=100)
    assert np.abs(read_photo(tmp_path / "print.jpg").astype(int) - flat).max() <= 3


def test_every_kind_of_mask_becomes_0_to_255(tmp_path):
    black = np.zeros_like(PHOTO)
    opaque = np.full_like(MASK, 255)
    black_and_white = Image.fromarray((MASK > 0).astype(np.uint8), mode=None).convert("P")
    black_and_white.putpalette([0, 0, 0, 255, 255, 255])
    cases = {
        "cutout.png": Image.fromarray(np.dstack([PHOTO, MASK])),
        "black_cutout.png": Image.fromarray(np.dstack([black, MASK])),
        "cutout.tif": Image.fromarray(np.dstack([PHOTO, MASK])),
        "grey_cutout.png": Image.fromarray(np.dstack([PHOTO[..., 0], MASK])),
        "mask.gif": black_and_white,
        "mask.png": Image.fromarray(MASK),
        "bits.png": Image.fromarray(MASK > 0),
        "zero_one.png": Image.fromarray((MASK > 0).astype(np.uint8)),
        "rgb.png": Image.fromarray(np.dstack([MASK] * 3)),
        "16bit.png": Image.fromarray(MASK.astype(np.uint16) * 257),
        "16bit_zero_one.png": Image.fromarray((MASK > 0).astype(np.uint16)),
        "16bit_small.png": Image.fromarray(MASK.astype(np.uint16)),
        "mask_with_an_opaque_alpha.png": Image.fromarray(np.dstack([MASK, MASK, MASK, opaque])),
    }
    for name, picture in cases.items():
        picture.save(tmp_path / name)
        mask = read_mask(tmp_path / name)
        assert (mask.dtype, mask.flags.writeable) == (np.uint8, True), name
        np.testing.assert_array_equal(mask, MASK, err_msg=name)


def test_every_kind_of_label_map_keeps_its_values(tmp_path):
    values = np.array([[0, 1, 17], [58, 254, 255]], np.uint8)
    palette = Image.fromarray(values).convert("P")
    palette.putpalette([0, 0, 0] * 256)
    cases = {
        "grey.png": (Image.fromarray(values), values),
        "palette.png": (palette, values),
        "palette.gif": (palette, values),
        "grey.tif": (Image.fromarray(values), values),
        "palette.tif": (palette, values),
        "16bit.png": (Image.fromarray(values.astype(np.uint16) * 257), values.astype(int) * 257),
        "16bit.tif": (Image.fromarray(values.astype(np.uint16) * 257), values.astype(int) * 257),
        "bits.png": (Image.fromarray(values > 17), values > 17),
    }
    for name, (picture, expected) in cases.items():
        picture.save(tmp_path / name, optimize=False)  # which would number a GIF's colours anew
        labels = read_labels(tmp_path / name)
        assert np.issubdtype(labels.dtype, np.integer), name
        np.testing.assert_array_equal(labels, expected, err_msg=name)


@pytest.mark.parametrize("orientation", STORED_FOR_ORIENTATION)
def test_a_label_map_is_turned_like_its_photo(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    labels = PHOTO[..., 0]
    stored = np.ascontiguousarray(STORED_FOR_ORIENTATION[orientation](PHOTO)[..., 0])
    Image.fromarray(stored).save(tmp_path / "labels.png", exif=exif)
    np.testing.assert_array_equal(read_labels(tmp_path / "labels.png"), labels)


def test_a_label_map_in_colour_is_refused(tmp_path):
    Image.fromarray(PHOTO).save(tmp_path / "labels.png")
    with pytest.raises(ImageError, match=r"labels\.png: is no label map .*received RGB\); save"):
        read_labels(tmp_path / "labels.png")


def test_soft_edges_of_a_cutout_are_kept(tmp_path):
    alpha = np.arange(24, dtype=np.uint8).reshape(6, 4) * 10
    Image.fromarray(np.dstack([PHOTO, alpha])).save(tmp_path / "cutout.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "cutout.png"), alpha)


def test_an_uncut_photo_with_an_alpha_channel_is_inside_everywhere(tmp_path):
    Image.fromarray(np.dstack([PHOTO, np.full_like(MASK, 255)])).save(tmp_path / "uncut.png")
    assert (read_mask(tmp_path / "uncut.png") == 255).all()


def test_only_a_file_with_transparency_has_alpha(tmp_path):
    write_image(tmp_path / "cutout.png", np.dstack([PHOTO, MASK]))
    write_image(tmp_path / "photo.png", PHOTO)
    assert has_alpha(tmp_path / "cutout.png")
    assert not has_alpha(tmp_path / "photo.png")


def _png() -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", _png()[:20], b"not a picture"], ids=["empty", "cut off", "text"])
@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_a_damaged_file_is_named_in_the_error(tmp_path, read, content):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"broken\.png: cannot be read as an image \(.+\); "):
        read(path)


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_a_missing_file_and_a_folder_are_named_in_the_error(tmp_path, read):
    with pytest.raises(ImageError, match=r"gone\.png.*no such file"):
        read(tmp_path / "gone.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ImageError, match=r"folder\.png.*a folder, not a file"):
        read(tmp_path / "folder.png")


@settings(max_examples=40, deadline=None)
@given(
    image=st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([(), (3,), (4,)])).flatmap(
        lambda shape: arrays(np.uint8, (shape[0], shape[1], *shape[2]))
    ),
    suffix=st.sampled_from([".png", ".tif", ".PNG"]),
    mostly_empty=st.booleans(),
)
def test_what_is_written_losslessly_is_read_back_equal(tmp_path_factory, image, suffix, mostly_empty):
    path = tmp_path_factory.mktemp("written") / "new folder" / f"image{suffix}"
    write_image(path, image, mostly_empty=mostly_empty)
    with Image.open(path) as picture:
        np.testing.assert_array_equal(np.asarray(picture), image)
    if image.ndim == 3:
        np.testing.assert_array_equal(open_photo(path).pixels, image[..., :3])
    assert image_size(path) == image.shape[:2]


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_what_is_written_in_any_format_is_read(tmp_path, suffix):
    flat = np.full((8, 12, 3), (10, 200, 90), np.uint8)
    write_image(tmp_path / f"flat{suffix}", flat)
    assert np.abs(read_photo(tmp_path / f"flat{suffix}").astype(int) - flat).max() <= 8


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "result.jpg"
    write_image(path, PHOTO)
    before = path.read_bytes()
    with pytest.raises(ImageError, match=r"result\.jpg: cannot be written"):
        write_image(path, np.dstack([PHOTO, MASK]))  # JPEG has no alpha channel
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_into_an_impossible_place_is_named_in_the_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ImageError, match=r"result\.png"):
        write_image(tmp_path / "file" / "result.png", PHOTO)
    (tmp_path / "taken.png").mkdir()
    with pytest.raises(ImageError, match=r"taken\.png"):
        write_image(tmp_path / "taken.png", PHOTO)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken.png"]


def test_files_written_in_many_threads_can_be_read_like_any_other(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("made by the system")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write_image(tmp_path / f"{number}.png", PHOTO), range(64)))
    after = tmp_path / "after"
    after.write_text("made by the system")
    rights = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert rights == {stat.S_IMODE(plain.stat().st_mode)}


def test_a_block_that_fails_leaves_file_and_folder_as_they_were(tmp_path):
    (tmp_path / "file.txt").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside.txt").write_text("old")

    def write_half_a_file():
        with atomic_file(tmp_path / "file.txt") as temporary:
            temporary.write_text("half")
            raise KeyError

    def write_half_a_folder():
        with atomic_folder(tmp_path / "folder") as temporary:
            (temporary / "inside.txt").write_text("half")
            raise KeyError

    for write_half in (write_half_a_file, write_half_a_folder):
        with pytest.raises(KeyError):
            write_half()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.txt", "folder"]
    assert (tmp_path / "file.txt").read_text() == (tmp_path / "folder" / "inside.txt").read_text() == "old"


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for name in ("first", "second"):
        with atomic_folder(tmp_path / "folder") as temporary:
            (temporary / name).write_text(name)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
