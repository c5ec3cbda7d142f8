"""Photos of 16 bits a channel keep them from the file to every cutout that can hold them."""

import shutil
import signal
import struct
import zlib
from contextlib import suppress

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import Resource
from support.drawing import draw_pair
from support.folder_job import cut_folder, draw_folder, manifest_lines, pictures, red_score, start
from support.imagemagick import imagemagick, needs_imagemagick
from support.program import run
from support.waiting import PATIENCE_S

from segmentation.core.errors import ImageError
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.images.compositing import blend, in_bits
from segmentation.images.decontamination import decontaminate
from segmentation.images.files import has_alpha, open_photo, read_mask, write_image
from segmentation.images.trimaps import WIDE_BAND, trimap
from segmentation.outputs.alpha import soft_alpha
from segmentation.outputs.cutout_style import with_alpha

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LOW_BITS = np.random.default_rng(0).integers(0, 256, (64, 48, 3)).astype(np.uint16)
PHOTO = draw_pair(0, 64, 48)[0].astype(np.uint16) << 8 | LOW_BITS


def soft_score(photo):
    """A score with more levels than 8 bits have."""
    return cv2.GaussianBlur(red_score(photo), (0, 0), 2)[..., np.newaxis]


ALPHA = soft_alpha(Prediction("a", soft_score((PHOTO >> 8).astype(np.uint8)), LabelMap(), 0.5), 2.0, 16)
CUTOUT = with_alpha(decontaminate(PHOTO, ALPHA), ALPHA)


def png_with_key(values, level):
    """The bytes of a PNG, of grey [H, W] or RGB [H, W, 3], in which this level is transparent."""
    _, content = cv2.imencode(".png", values)
    content = content.tobytes()
    chunk = b"tRNS" + struct.pack(">H", level) * (3 if values.ndim == 3 else 1)
    key = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content[:33] + key + content[33:]  # behind the signature and the header


deep_pictures = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([3, 4])).flatmap(
    lambda shape: hnp.arrays(np.uint16, shape)
)


@pytest.fixture
def photos(tmp_path):
    """A folder of one photo with a colour profile and 300 pixels per inch."""
    write_image(tmp_path / "in" / "a.png", PHOTO, icc_profile=PROFILE, dpi=(300, 300))
    return tmp_path / "in"


def cut(photos, **wanted):
    """Cut a folder out beside it in 16 bits; return the folder of cutouts."""
    results = cut_folder(photos, photos.with_name("out"), bits=16, score=soft_score, **wanted)
    assert not any(result.error for result in results)
    assert not any(result.notes for result in results)
    return photos.with_name("out") / "cutouts"


def by_opencv(path):
    """uint16 RGB or RGBA [H, W, 3 or 4]."""
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return np.dstack([stored[..., 2::-1], stored[..., 3:]])


def by_imagemagick(path, shape):
    """uint16 of a shape [H, W, 3 or 4], of one picture of a file."""
    order = {3: "rgb", 4: "rgba"}[shape[2]]
    read = imagemagick(path, "-depth", 16, "-endian", "MSB", f"{order}:-")
    return np.frombuffer(read, ">u2").reshape(shape)


def by_psd_tools(layer, channel):
    return np.round(layer.numpy(channel) * 65535).astype(np.uint16)


# --- files ------------------------------------------------------------------------------------------------


@given(image=deep_pictures, suffix=st.sampled_from([".png", ".tif", ".PNG"]))
def test_what_is_written_is_read_back_to_the_last_bit(tmp_path_factory, image, suffix):
    path = tmp_path_factory.mktemp("written") / f"image{suffix}"
    write_image(path, image)

    np.testing.assert_array_equal(by_opencv(path), image)
    if suffix == ".tif":
        np.testing.assert_array_equal(tifffile.imread(path), image)
    photo = open_photo(path, bits=16)
    np.testing.assert_array_equal(photo.deep, image[..., :3])
    np.testing.assert_array_equal(photo.pixels, image[..., :3] >> 8)


