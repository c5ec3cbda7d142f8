"""Files that a retoucher opens elsewhere: every format read back, by its own library and a second one."""

import importlib.util
import io
import json
import re
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import Resource
from support.drawing import draw_pair
from support.folder_job import cut_folder, made, manifest_lines, pictures, red_score
from support.imagemagick import imagemagick, needs_imagemagick
from support.program import make, run

from segmentation.cli.main import build_parser
from segmentation.cli.parser import read_command
from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.errors import ImageError
from segmentation.core.file_kinds import FILES, FORMATS
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.core.size import Size
from segmentation.images.canvas import place_on_canvas
from segmentation.images.compositing import blend, cover, crop_box, in_bits
from segmentation.images.decontamination import decontaminate
from segmentation.images.files import open_photo, read_photo
from segmentation.images.outline import outlined
from segmentation.images.psd_write import write_psd
from segmentation.images.refinement import refine
from segmentation.images.trimaps import BAND, WIDE_BAND, trimap
from segmentation.outputs.alpha import soft_alpha
from segmentation.outputs.cutout_style import CutoutStyle, with_alpha

SUFFIXES = {name: FILES[kind].suffix for name, kind in FORMATS.items()}
FLAT = [name for name in FORMATS if name not in ("psd", "jpg")]  # pictures without layers and without loss
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PHOTO = draw_pair(0, 64, 48)[0]
ALPHA = soft_alpha(Prediction("a", red_score(PHOTO), LabelMap(), 0.5), 2.0)
GARMENT = decontaminate(PHOTO, ALPHA)
COLOUR = (192, 255, 238)
HEX = "#c0ffee"  # the same


@pytest.fixture
def photos(tmp_path):
    """A folder of one photo with a colour profile and 300 pixels per inch."""
    (tmp_path / "in").mkdir()
    Image.fromarray(PHOTO).save(tmp_path / "in" / "a.png", icc_profile=PROFILE, dpi=(300, 300))
    return tmp_path / "in"


def cut(photos, **wanted):
    """Cut a folder out beside it; return the folder of results."""
    output = photos.with_name("out")
    assert not any(result.error for result in cut_folder(photos, output, **wanted))
    return output


def read_rgba(path):
    with Image.open(path) as picture:
        assert picture.mode == "RGBA"
        return np.asarray(picture)


# --- formats ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FLAT)
def test_a_cutout_is_the_same_in_every_format(photos, name):
    output = cut(photos, format=(name,))

    assert pictures(output).keys() == {"masks/a.png", f"cutouts/a{SUFFIXES[name]}"}
    np.testing.assert_array_equal(
        read_rgba(output / "cutouts" / f"a{SUFFIXES[name]}"), with_alpha(GARMENT, ALPHA)
    )


def jpeg_of(image, **options):
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", icc_profile=PROFILE, dpi=(300, 300), **options)
    content.seek(0)
    return np.asarray(Image.open(content))


def test_a_jpg_is_over_white_beside_transparent_files(photos):
    output = cut(photos, format=("png,jpg"))

    np.testing.assert_array_equal(
        read_photo(output / "cutouts" / "a.jpg"),
        jpeg_of(blend(GARMENT, 255, ALPHA), quality=92, subsampling="4:4:4"),
    )
    np.testing.assert_array_equal(read_rgba(output / "cutouts" / "a.png"), with_alpha(GARMENT, ALPHA))


def test_a_jpg_has_the_background_quality_and_subsampling_that_were_chosen(photos):
    chosen = {"quality": 70, "subsampling": "4:2:0"}
    output = cut(photos, format="jpg,webp", background=HEX, jpeg_quality=70, subsampling="4:2:0")
    expected = blend(GARMENT, np.array(COLOUR), ALPHA)

    np.testing.assert_array_equal(read_photo(output / "cutouts" / "a.jpg"), jpeg_of(expected, **chosen))
    with Image.open(output / "cutouts" / "a.webp") as lossy:
        assert not np.array_equal(np.asarray(lossy), expected)
        np.testing.assert_allclose(np.asarray(lossy).astype(float).mean(), expected.mean(), atol=2)


