"""PGM and PPM have the values that their files store, up to the one that their headers say is white."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segmentation.core.errors import ImageError
from segmentation.images.files import convert_photo, image_size, open_photo, read_labels, read_mask

whites = st.one_of(st.integers(1, 65535), st.sampled_from([1, 59, 255, 256, 300, 1023, 65534, 65535]))


def pnm(values, white, *, text=False):
    """The bytes of a PGM, of values [H, W], or of a PPM, of [H, W, 3]."""
    height, width = values.shape[:2]
    kind = (3 if values.ndim == 3 else 2) if text else (6 if values.ndim == 3 else 5)
    head = f"P{kind}\n# made here\n{width} {height}\n{white}\n".encode()
    if text:
        return head + " ".join(map(str, values.ravel().tolist())).encode() + b"\n"
    return head + values.astype(">u2" if white > 255 else np.uint8).tobytes()


@given(whites, st.booleans(), st.integers(0, 2**32 - 1))
def test_a_label_map_has_the_values_of_its_file(tmp_path_factory, white, text, seed):
    values = np.random.default_rng(seed).integers(0, white + 1, (6, 5))
    path = tmp_path_factory.getbasetemp() / "labels.pgm"
    path.write_bytes(pnm(values, white, text=text))
    labels = read_labels(path)

    np.testing.assert_array_equal(labels, values)
    assert labels.dtype == (np.uint8 if white < 256 else np.uint16)


@given(whites, st.booleans(), st.sampled_from([(), (3,)]), st.integers(0, 2**32 - 1))
def test_a_photo_reaches_from_black_to_the_white_of_its_header(white, text, channels, seed):
    values = np.random.default_rng(seed).integers(0, white + 1, (6, 5, *channels))
    picture = open_photo(pnm(values, white, text=text), bits=16)
    expected = values / white if channels else np.repeat(values[..., np.newaxis], 3, axis=2) / white

    assert np.abs(picture.pixels - 255 * expected).max() <= 1
    if white > 255 and not (text and channels):
        assert np.abs(picture.deep - 65535 * expected).max() <= 1
        assert picture.notes == ()
    else:
        assert picture.deep is None
        assert picture.notes == (("16 bit reduced to 8",) if white > 255 else ())


def test_sixteen_bits_are_told_where_eight_are_asked_for():
    dark = np.full((50, 60), 12000)
    dark[:5] = 200
    for values in (dark, np.repeat(dark[..., np.newaxis], 3, axis=2)):
        picture = open_photo(pnm(values, 65535))

        assert picture.pixels.max() == 12000 >> 8
        assert picture.notes == ("16 bit reduced to 8",)


def test_a_soft_mask_of_sixteen_bits_has_its_edges(tmp_path):
    values = np.zeros((200, 200), np.uint16)
    values[100:105, 100:105], values[99, 100:105] = 65535, 30000
    (tmp_path / "mask.pgm").write_bytes(pnm(values, 65535))

    np.testing.assert_array_equal(read_mask(tmp_path / "mask.pgm"), values >> 8)


def test_a_mask_of_zeros_and_ones_is_black_and_white(tmp_path):
    values = np.eye(9, dtype=np.uint8)
    (tmp_path / "mask.pgm").write_bytes(pnm(values, 1))

    np.testing.assert_array_equal(read_mask(tmp_path / "mask.pgm"), values * 255)


@pytest.mark.parametrize("white", [255, 65535])
def test_a_picture_that_a_program_has_open_is_as_its_file(tmp_path, white):
    values = np.arange(60).reshape(6, 10) * (white // 60)
    path = tmp_path / "photo.pgm"
    path.write_bytes(pnm(values, white))
    for decoded in (False, True):
        with Image.open(path) as picture:
            if decoded:
                picture.load()
            np.testing.assert_array_equal(convert_photo(picture).pixels, open_photo(path).pixels)


@pytest.mark.parametrize("white", [255, 300, 65535])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_file_that_ends_too_early_is_refused(tmp_path, white, channels):
    path = tmp_path / "photo.ppm"
    path.write_bytes(pnm(np.zeros((20, 30, *channels), int), white)[:-40])

    assert image_size(path) == (20, 30)
    with pytest.raises(ImageError, match=r"photo\.ppm: cannot be read as an image \(the file ends too early"):
        open_photo(path)