@given(mask=hnp.arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_a_mask_of_16_bits_is_read_back(tmp_path_factory, mask):
    path = tmp_path_factory.mktemp("written") / "mask.png"
    write_image(path, mask, mostly_empty=True)

    with Image.open(path) as stored:
        np.testing.assert_array_equal(np.asarray(stored), mask)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_profile_resolution_and_kind_are_in_the_file(tmp_path, suffix, channels):
    path = tmp_path / f"a{suffix}"
    write_image(path, CUTOUT[..., :channels], icc_profile=PROFILE, dpi=(300, 150))

    with Image.open(path) as picture:  # Pillow sees 8 of the bits
        assert picture.mode == "RGBA"[:channels]
        assert picture.info["icc_profile"] == PROFILE
        assert picture.info["dpi"] == pytest.approx((300, 150), abs=0.02)
        np.testing.assert_array_equal(np.asarray(picture), CUTOUT[..., :channels] >> 8)
        if suffix == ".tif":
            assert picture.info["compression"] == "tiff_adobe_deflate"
            assert picture.tag_v2.get(338) == ((2,) if channels == 4 else None)  # unassociated alpha


@needs_imagemagick
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_imagemagick_reads_every_bit(tmp_path, suffix):
    write_image(tmp_path / f"a{suffix}", CUTOUT, icc_profile=PROFILE, dpi=(300, 300))

    np.testing.assert_array_equal(by_imagemagick(tmp_path / f"a{suffix}", CUTOUT.shape), CUTOUT)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".bmp"])
def test_a_format_of_8_bits_is_refused(tmp_path, suffix):
    with pytest.raises(ImageError, match=rf"a{suffix}: cannot be written \(16 bits.*PNG and TIFF"):
        write_image(tmp_path / f"a{suffix}", PHOTO)
    assert list(tmp_path.iterdir()) == []


# --- photos -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_that_is_to_be_turned_keeps_its_bits(tmp_path, orientation, suffix):
    upright = tmp_path / f"upright{suffix}"
    write_image(upright, PHOTO)
    path = tmp_path / f"turned{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    if suffix == ".png":
        Image.fromarray((PHOTO >> 8).astype(np.uint8)).save(path, exif=exif)
        eight_bit, deep = path.read_bytes(), upright.read_bytes()
        start = eight_bit.index(b"eXIf") - 4
        length = int.from_bytes(eight_bit[start : start + 4], "big") + 12
        path.write_bytes(deep[:33] + eight_bit[start : start + length] + deep[33:])
    else:
        tag = (274, "H", 1, orientation, True)
        tifffile.imwrite(path, PHOTO, photometric="rgb", metadata=None, extratags=[tag])
    photo = open_photo(path, bits=16)

    assert photo.deep is not None
    np.testing.assert_array_equal(photo.deep >> 8, photo.pixels)
    plain = open_photo(upright, bits=16).deep
    flipped = {2: plain[:, ::-1], 3: plain[::-1, ::-1], 4: plain[::-1], 5: plain.transpose(1, 0, 2)}
    turned = {6: np.rot90(plain, -1), 7: np.rot90(plain, 2).transpose(1, 0, 2), 8: np.rot90(plain)}
    np.testing.assert_array_equal(photo.deep, {1: plain, **flipped, **turned}[orientation])


def test_bits_are_kept_where_they_were_asked_for_and_are_there(photos, tmp_path):
    assert open_photo(photos / "a.png").deep is None
    assert open_photo(photos / "a.png").notes == ("16 bit reduced to 8",)
    Image.fromarray(PHOTO[..., 0]).save(tmp_path / "grey.png")
    grey = open_photo(tmp_path / "grey.png", bits=16)
    np.testing.assert_array_equal(grey.deep, np.dstack([PHOTO[..., 0]] * 3))
    Image.fromarray((PHOTO >> 8).astype(np.uint8)).save(tmp_path / "eight.png")
    assert open_photo(tmp_path / "eight.png", bits=16).deep is None


def test_a_kind_of_file_whose_bits_cannot_be_had_says_so(tmp_path):
    cmyk = np.dstack([PHOTO, PHOTO[..., 0]])
    tifffile.imwrite(tmp_path / "print.tif", cmyk, photometric="separated", metadata=None)
    photo = open_photo(tmp_path / "print.tif", bits=16)

    assert photo.deep is None
    assert "16 bit reduced to 8" in photo.notes


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(place=st.integers(8, 3000), value=st.integers(0, 255), suffix=st.sampled_from([".png", ".tif"]))
def test_a_damaged_file_gives_an_error_or_two_readings_that_agree(tmp_path_factory, place, value, suffix):
    path = tmp_path_factory.mktemp("damaged") / f"a{suffix}"
    write_image(path, PHOTO)
    content = bytearray(path.read_bytes())
    content[place] = value
    path.write_bytes(content)
    with suppress(ImageError):
        photo = open_photo(path, bits=16, max_pixels=10**5)
        if photo.deep is not None:
            np.testing.assert_array_equal(photo.deep >> 8, photo.pixels)