def test_soft_edges_lose_the_colours_behind_them_unless_the_photos_own_are_asked_for(photos):
    soft = (ALPHA > 0) & (ALPHA < 255)
    cutout = read_rgba(cut(photos) / "cutouts" / "a.png")
    as_it_is = read_rgba(cut(photos, decontaminate=False) / "cutouts" / "a.png")

    np.testing.assert_array_equal(as_it_is, with_alpha(PHOTO, ALPHA))
    np.testing.assert_array_equal(cutout[~soft], as_it_is[~soft])
    assert (cutout[soft] != as_it_is[soft]).any()


def test_a_tiff_is_deflated_with_unassociated_alpha(photos):
    with Image.open(cut(photos, format=("tiff",)) / "cutouts" / "a.tif") as picture:
        assert picture.info["compression"] == "tiff_adobe_deflate"
        assert picture.tag_v2[338] == (2,)  # ExtraSamples, TIFF 6.0


def test_a_photoshop_file_holds_the_untouched_photo_under_an_editable_mask(photos):
    document = PSDImage.open(cut(photos, format=("psd",)) / "cutouts" / "a.psd")
    photo, group = document

    assert (photo.name, photo.kind, photo.visible) == ("photo", "pixel", True)
    np.testing.assert_array_equal(np.asarray(photo.topil(apply_icc=False).convert("RGB")), PHOTO)
    np.testing.assert_array_equal(np.asarray(photo.mask.topil()), ALPHA)
    assert (group.name, group.kind, group.visible) == ("trimap", "group", False)
    assert len(group) == 1
    shown = np.asarray(group[0].topil(apply_icc=False).convert("RGB"))
    np.testing.assert_array_equal(shown, np.dstack([trimap(ALPHA, WIDE_BAND)] * 3))


def test_the_layers_of_a_photoshop_file_together_are_the_cutout(photos):
    document = PSDImage.open(cut(photos, format=("psd",)) / "cutouts" / "a.psd")
    layers = np.asarray(document.composite(force=True, apply_icc=False))

    np.testing.assert_array_equal(layers[..., 3], ALPHA)
    difference = np.abs(layers[..., :3].astype(int) - PHOTO)[ALPHA > 8]
    assert difference.max() <= 8  # psd-tools rounds colours to the alpha that they have
    assert difference[ALPHA[ALPHA > 8] == 255].max() == 0


def test_programs_without_layers_see_the_cutout_in_a_photoshop_file(photos):
    path = cut(photos, format=("psd",)) / "cutouts" / "a.psd"
    merged = np.asarray(PSDImage.open(path).topil(apply_icc=False))

    np.testing.assert_array_equal(merged[..., 3], ALPHA)
    np.testing.assert_array_equal(merged[ALPHA == 255][:, :3], PHOTO[ALPHA == 255])
    with Image.open(path) as picture:  # Pillow leaves the white in
        stored = np.asarray(picture.convert("RGBA"))
    np.testing.assert_array_equal(stored[..., 3], ALPHA)
    np.testing.assert_array_equal(stored[..., :3], blend(PHOTO, 255, ALPHA))


@needs_imagemagick
@pytest.mark.parametrize("background", [None, HEX])
def test_imagemagick_reads_a_photoshop_file_as_the_cutout(photos, tmp_path, background):
    path = cut(photos, format=("psd",), background=background) / "cutouts" / "a.psd"
    shown = tmp_path / "shown.png"
    flattened = ["-background", f"rgb{COLOUR}", "-flatten", "-strip", f"png24:{shown}"]
    imagemagick(f"{path}[0]", *flattened)

    expected = blend(PHOTO, np.array(COLOUR), ALPHA)
    with Image.open(shown) as picture:
        assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - expected).max() <= 3


@pytest.mark.parametrize("name", ["png", "tiff", "webp", "psd"])
def test_colour_profile_and_resolution_are_kept(photos, name):
    path = cut(photos, format=(name,)) / "cutouts" / f"a{SUFFIXES[name]}"

    with Image.open(path) as picture:
        assert picture.info["icc_profile"] == PROFILE
        if name in ("png", "tiff"):
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    if name == "psd":
        resolution = PSDImage.open(path).image_resources.get_data(Resource.RESOLUTION_INFO)
        assert resolution.horizontal / 65536 == pytest.approx(300, abs=0.01)
        assert resolution.vertical / 65536 == pytest.approx(300, abs=0.01)
        assert (resolution.horizontal_unit, resolution.vertical_unit) == (1, 1)  # pixels per inch