# --- cutouts ----------------------------------------------------------------------------------------------


@given(hnp.arrays(np.uint8, (3, 4)), hnp.arrays(np.uint16, (3, 4)))
def test_bits_are_added_and_taken_by_rounding(shallow, deep):
    np.testing.assert_array_equal(in_bits(in_bits(shallow, 16), 8), shallow)
    assert np.abs(in_bits(deep, 8) - deep / 257).max() <= 0.5
    assert in_bits(np.array([0, 255], np.uint8), 16).tolist() == [0, 65535]


@given(hnp.arrays(np.uint16, (4, 3, 3)), hnp.arrays(np.uint16, (4, 3, 3)), hnp.arrays(np.uint16, (4, 3)))
def test_a_blend_of_16_bits_is_the_weighted_mean(image, background, alpha):
    share = alpha[..., np.newaxis] / 65535
    exact = share * image + (1 - share) * background

    assert np.abs(blend(image, background, alpha) - exact).max() <= 0.5 + 1e-6


def test_the_alpha_is_rounded_from_the_scores_and_not_from_8_bits():
    scores = np.linspace(0.02, 0.98, 5001, dtype=np.float32)[:, np.newaxis]
    beside = (scores < 0.5).astype(np.float32)  # an edge beside each
    prediction = Prediction("a", np.dstack([scores, beside])[0::1].reshape(5001, 2, 1), LabelMap(), 0.5)
    alpha = soft_alpha(prediction, 1.0, 16)

    np.testing.assert_allclose(alpha[:, 0], (scores[:, 0] - 0.02) / 0.96 * 65535, atol=0.52)
    assert np.abs(alpha / 257 - soft_alpha(prediction, 1.0)).max() <= 0.51


def test_a_cutout_has_every_bit_of_the_photo_in_every_format(photos):
    folder = cut(photos, format=("png", "tiff", "psd", "webp"))

    np.testing.assert_array_equal(by_opencv(folder / "a.png"), CUTOUT)
    np.testing.assert_array_equal(tifffile.imread(folder / "a.tif"), CUTOUT)
    np.testing.assert_array_equal(CUTOUT[ALPHA == 65535][:, :3], PHOTO[ALPHA == 65535])
    assert (ALPHA % 257 != 0).any()  # levels that 8 bits have not
    with Image.open(folder / "a.webp") as picture:  # which has 8
        np.testing.assert_array_equal(np.asarray(picture), in_bits(CUTOUT, 8))
    with Image.open(folder.parent / "masks" / "a.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask), ALPHA)
    np.testing.assert_array_equal(read_mask(folder.parent / "masks" / "a.png"), ALPHA >> 8)
    for name in ("a.png", "a.tif"):
        with Image.open(folder / name) as picture:
            assert picture.info["icc_profile"] == PROFILE
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.02)


def test_the_layers_of_a_photoshop_file_have_every_bit(photos):
    document = PSDImage.open(cut(photos, format=("psd",)) / "a.psd")
    photo, group = document

    assert document.depth == 16
    assert document.image_resources.get_data(Resource.ICC_PROFILE) == PROFILE
    resolution = document.image_resources.get_data(Resource.RESOLUTION_INFO)
    assert resolution.horizontal / 65536 == pytest.approx(300, abs=0.01)
    assert (photo.name, photo.kind, photo.visible) == ("photo", "pixel", True)
    np.testing.assert_array_equal(by_psd_tools(photo, "color"), PHOTO)
    np.testing.assert_array_equal(by_psd_tools(photo, "mask")[..., 0], ALPHA)
    assert (group.name, group.kind, group.visible) == ("trimap", "group", False)
    np.testing.assert_array_equal(
        by_psd_tools(group[0], "color")[..., 1], in_bits(trimap(ALPHA, WIDE_BAND), 16)
    )
    np.testing.assert_array_equal(by_psd_tools(document, "shape")[..., 0], ALPHA)
    np.testing.assert_array_equal(by_psd_tools(document, "color")[ALPHA == 65535], PHOTO[ALPHA == 65535])


@needs_imagemagick
def test_imagemagick_reads_the_layers_of_a_photoshop_file_to_the_last_bit(photos):
    path = cut(photos, format=("psd",)) / "a.psd"
    merged, photo, known = (by_imagemagick(f"{path}[{number}]", CUTOUT.shape) for number in range(3))

    np.testing.assert_array_equal(photo, np.dstack([PHOTO, ALPHA]))
    np.testing.assert_array_equal(merged[..., 3], ALPHA)
    np.testing.assert_array_equal(merged[ALPHA == 65535], photo[ALPHA == 65535])
    np.testing.assert_array_equal(known[..., 0], in_bits(trimap(ALPHA, WIDE_BAND), 16))