def test_a_photo_without_them_gets_neither_profile_nor_resolution(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(PHOTO).save(tmp_path / "in" / "a.png")
    output = cut(tmp_path / "in", format=tuple(FORMATS))

    with Image.open(output / "cutouts" / "a.png") as picture:
        assert {"dpi", "icc_profile"}.isdisjoint(picture.info)
    assert list(PSDImage.open(output / "cutouts" / "a.psd").image_resources) == [Resource.VERSION_INFO]


def test_the_resolution_turns_with_the_photo(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation: to be turned by a quarter
    Image.fromarray(PHOTO).save(tmp_path / "a.jpg", dpi=(300, 150), exif=turned)

    assert open_photo(tmp_path / "a.jpg").dpi == (150, 300)


@pytest.mark.parametrize("dpi", [(0, 0), (1, 2_000_000)])
def test_a_resolution_that_cannot_be_is_ignored(tmp_path, dpi):
    Image.fromarray(PHOTO).save(tmp_path / "a.tif", dpi=dpi)

    assert open_photo(tmp_path / "a.tif").dpi is None


def test_a_photoshop_file_that_would_be_too_large_is_refused_with_its_name(tmp_path):
    strip = np.zeros((1, 30_001), np.uint8)
    with pytest.raises(ImageError, match=r"wide\.psd.*at most 30000.*30001x1.*another `format`"):
        write_psd(tmp_path / "wide.psd", np.dstack([strip] * 3), strip, np.dstack([strip] * 4), trimap=strip)

    assert list(tmp_path.iterdir()) == []


def test_a_photoshop_file_of_too_many_bytes_is_refused_with_its_name(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("segmentation.images.psd_write._MOST_BYTES", 10**4)  # in place of 2 GB
    (result,) = cut_folder(photos, tmp_path / "out", format="psd")

    assert re.search(r"a\.psd: .*at most .* GB in a PSD.*`crop`, or choose another `format`", result.error)
    assert not (tmp_path / "out" / "cutouts" / "a.psd").exists()


@pytest.mark.parametrize("bits", [8, 16])
def test_a_photoshop_file_on_a_full_disk_keeps_the_old_one(tmp_path, bits):
    path = tmp_path / "a.psd"
    image, alpha = in_bits(PHOTO, bits), in_bits(ALPHA, bits)
    write_psd(path, image, alpha, np.dstack([image, alpha]), trimap=alpha)
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) - 1, limits[1]))
    try:
        with pytest.raises(
            ImageError, match=r"a\.psd: cannot be written \(file too large\); check the folder"
        ):
            write_psd(path, image, alpha, np.dstack([image, alpha]), trimap=alpha)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_photo_gives_the_same_bytes_in_every_format(photos, tmp_path):
    first = pictures(cut(photos, format=tuple(FORMATS), overlay=True, trimap=True))
    shutil.rmtree(tmp_path / "out")

    assert len(first) == len(FORMATS) + 3
    assert pictures(cut(photos, format=tuple(FORMATS), overlay=True, trimap=True)) == first


# --- backgrounds, crops, overlays, trimaps ---------------------------------------------------------------


@pytest.mark.parametrize("name", FLAT)
def test_a_cutout_over_a_colour_is_exact_where_nothing_or_all_shows(photos, name):
    path = cut(photos, format=(name,), background=HEX) / "cutouts" / f"a{SUFFIXES[name]}"
    with Image.open(path) as picture:
        assert picture.mode == "RGB"
        shown = np.asarray(picture)

    assert (shown[ALPHA == 0] == COLOUR).all()
    np.testing.assert_array_equal(shown[ALPHA == 255], PHOTO[ALPHA == 255])
    np.testing.assert_array_equal(shown, blend(GARMENT, np.array(COLOUR), ALPHA))


def test_a_photoshop_file_over_a_colour_keeps_the_photo_in_its_own_layer(photos):
    document = PSDImage.open(cut(photos, format=("psd",), background=HEX) / "cutouts" / "a.psd")

    assert [layer.name for layer in document] == ["background", "photo", "trimap"]
    expected = blend(PHOTO, np.array(COLOUR), ALPHA)
    np.testing.assert_array_equal(np.asarray(document.topil(apply_icc=False)), expected)
    layers = document.composite(force=True, apply_icc=False).convert("RGB")
    assert np.abs(np.asarray(layers).astype(int) - expected).max() <= 1