def test_a_photo_of_8_bits_is_cut_out_in_16(tmp_path):
    shallow = draw_pair(0, 64, 48)[0]
    write_image(tmp_path / "in" / "a.png", shallow)
    folder = cut(tmp_path / "in", format=("png", "psd"), decontaminate=False)

    np.testing.assert_array_equal(by_opencv(folder / "a.png"), with_alpha(in_bits(shallow, 16), ALPHA))
    photo = PSDImage.open(folder / "a.psd")[0]
    np.testing.assert_array_equal(by_psd_tools(photo, "color"), in_bits(shallow, 16))


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.psd"])
def test_a_cutout_over_a_colour_has_16_bits(photos, name):
    background = np.full((1, 1, 3), (192, 255, 238), np.uint8)
    path = cut(photos, format=("png", "tiff", "psd"), background="#c0ffee") / name
    garment = PHOTO if name == "a.psd" else decontaminate(PHOTO, ALPHA)
    expected = blend(garment, in_bits(background, 16), ALPHA)

    found = by_psd_tools(PSDImage.open(path), "color") if name == "a.psd" else by_opencv(path)
    np.testing.assert_array_equal(found, expected)


def test_a_crop_holds_all_that_shows_in_16_bits(photos):
    found = by_opencv(cut(photos, crop=0) / "a.png")
    rows, columns = np.flatnonzero(ALPHA.any(axis=1)), np.flatnonzero(ALPHA.any(axis=0))

    np.testing.assert_array_equal(found, CUTOUT[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


# --- the folder job ---------------------------------------------------------------------------------------


def test_a_job_killed_at_any_step_leaves_whole_photoshop_files(tmp_path):
    """The depth is changed, the job is killed, and the same job goes on."""
    source, output = draw_folder(tmp_path / "in"), tmp_path / "out"
    wanted = {"format": ("png", "psd"), "bits": 16}
    cut_folder(source, tmp_path / "whole", **wanted)
    whole = pictures(tmp_path / "whole")
    for step in (3, 20, 33, 47):
        shutil.rmtree(output, ignore_errors=True)
        cut_folder(source, output, format=("png", "psd"))
        process = start(source, output, die_at=step, workers=1, **wanted)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == -signal.SIGKILL
        for path in (output / "cutouts").rglob("[!.]*.psd"):
            PSDImage.open(path)  # of the one depth or the other, and whole
        cut_folder(source, output, **wanted)
        assert pictures(output) == whole
        assert len(manifest_lines(output)) == 6


def test_the_command_cuts_a_photo_of_16_bits_out(photos, tmp_path):
    output = tmp_path / "out"
    options = ("--save", "--bits", 16, "--format", "png,psd,tiff", "--refine", "guided-filter")
    run("predict", "--input", photos, "--output", output, *options)

    line = manifest_lines(output)[0]
    assert "16 bit reduced to 8" not in line["notes"]
    cutout = by_opencv(output / "cutouts" / "a.png")
    np.testing.assert_array_equal(tifffile.imread(output / "cutouts" / "a.tif"), cutout)
    photo = PSDImage.open(output / "cutouts" / "a.psd")[0]
    np.testing.assert_array_equal(by_psd_tools(photo, "color"), PHOTO)
    np.testing.assert_array_equal(by_psd_tools(photo, "mask")[..., 0], cutout[..., 3])
    with Image.open(output / "masks" / "a.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask), cutout[..., 3])


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_the_level_or_colour_that_a_png_of_sixteen_bits_makes_transparent_is(tmp_path, bits, channels):
    values = np.random.default_rng(0).integers(2000, 2**16, (20, 30, *channels)).astype(np.uint16)
    values[5:15, 5:25] = 1000
    values[5:15, 25:] = 1001  # the same in 8 bits
    path = tmp_path / "cutout.png"
    path.write_bytes(png_with_key(values, 1000))
    alpha = np.full((20, 30), 255)
    alpha[5:15, 5:25] = 0
    picture = open_photo(path, bits=bits)

    assert has_alpha(path)
    np.testing.assert_array_equal(read_mask(path), alpha)
    np.testing.assert_array_equal(picture.alpha, alpha if bits == 8 else alpha * 257)
    rgb = values[..., ::-1] if channels else np.dstack([values] * 3)
    np.testing.assert_array_equal(picture.pixels, rgb >> 8)