def test_a_picture_fills_the_cutout(photos):
    halves = np.zeros((10, 40, 3), np.uint8)  # wider than the photo: its sides are left out
    halves[:, :20], halves[:, 20:] = (10, 20, 30), (200, 210, 220)
    Image.fromarray(halves).save(photos.with_name("halves.png"))
    cutout = read_photo(cut(photos, background=photos.with_name("halves.png")) / "cutouts" / "a.png")

    assert (cutout[:, :16][ALPHA[:, :16] == 0] == (10, 20, 30)).all()
    assert (cutout[:, -16:][ALPHA[:, -16:] == 0] == (200, 210, 220)).all()


def test_a_crop_is_the_garments_box_and_a_margin_in_every_format(photos):
    output = cut(photos, format=tuple(FORMATS), crop=10)
    rows, columns = np.flatnonzero(ALPHA.any(axis=1)), np.flatnonzero(ALPHA.any(axis=0))
    margin = round((rows[-1] - rows[0] + 1) / 10)
    box = (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )
    expected = with_alpha(GARMENT, ALPHA)[box]

    assert expected.size < with_alpha(PHOTO, ALPHA).size
    for name in FLAT:
        np.testing.assert_array_equal(read_rgba(output / "cutouts" / f"a{SUFFIXES[name]}"), expected)
    document = PSDImage.open(output / "cutouts" / "a.psd")
    np.testing.assert_array_equal(np.asarray(document.topil(apply_icc=False))[..., 3], expected[..., 3])
    with Image.open(output / "masks" / "a.png") as mask:
        assert mask.size == (48, 64)


def test_what_holds_nothing_is_not_cropped_and_says_so(photos, tmp_path):
    def nothing(photo):
        return np.zeros((*photo.shape[:2], 1), np.float32)

    (result,) = cut_folder(photos, tmp_path / "out", score=nothing, crop=5)

    assert "not cropped" in result.notes[-1]
    assert manifest_lines(tmp_path / "out")[0]["notes"] == list(result.notes)
    assert read_rgba(tmp_path / "out" / "cutouts" / "a.png").shape == (64, 48, 4)


def test_overlays_and_trimaps_have_the_photos_size(photos):
    output = cut(photos, overlay=True, trimap=True)

    with Image.open(output / "trimaps" / "a.png") as stored:
        np.testing.assert_array_equal(np.asarray(stored), trimap(ALPHA, WIDE_BAND))
    with Image.open(output / "overlays" / "a.jpg") as overlay:
        assert overlay.info["icc_profile"] == PROFILE
        assert overlay.info["dpi"] == (300, 300)
    drawn = read_photo(output / "overlays" / "a.jpg")
    assert np.abs(drawn.astype(int) - outlined(PHOTO, ALPHA)).mean() < 6


def test_an_outline_follows_the_edge_and_leaves_the_rest_of_the_photo():
    alpha = np.zeros((40, 40), np.uint8)
    alpha[10:30, 10:30] = 255
    drawn = outlined(np.full((40, 40, 3), 90, np.uint8), alpha)
    changed = (drawn != 90).any(axis=2)

    assert changed[10, 10:30].all()
    assert changed[10:30, 29].all()
    assert not changed[14:26, 14:26].any()
    assert not changed[:7].any()


def test_a_trimap_is_grey_within_one_200th_of_the_height_of_an_edge():
    alpha = np.zeros((800, 100), np.uint8)
    alpha[200:600] = 255
    column = trimap(alpha, WIDE_BAND)[:, 50]

    np.testing.assert_array_equal(np.flatnonzero(column == 128), [*range(196, 204), *range(596, 604)])
    assert (column[204:596] == 255).all()
    assert (column[:196] == 0).all()


@pytest.mark.parametrize("value", [0, 255])
def test_a_trimap_without_an_edge_is_sure(value):
    assert (trimap(np.full((30, 20), value, np.uint8), WIDE_BAND) == value).all()


fields = hnp.arrays(np.uint8, (4, 3, 3))


@given(fields, fields, hnp.arrays(np.uint8, (4, 3)))
def test_a_blend_is_the_weighted_mean(image, background, alpha):
    share = alpha[..., np.newaxis] / 255
    exact = share * image + (1 - share) * background

    assert np.abs(blend(image, background, alpha) - exact).max() <= 0.5 + 1e-9


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_a_picture_covers_any_size_and_a_flat_one_stays_flat(rows, columns, height, width):
    filling = cover(np.full((rows, columns, 3), COLOUR, np.uint8), height, width)

    assert filling.shape == (height, width, 3)
    assert (filling == COLOUR).all()


@given(
    hnp.arrays(np.uint8, (9, 7), elements=st.sampled_from([0, 0, 1, 10, 11, 255])),
    st.floats(0, 100),
    st.sampled_from([8, 16]),
)
def test_a_crop_holds_all_that_can_be_seen(alpha, margin, bits):
    visible = alpha > 10  # of 255
    alpha = in_bits(alpha, bits)
    box = crop_box(alpha, margin)

    if box is None:
        assert not visible.any()
    else:
        assert np.count_nonzero(visible[box]) == np.count_nonzero(visible)
        tight = visible[crop_box(alpha, 0)]
        assert all(side.any() for side in (tight[0], tight[-1], tight[:, 0], tight[:, -1]))
        assert alpha[box].shape >= tight.shape


# --- refinement ------------------------------------------------------------------------------------------


def test_every_file_has_the_refined_edge(photos):
    output = cut(photos, format=("png", "psd"), refine="guided-filter", trimap=True)
    alpha = refine(PHOTO, ALPHA, trimap(ALPHA, BAND), method="guided-filter")

    assert (alpha != ALPHA).any()
    with Image.open(output / "masks" / "a.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask), alpha)
    np.testing.assert_array_equal(
        read_rgba(output / "cutouts" / "a.png"), with_alpha(decontaminate(PHOTO, alpha), alpha)
    )
    photo, _ = PSDImage.open(output / "cutouts" / "a.psd")
    np.testing.assert_array_equal(np.asarray(photo.mask.topil()), alpha)
    with Image.open(output / "trimaps" / "a.png") as stored:
        np.testing.assert_array_equal(np.asarray(stored), trimap(alpha, WIDE_BAND))


def test_a_refined_edge_can_be_hard(photos, tmp_path):
    cut_folder(photos, tmp_path / "out", refine="guided-filter", binary=True)
    soft = refine(PHOTO, ALPHA, trimap(ALPHA, BAND))

    with Image.open(tmp_path / "out" / "masks" / "a.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask), (soft >= 128) * np.uint8(255))


# --- the folder job --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"format": ("psd", "tiff")},
        {"crop": 5.0},
        {"background": "#010203"},
        {"overlay": True},
        {"trimap": True},
        {"bits": 16},
        {"refine": "guided-filter"},
    ],
    ids=["formats", "crop", "background", "overlay", "trimap", "bits", "refine"],
)
def test_other_files_are_made_when_they_are_asked_for(source, tmp_path, other):
    plain = cut_folder(source, tmp_path / "out")
    changed = cut_folder(source, tmp_path / "out", **other)
    again = cut_folder(source, tmp_path / "out", **other)

    assert len(made(plain)) == len(made(changed)) == 6
    assert made(again) == []
    assert [result.outputs for result in again] == [result.outputs for result in changed]
    for result in changed:
        assert all((tmp_path / "out" / path).stat().st_size for path in result.outputs.values())


def test_another_colour_is_another_background(source, tmp_path):
    for value in (1, 2):
        assert len(made(cut_folder(source, tmp_path / "out", background=f"#0{value}0000"))) == 6


def test_a_photoshop_file_that_is_gone_is_made_again(source, tmp_path):
    cut_folder(source, tmp_path / "out", format="psd")
    (tmp_path / "out" / "cutouts" / "x" / "a.psd").unlink()

    assert made(cut_folder(source, tmp_path / "out", format="psd")) == ["x/a"]


def test_no_file_of_any_kind_is_left_of_a_photo_that_is_broken_now(source, tmp_path):
    cut_folder(source, tmp_path / "out", format="png,psd", overlay=True, trimap=True)
    (source / "b.png").write_bytes(b"no picture")
    cut_folder(source, tmp_path / "out")

    assert [name for name in pictures(tmp_path / "out") if Path(name).stem == "b"] == []


def test_one_photo_whose_layers_cannot_be_written_does_not_stop_the_others(source, tmp_path):
    (tmp_path / "out" / "cutouts" / "a.psd").mkdir(parents=True)
    results = cut_folder(source, tmp_path / "out", format="psd")

    assert [result.error is None for result in results] == [False, *[True] * 5]
    assert "a.psd" in results[0].error
    assert not [name for name in pictures(tmp_path / "out") if ".tmp-" in name]


# --- a canvas --------------------------------------------------------------------------------------------


def shown_box(alpha):
    rows, columns = np.flatnonzero((alpha > 127).any(axis=1)), np.flatnonzero((alpha > 127).any(axis=0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def garment_of(rows, columns, bits=8):
    """A photo of one colour before another, and the alpha of a rectangle in it."""
    opaque = 2**bits - 1
    alpha = np.zeros((90, 80), np.uint16 if bits == 16 else np.uint8)
    alpha[20 : 20 + rows, 30 : 30 + columns] = opaque
    image = np.zeros((90, 80, 3), alpha.dtype)
    image[..., 1] = opaque  # a green backdrop
    image[alpha > 0] = (opaque, 0, 0)
    return image, alpha


@given(
    rows=st.integers(1, 60),
    columns=st.integers(1, 40),
    height=st.integers(20, 200),
    width=st.integers(20, 200),
    margin=st.sampled_from([0, 5, 12.5, 40]),
    align=st.sampled_from(["center", "top", "bottom"]),
    bits=st.sampled_from([8, 16]),
)
def test_a_garment_fills_its_canvas_between_the_margins(rows, columns, height, width, margin, align, bits):
    image, alpha = garment_of(rows, columns, bits)
    placed, placed_alpha, scale = place_on_canvas(
        image, alpha, Size(height, width), margin_percent=margin, align=align
    )

    assert placed.shape == (height, width, 3)
    assert placed_alpha.shape == (height, width)
    assert placed.dtype == placed_alpha.dtype == alpha.dtype
    free = height * (1 - margin / 50), width * (1 - margin / 50)
    assert scale == pytest.approx(min(free[0] / rows, free[1] / columns))
    top, bottom, left, right = shown_box(placed_alpha * 1.0 * 255 / np.iinfo(alpha.dtype).max)
    assert bottom - top == pytest.approx(scale * rows, abs=1.5)
    assert right - left == pytest.approx(scale * columns, abs=1.5)
    above, below = top, height - bottom
    edge = margin / 100 * height
    expected = {"top": (edge, None), "bottom": (None, edge), "center": (below, above)}[align]
    for distance, wanted in zip((above, below), expected, strict=True):
        assert wanted is None or distance == pytest.approx(wanted, abs=2)
    assert left == pytest.approx(width - right, abs=2)


def test_the_backdrop_does_not_bleed_into_a_scaled_edge():
    image, alpha = garment_of(31, 17)
    placed, placed_alpha, _scale = place_on_canvas(
        image, alpha, Size(70, 60), margin_percent=5, align="center"
    )

    assert (placed[placed_alpha > 0, 1] <= 1).all()  # no green, however transparent


def test_nothing_is_placed_where_nothing_shows():
    blank = np.zeros((8, 8), np.uint8)

    placed = place_on_canvas(np.dstack([blank] * 3), blank, Size(9, 9), margin_percent=5, align="top")
    assert placed is None


def test_a_canvas_holds_the_garment_over_the_background_and_the_psd_the_photo(photos):
    output = cut(photos, format="png,jpg,psd", canvas="200x300", align="bottom", background="white")

    shown = read_photo(output / "cutouts" / "a.png")
    assert shown.shape == read_photo(output / "cutouts" / "a.jpg").shape == (300, 200, 3)
    assert (shown[:3] == 255).all()
    assert (shown[-14:] > 250).all()
    assert not (shown[-17] > 250).all()  # the margin is 5 per cent of 300
    assert PSDImage.open(output / "cutouts" / "a.psd").size == (48, 64)
    assert any("enlarged" in note for note in manifest_lines(output)[0]["notes"])


# --- the command -----------------------------------------------------------------------------------------


def test_a_retoucher_gets_every_file_that_the_command_names(photos, tmp_path):
    output = tmp_path / "out"
    options = ("--save", "--format", ",".join(FORMATS), "--overlay", "--trimap")
    run("predict", "--input", photos, "--output", output, *options)

    assert pictures(output).keys() == {
        *(f"cutouts/a{suffix}" for suffix in SUFFIXES.values()),
        *("masks/a.png", "overlays/a.jpg", "trimaps/a.png", "review/a.jpg", "review/a.png"),
        *("review.html", "triage.csv"),
    }
    line = json.loads((output / "predictions.jsonl").read_text())
    assert set(line["outputs"].values()) == pictures(output).keys() - {"review.html", "triage.csv"}
    with Image.open(output / "masks" / "a.png") as mask:
        alpha = np.asarray(mask)
    np.testing.assert_array_equal(
        np.asarray(PSDImage.open(output / "cutouts" / "a.psd")[0].mask.topil()), alpha
    )
    for name in FLAT:
        cutout = read_rgba(output / "cutouts" / f"a{SUFFIXES[name]}")
        np.testing.assert_array_equal(cutout, with_alpha(decontaminate(PHOTO, alpha), alpha))


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--save", "--format", "png,gif"), (", ".join(FORMATS), "'gif'")),
        (("--save", "--format", ""), (", ".join(FORMATS), "''")),
        (("--save", "--background", "#ffff"), ("six digits", "#ffff")),
        (("--save", "--crop", "--canvas", "20x20"), ("--crop: expected without --canvas", "--margin")),
        (("--save", "--crop", "--margin", "10"), ("--margin: expected with --canvas", "add that")),
        (
            ("--save", "--jpeg-quality", "80"),
            ("--jpeg-quality: expected with", "jpg or webp", "received png"),
        ),
        (("--save", "--format", "webp", "--subsampling", "4:2:0"), ("--subsampling: expected with", "jpg")),
        (("--save", "--background", "nowhere.png"), ("expected a colour", "nowhere.png", "check the path")),
        (("--save", "--crop", "-1"), ("0 to 100", "-1")),
        (("--save", "--crop", "nan"), ("0 to 100", "nan")),
        (("--format", "psd", "--overlay"), ("--format --overlay", "add --save")),
        (("--refine", "guided-filter", "--bits", "16"), ("--bits --refine", "add --save")),
        (("--save", "--bits", "12"), ("8, 16", "12")),
        (("--save", "--bits", "16", "--format", "webp"), ("png, psd or tiff", "webp", "add one")),
        (("--save", "--refine", "magic"), ("none, guided-filter, closed-form", "'magic'")),
        pytest.param(
            ("--save", "--refine", "closed-form"),
            ("pymatting is needed", "pip install 'garment-cutout[matting]'"),
            marks=pytest.mark.skipif(
                importlib.util.find_spec("pymatting") is not None, reason="pymatting is installed"
            ),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_refused_in_one_line_with_a_remedy(photos, arguments, parts, capsys):
    make("predict", "--input", photos, *arguments, check=2)
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert all(part in message for part in parts), message


def wanted_by(*arguments):
    """Return the files that a command with these arguments should write."""
    typed = build_parser().parse_args(["predict", "--input", "in", *arguments])
    return CutoutStyle.from_options(read_command(PredictOptions, typed).files)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (("png",), None, None)),
        (["--format", "webp, PSD,psd", "--crop"], (("psd", "webp"), None, 5.0)),
        (["--crop", "12.5", "--background", "#C0ffee"], (("png",), [[list(COLOUR)]], 12.5)),
        (["--background", "White", "--format", "jpg,png"], (("png", "jpg"), [[[255, 255, 255]]], None)),
        (["--background", "#0fa"], (("png",), [[[0, 255, 170]]], None)),
        (["--background", "transparent"], (("png",), None, None)),
    ],
)
def test_the_options_say_what_is_written(arguments, expected):
    wanted = wanted_by(*arguments)
    background = None if wanted.background is None else wanted.background.pixels.tolist()

    assert (wanted.options.format, background, wanted.options.crop) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ("none", 8)),
        (["--refine", "guided-filter", "--bits", "16"], ("guided-filter", 16)),
        (["--bits", "16", "--format", "webp,png"], ("none", 16)),
    ],
)
def test_the_options_say_how_edges_and_depth_are_made(arguments, expected):
    wanted = wanted_by(*arguments)

    assert (wanted.options.refine, wanted.options.bits) == expected


def test_a_picture_can_be_the_background(photos):
    wanted = wanted_by("--background", str(photos / "a.png"))

    np.testing.assert_array_equal(wanted.background.pixels, PHOTO)
