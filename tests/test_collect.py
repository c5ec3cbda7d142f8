"""Corrections by a retoucher come back as pairs to train on, and the program says how much was corrected."""

import csv
import json
import shutil
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import ChannelID, Compression, Tag
from psd_tools.psd import PSD
from psd_tools.psd.layer_and_mask import ChannelInfo, MaskFlags, MaskParameters
from psd_tools.psd.vector import Path as PenPath
from scipy import ndimage
from support.drawing import draw_pair, draw_set, ellipse
from support.folder_job import cut_folder, draw, pictures
from support.program import make, run

from segmentation.core.errors import DataError, ImageError
from segmentation.datasets.discover import discover
from segmentation.datasets.origin import RECORD, RETOUCHED
from segmentation.evaluation.corrections import alike, measure_correction, share_near
from segmentation.images.files import read_mask
from segmentation.images.psd_read import read_psd_alpha
from segmentation.outputs.collect import REPORT, collect, find_predictions, predicted_masks, write_report
from segmentation.outputs.manifest import MANIFEST
from segmentation.outputs.naming import find_photos
from segmentation.outputs.retouched import corrected_alpha, match

ALPHA = draw_pair(3)[1]
SHAPE = ALPHA.shape
PHOTO = Image.fromarray(draw_pair(3)[0])
MASKS = hnp.arrays(np.bool_, st.tuples(st.integers(3, 14), st.integers(3, 14)))


def collected(retouched, photos, output, predictions=None, *, untouched=True):
    """Collect every match; return the results by id."""
    matches, _, _ = match(retouched, find_photos(photos), exclude=output)
    masks = predicted_masks(predictions, [found.photo for found in matches])
    results = [collect(found, output, masks, untouched=untouched) for found in matches]
    return {one.id: one for one in results}


def test_corrected_files_behind_links_are_found_and_links_that_lead_back_are_told(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "photos" / "monday").mkdir(parents=True)
    PHOTO.save(tmp_path / "photos" / "monday" / "a.png")
    Image.fromarray(np.dstack([PHOTO, ALPHA])).save(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "monday").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "elsewhere")

    told = []
    found, strays, missing = match(
        tmp_path / "done", find_photos(tmp_path / "photos"), tmp_path / "set", told.append
    )
    assert [(one.photo.stem, [path.name for path in one.files]) for one in found] == [("monday/a", ["a.png"])]
    assert (strays, missing) == ([], [])
    assert len(told) == 1
    assert "leads back to" in told[0]


def paint(path, change):
    """Retouch the alpha channel, uint8 [H, W], of a picture in place, as any editor of pictures does."""
    with Image.open(path) as picture:
        pixels = np.array(picture.convert("RGBA"))
    change(pixels[..., 3])
    Image.fromarray(pixels).save(
        path, **({"lossless": True, "exact": True} if path.suffix == ".webp" else {})
    )
    return pixels[..., 3]


def paint_psd(path, change):
    """Retouch the layer mask of a Photoshop document in place."""
    document = PSDImage.open(path)
    layer = next(one for one in document if one.name == "photo")
    alpha = np.array(layer.mask.topil())
    change(alpha)
    layer.update_mask(Image.fromarray(alpha))
    document.save(path)
    return alpha


def fill_corner(alpha):
    alpha[:10, :12] = 255


@pytest.fixture
def done(tmp_path):
    """The output of predict for three photos, one in a subfolder, in every format that keeps transparency."""
    for number, name in enumerate(["a.png", "b.png", "x/c.png"]):
        draw(tmp_path / "in" / name, number)
    cut_folder(tmp_path / "in", tmp_path / "out", format=("png", "psd", "tiff", "webp"))
    return tmp_path / "out"


def keep_only(done, suffix):
    for path in (done / "cutouts").rglob("*.*"):
        if path.is_file() and path.suffix != suffix:
            path.unlink()
    return sorted((done / "cutouts").rglob(f"*{suffix}"))


def rows(folder):
    with (folder / REPORT).open(encoding="utf-8", newline="") as lines:
        return {row["id"]: row for row in csv.DictReader(lines)}


# --- what a file holds ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".psd", ".tif", ".webp"])
def test_what_was_painted_into_any_format_becomes_the_mask(done, tmp_path, suffix):
    files = keep_only(done, suffix)
    painted = (paint_psd if suffix == ".psd" else paint)(files[0], fill_corner)
    found = collected(done / "cutouts", tmp_path / "in", tmp_path / "set", done / "masks")

    assert not any(one.error for one in found.values())
    np.testing.assert_array_equal(read_mask(tmp_path / "set/masks/a.png"), painted)
    assert [one.correction.untouched for one in found.values()] == [False, True, True]
    for name in ("b", "x/c"):
        np.testing.assert_array_equal(
            read_mask(tmp_path / f"set/masks/{name}.png"), read_mask(done / f"masks/{name}.png")
        )
        copy = tmp_path / f"set/images/{name}.png"
        assert copy.read_bytes() == (tmp_path / f"in/{name}.png").read_bytes()


def test_sixteen_bits_that_nobody_touched_are_untouched(tmp_path):
    draw(tmp_path / "in/a.png")
    cut_folder(tmp_path / "in", tmp_path / "out", format=("png", "psd", "tiff"), bits=16)
    for suffix in (".psd", ".tif", ".png"):
        back = tmp_path / suffix[1:]
        back.mkdir()
        shutil.copy(tmp_path / f"out/cutouts/a{suffix}", back)
        found = collected(back, tmp_path / "in", tmp_path / "set", tmp_path / "out/masks")
        assert found["a"].correction.untouched, suffix


def document(*, mode="RGB", size=(48, 64)):
    return PSDImage.new(mode, size, color=255)


def saved(psd, tmp_path):
    psd.save(tmp_path / "a.psd")
    return tmp_path / "a.psd"


@settings(max_examples=30)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))), st.data())
def test_a_mask_is_read_wherever_it_lies_and_so_is_what_lies_outside_of_it(tmp_path_factory, part, data):
    height, width = data.draw(st.tuples(st.integers(2, 9), st.integers(2, 9)))
    top, left = data.draw(st.integers(-9, height)), data.draw(st.integers(-9, width))
    outside = data.draw(st.sampled_from([0, 255]))  # what Photoshop calls hiding and revealing all
    psd = document(size=(width, height))
    layer = psd.create_pixel_layer(PHOTO.resize((width, height)), name="photo")
    layer.create_mask(Image.fromarray(part), top=top, left=left).data.background_color = outside
    expected = np.full((height, width), outside, np.uint8)
    for (row, column), value in np.ndenumerate(part):
        if 0 <= top + row < height and 0 <= left + column < width:
            expected[top + row, left + column] = value

    path = saved(psd, tmp_path_factory.mktemp("psd"))
    np.testing.assert_array_equal(read_psd_alpha(path, (height, width)), expected)


def test_the_visible_layer_photo_comes_before_the_topmost_visible_one_with_a_mask(tmp_path):
    other = Image.fromarray(255 - ALPHA)
    psd = document()
    psd.create_pixel_layer(PHOTO, name="photo").create_mask(Image.fromarray(ALPHA))
    psd.create_pixel_layer(PHOTO, name="shadow").create_mask(other)
    psd.create_pixel_layer(PHOTO, name="no mask")
    assert alike(read_psd_alpha(saved(psd, tmp_path), SHAPE), ALPHA)

    psd[0].visible = False
    assert alike(read_psd_alpha(saved(psd, tmp_path), SHAPE), np.asarray(other))


def test_what_was_erased_from_the_layer_is_gone_although_its_mask_shows_it(tmp_path):
    pixels = np.dstack([np.asarray(PHOTO), np.full(SHAPE, 255, np.uint8)])
    pixels[30:, :, 3] = 0
    psd = document(mode="RGBA")
    psd.create_pixel_layer(Image.fromarray(pixels), name="photo").create_mask(Image.fromarray(ALPHA))
    expected = ALPHA.copy()
    expected[30:] = 0

    np.testing.assert_array_equal(read_psd_alpha(saved(psd, tmp_path), SHAPE), expected)


def test_without_a_masked_layer_the_transparency_of_the_picture_is_the_mask(tmp_path):
    rgba = np.dstack([np.asarray(PHOTO), ALPHA])
    assert alike(read_psd_alpha(saved(PSDImage.frompil(Image.fromarray(rgba)), tmp_path), SHAPE), ALPHA)


def test_a_cropped_document_is_placed_if_its_layer_is_whole(tmp_path):
    psd = document(size=(20, 30))
    layer = psd.create_pixel_layer(PHOTO, name="photo", top=-10, left=-15)
    layer.create_mask(Image.fromarray(ALPHA))
    np.testing.assert_array_equal(read_psd_alpha(saved(psd, tmp_path), SHAPE), ALPHA)

    cut = document(size=(20, 30))
    box = (15, 10, 35, 40)
    cut.create_pixel_layer(PHOTO.crop(box), name="photo").create_mask(Image.fromarray(ALPHA).crop(box))
    with pytest.raises(ImageError, match=r"is 20x30, its photo is 48x64.*`crop`"):
        read_psd_alpha(saved(cut, tmp_path), SHAPE)


def test_documents_without_a_usable_mask_are_refused_with_the_reason(tmp_path):
    bare = document()
    bare.create_pixel_layer(PHOTO, name="photo")
    switched_off = document()
    switched_off.create_pixel_layer(PHOTO, name="photo").create_mask(Image.fromarray(ALPHA)).disabled = True
    thinned = document()
    mask = thinned.create_pixel_layer(PHOTO, name="photo").create_mask(Image.fromarray(ALPHA))
    mask.flags.parameters_applied = True
    mask.data.parameters = MaskParameters(user_mask_density=100)
    cases = [
        (bare, "holds no cutout"),
        (switched_off, "is switched off"),
        (thinned, "a density or a feather"),
    ]
    whole = saved(switched_off, tmp_path).read_bytes()
    for psd, reason in cases:
        with pytest.raises(ImageError, match=f"a.psd: .*{reason}.*; .*save it again"):
            read_psd_alpha(saved(psd, tmp_path), SHAPE)
    for content in (b"", b"8BPS", b"no document", whole[: len(whole) // 2]):
        (tmp_path / "a.psd").write_bytes(content)
        with pytest.raises(ImageError, match=r"a\.psd: "):
            read_psd_alpha(tmp_path / "a.psd", SHAPE)


def in_a_group(psd, layer):
    return psd.create_group([layer], name="work")


def with_a_pen_path(_psd, layer):
    layer.tagged_blocks.set_data(Tag.VECTOR_MASK_SETTING1, 3, 0, PenPath([]))


def with_a_pen_path_alone(psd, layer):
    layer.remove_mask()
    with_a_pen_path(psd, layer)
    psd.create_pixel_layer(PHOTO, name="shadow").create_mask(Image.fromarray(255 - ALPHA))


HIDING = {
    "half opaque": (lambda _, layer: setattr(layer, "opacity", 128), "opacity"),
    "half filled": (lambda _, layer: setattr(layer, "fill_opacity", 128), "opacity"),
    "in a pale group": (
        lambda psd, layer: setattr(in_a_group(psd, layer), "opacity", 128),
        "'work'.*opacity",
    ),
    "in a group with a path": (
        lambda psd, layer: with_a_pen_path(psd, in_a_group(psd, layer)),
        "'work' has a vector mask",
    ),
    "with a path": (with_a_pen_path, "vector mask"),
    "with a path and no mask": (with_a_pen_path_alone, "vector mask"),
    "clipped": (lambda _, layer: setattr(layer, "clipping", True), "is clipped"),
}


@pytest.mark.parametrize("hidden", HIDING)
def test_what_hides_a_part_of_the_layer_besides_its_mask_is_refused(tmp_path, hidden):
    hide, reason = HIDING[hidden]
    psd = document()
    psd.create_pixel_layer(PHOTO, name="backdrop")
    layer = psd.create_pixel_layer(PHOTO, name="photo")
    layer.create_mask(Image.fromarray(ALPHA))
    hide(psd, layer)
    with pytest.raises(ImageError, match=f"a.psd: .*{reason}.*; .*save it again"):
        read_psd_alpha(saved(psd, tmp_path), SHAPE)


def test_a_mask_into_which_a_pen_path_was_drawn_is_refused(tmp_path):
    psd = document()
    psd.create_pixel_layer(PHOTO, name="photo").create_mask(Image.fromarray(ALPHA))
    path = saved(psd, tmp_path)
    with path.open("rb") as file:
        structure = PSD.read(file)
    layers = structure.layer_and_mask_information.layer_info
    (record,), (channels,) = layers.layer_records, layers.channel_image_data
    mask = record.mask_data
    mask.real_flags, mask.real_background_color = MaskFlags(parameters_applied=True), 0
    for side in ("top", "left", "bottom", "right"):
        setattr(mask, f"real_{side}", getattr(mask, side))
    record.channel_info.append(ChannelInfo(ChannelID.REAL_USER_LAYER_MASK, record.channel_info[-1].length))
    channels.append(channels[-1])
    with path.open("wb") as file:
        structure.write(file)

    assert PSDImage.open(path)[0].mask.has_real()
    with pytest.raises(ImageError, match="vector mask"):
        read_psd_alpha(path, SHAPE)


def test_a_group_hides_nothing_until_it_has_a_mask_itself(tmp_path):
    psd = document()
    layer = psd.create_pixel_layer(PHOTO, name="photo")
    layer.create_mask(Image.fromarray(ALPHA))
    in_a_group(psd, in_a_group(psd, layer))
    path = saved(psd, tmp_path)
    np.testing.assert_array_equal(read_psd_alpha(path, SHAPE), ALPHA)

    psd = PSDImage.open(path)
    psd[0].create_mask(Image.fromarray(ALPHA))
    with pytest.raises(ImageError, match=r"a.psd: its group 'work' has a mask; .*save it again"):
        read_psd_alpha(saved(psd, tmp_path), SHAPE)


def test_a_damaged_mask_is_no_black_one(tmp_path):
    psd = document()
    layer = psd.create_pixel_layer(PHOTO, name="photo", compression=Compression.RAW)
    layer.create_mask(Image.fromarray(ALPHA), compression=Compression.ZIP)
    content = saved(psd, tmp_path).read_bytes()
    packed = content.index(zlib.compress(ALPHA.tobytes()))
    (tmp_path / "a.psd").write_bytes(content[: packed + 9] + b"!" * 8 + content[packed + 17 :])

    with pytest.raises(ImageError, match=r"cannot be read as a Photoshop document.*; save it again"):
        read_psd_alpha(tmp_path / "a.psd", SHAPE)


# --- which file belongs to which photo ------------------------------------------------------------------


def test_names_are_those_that_predict_gives(tmp_path):
    for number, name in enumerate(["a.png", "a.jpg", "é.png", "x/a.png", "alone.png"]):
        draw(tmp_path / "in" / name, number)
    for name in [
        "a.png.psd",
        "a.jpg.png",
        "e\N{COMBINING ACUTE ACCENT}.tif",
        "x/a.webp",
        "who.png",
        ".b.png",
    ]:
        path = tmp_path / "back" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"-")
    matches, strays, missing = match(tmp_path / "back", find_photos(tmp_path / "in"), tmp_path / "set")

    found = {one.photo.path.relative_to(tmp_path / "in").as_posix(): one.files[0].name for one in matches}
    assert found.pop("x/a.png") == "a.webp"
    assert sorted(found) == ["a.jpg", "a.png", "é.png"]
    assert (found["a.jpg"], found["a.png"]) == ("a.jpg.png", "a.png.psd")
    assert [path.name for path in strays] == ["who.png"]
    assert [photo.stem for photo in missing] == ["alone"]


COMPOSED, DECOMPOSED = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"


@pytest.mark.parametrize(("photo", "result"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_names_that_two_systems_spell_in_two_ways_are_one(tmp_path, photo, result):
    draw(tmp_path / "in" / f"{result}.png")
    cut_folder(tmp_path / "in", tmp_path / "out")
    (tmp_path / "in" / f"{result}.png").rename(tmp_path / "in" / "moved")
    (tmp_path / "in" / "moved").rename(tmp_path / "in" / f"{photo}.png")
    options = ("--input", tmp_path / "out/cutouts", "--photos", tmp_path / "in", "--output", tmp_path / "set")

    make("collect", *options, check=2)  # nobody corrected it, as its prediction says
    paint(tmp_path / "out/cutouts" / f"{result}.png", fill_corner)
    make("collect", *options)

    (row,) = rows(tmp_path / "set").values()
    assert (row["id"], row["untouched"]) == (photo, "no")


def test_twins_of_two_spellings_are_two_photos(tmp_path):
    painted = {}
    for number, name in enumerate((COMPOSED, DECOMPOSED, "a")):
        draw(tmp_path / "in" / f"{name}.png", number)
    cut_folder(tmp_path / "in", tmp_path / "out")
    for number, name in enumerate((COMPOSED, DECOMPOSED)):
        path = tmp_path / "out/cutouts" / f"{name}.png"
        painted[name] = paint(path, lambda alpha, number=number: alpha[: 10 + number].fill(255))
    found = collected(tmp_path / "out/cutouts", tmp_path / "in", tmp_path / "set", tmp_path / "out/masks")

    assert not any(one.error for one in found.values())
    assert [found[name].correction.untouched for name in (COMPOSED, DECOMPOSED, "a")] == [False, False, True]
    for name, alpha in painted.items():
        np.testing.assert_array_equal(read_mask(tmp_path / "set/masks" / f"{name}.png"), alpha)


def test_a_file_is_that_of_the_photo_it_is_called_like_to_the_letter(tmp_path):
    for number, name in enumerate((COMPOSED, DECOMPOSED)):
        draw(tmp_path / "in" / f"{name}.png", number)
    back = tmp_path / "back"
    back.mkdir()
    (back / f"{COMPOSED}.psd").touch()
    matches, strays, missing = match(back, find_photos(tmp_path / "in"), tmp_path / "set")
    assert [one.photo.stem for one in matches] == [COMPOSED]
    assert ([photo.stem for photo in missing], strays) == ([DECOMPOSED], [])

    (tmp_path / "in" / f"{DECOMPOSED}.png").unlink()
    for name in (f"{DECOMPOSED}.psd", f"{DECOMPOSED}.tif"):
        (back / name).touch()
    (found,), strays, _missing = match(back, find_photos(tmp_path / "in"), tmp_path / "set")
    assert [path.name for path in found.files] == [f"{COMPOSED}.psd", f"{DECOMPOSED}.tif"]
    assert [path.name for path in strays] == [f"{DECOMPOSED}.psd"]


def test_of_several_files_the_one_that_was_changed_is_meant(done, tmp_path):
    painted = paint_psd(done / "cutouts/a.psd", fill_corner)
    found = collected(done / "cutouts", tmp_path / "in", tmp_path / "set", done / "masks")

    assert found["a"].file.name == "a.psd"
    np.testing.assert_array_equal(read_mask(tmp_path / "set/masks/a.png"), painted)
    assert found["b"].correction.untouched

    paint(done / "cutouts/a.png", lambda alpha: alpha.__setitem__(slice(50, 60), 255))
    found = collected(done / "cutouts", tmp_path / "in", tmp_path / "two", done / "masks")
    assert "received cutouts/a.png and cutouts/a.psd, which differ; keep one of them" in found["a"].error
    assert not (tmp_path / "two/masks/a.png").exists()


def test_two_roundings_of_one_mask_are_no_two_corrections(tmp_path):
    predicted = np.where(ALPHA, 250, 0).astype(np.uint8)
    files = tmp_path / "a.png", tmp_path / "a.tif"
    for path, level in zip(files, (249, 251), strict=True):
        Image.fromarray(np.where(ALPHA, level, 0).astype(np.uint8)).save(path)

    assert corrected_alpha(files, SHAPE, predicted)[0] == files[0]


def test_what_holds_no_cutout_fails_alone_and_says_why(done, tmp_path):
    keep_only(done, ".png")
    cutouts = done / "cutouts"
    shutil.copy(tmp_path / "in/a.png", cutouts / "a.png")  # the photo itself, without transparency
    with Image.open(cutouts / "b.png") as whole:
        whole.crop((5, 5, 40, 50)).save(cutouts / "b.png")
    paint(cutouts / "x/c.png", lambda alpha: alpha.fill(0))
    found = collected(cutouts, tmp_path / "in", tmp_path / "set", done / "masks")

    assert "received neither; save it with transparency" in found["a"].error
    assert (
        "received 35x45, so that its place in the photo is unknown; cut out without `crop`"
        in found["b"].error
    )
    assert "nothing is cut out" in found["x/c"].error
    assert not pictures(tmp_path / "set")


def test_a_mask_in_black_and_white_is_as_good_as_a_cutout(done, tmp_path):
    found = collected(done / "masks", tmp_path / "in", tmp_path / "set")

    assert not any(one.error for one in found.values())
    np.testing.assert_array_equal(read_mask(tmp_path / "set/masks/a.png"), read_mask(done / "masks/a.png"))


def test_predictions_are_found_beside_the_cutouts_and_never_compared_with_themselves(done, tmp_path):
    assert find_predictions(done / "cutouts", None, MANIFEST) == (done / "masks").resolve()
    assert find_predictions(done / "masks", None, MANIFEST) is None
    shutil.copytree(done / "cutouts", tmp_path / "back/cutouts")
    shutil.copytree(done / "masks", tmp_path / "back/masks")  # of whatever: no predict wrote it
    assert find_predictions(tmp_path / "back/cutouts", None, MANIFEST) is None
    assert find_predictions(tmp_path / "back/cutouts", done, MANIFEST) == done / "masks"
    with pytest.raises(DataError, match="as they were predicted"):
        find_predictions(done / "masks", done, MANIFEST)
    with pytest.raises(DataError, match="a folder that predict wrote"):
        find_predictions(done / "cutouts", tmp_path / "in", MANIFEST)


# --- how much was corrected -----------------------------------------------------------------------------


def outline(mask):
    return mask & ~ndimage.binary_erosion(mask)


@given(st.data())
def test_the_measures_are_those_of_scipy(data):
    target = data.draw(MASKS)
    mask = data.draw(hnp.arrays(np.bool_, target.shape))
    found = measure_correction(mask * np.uint8(255), target * np.uint8(255))
    both, either = np.count_nonzero(mask & target), np.count_nonzero(mask) + np.count_nonzero(target)

    assert found.changed_px == np.count_nonzero(mask != target)
    assert found.dice == pytest.approx(2 * both / either if either else 1)
    assert found.outline_px == np.count_nonzero(outline(target))
    assert found.untouched == np.array_equal(mask, target)
    if not (mask.any() and target.any()):
        assert found.near_px == 0
        assert found.edge_mean_px == (0 if mask.any() == target.any() else np.inf)
        return
    to_mask = ndimage.distance_transform_edt(~outline(mask))[outline(target)]
    to_target = ndimage.distance_transform_edt(~outline(target))[outline(mask)]
    distances = np.concatenate([to_mask, to_target])
    assert found.edge_mean_px == pytest.approx(distances.mean(), rel=1e-4)
    assert found.edge_p95_px == pytest.approx(np.percentile(distances, 95, method="higher"), rel=1e-4)
    assert found.near_px == np.count_nonzero(to_mask <= 2 + 1e-4)


def test_a_garment_that_was_moved_is_as_far_off_as_it_was_moved():
    mask = ellipse(60, 40, radii=(0.3, 0.3)) * np.uint8(255)
    found = measure_correction(mask, np.roll(mask, 3, axis=0))

    assert 1 < found.edge_mean_px < 3 == found.edge_p95_px
    assert 0 < share_near([found]) < 1
    assert not found.small
    assert share_near([]) == 1


@pytest.mark.parametrize(("difference", "expected"), [(0, True), (1, True), (2, False)])
def test_what_rounding_does_is_no_retouching(difference, expected):
    alpha = np.full((6, 5), 100, np.uint8)
    changed = alpha.copy()
    changed[2, 3] -= difference

    assert alike(alpha, changed) == alike(changed, alpha) == expected


# --- as a user types it ---------------------------------------------------------------------------------


def test_corrected_cutouts_become_a_set_and_a_report(done, tmp_path):
    keep_only(done, ".psd")
    painted = paint_psd(done / "cutouts/a.psd", fill_corner)
    (tmp_path / "in/d.png").write_bytes((tmp_path / "in/a.png").read_bytes())
    (done / "cutouts/who.psd").write_bytes(b"-")
    output = tmp_path / "set"
    options = ("--input", done / "cutouts", "--photos", tmp_path / "in", "--output", output, "--untouched")
    first = run("collect", *options)

    lines = first.stdout.splitlines()
    assert lines[0] == "3 added, 1 photos without a corrected file"
    assert "nobody" not in first.stderr
    assert lines[1].startswith("of 3 predictions 2 were taken unchanged (67%), 0 changed by less than 1%")
    assert lines[-1] == f"3 pairs in {output}; listed in {REPORT}"
    assert "left out:" in first.stderr
    assert "who.psd" in first.stderr
    found = discover(output)
    assert [one.id for one in found.samples] == ["a", "b", "x/c"]
    assert {one.origin for one in found.samples} == {RETOUCHED}
    assert json.loads((output / RECORD).read_text()) == {"origin": RETOUCHED, "photos": 3}
    table = rows(output)
    predicted = read_mask(done / "masks/a.png")
    assert int(table["a"]["changed_px"]) == np.count_nonzero((painted >= 128) != (predicted >= 128))
    assert [row["untouched"] for row in table.values()] == ["no", "yes", "yes"]
    assert [row["edge_p95_px"] for row in table.values()][1:] == ["0.000"] * 2

    before = {path: path.stat().st_mtime_ns for path in output.rglob("*.png")}
    paint_psd(done / "cutouts/b.psd", fill_corner)
    (done / "cutouts/x/c.psd").unlink()
    again = run("collect", *options)
    assert again.stdout.splitlines()[0] == "1 replaced, 1 as before, 2 photos without a corrected file"
    changed = {path.name for path in output.rglob("*.png") if path.stat().st_mtime_ns != before[path]}
    assert changed == {"b.png"}
    assert [row["untouched"] for row in rows(output).values()] == ["no", "no", "yes"]


def test_what_nobody_changed_is_no_correction(done, tmp_path):
    keep_only(done, ".png")
    options = ("--input", done / "cutouts", "--photos", tmp_path / "in", "--output", tmp_path / "set")
    nothing = run("collect", *options, check=2)
    assert "3 unchanged since the prediction and left out (--untouched takes them)" in nothing.stdout
    assert "expected a corrected file, received 3 that are as they were predicted; " in nothing.stderr
    assert not (tmp_path / "set/masks/a.png").exists()

    paint(done / "cutouts/a.png", fill_corner)
    some = run("collect", *options)
    assert (
        "1 added, 2 unchanged since the prediction and left out (--untouched takes them)"
        in some.stdout.splitlines()
    )
    assert "of 1 prediction 0 were taken unchanged" in some.stdout
    assert [one.id for one in discover(tmp_path / "set").samples] == ["a"]
    assert set(rows(tmp_path / "set")) == {"a"}

    both = run("collect", *options, "--untouched")
    assert both.stdout.splitlines()[0] == "2 added, 1 as before"
    assert set(rows(tmp_path / "set")) == {"a", "b", "x/c"}
    assert run("collect", *options).stdout.splitlines()[0] == "3 as before"


def test_a_correction_outlives_a_new_prediction(done, tmp_path):
    keep_only(done, ".png")
    painted = paint(done / "cutouts/a.png", fill_corner)
    options = ("--input", done / "cutouts", "--photos", tmp_path / "in", "--output", tmp_path / "set")
    run("collect", *options)
    before = rows(tmp_path / "set")
    cut_folder(tmp_path / "in", done, threshold=0.4, overwrite=True)
    again = run("collect", *options)

    assert "1 unchanged since the prediction, with earlier pairs that stay" in again.stdout
    np.testing.assert_array_equal(read_mask(tmp_path / "set/masks/a.png"), painted)
    assert rows(tmp_path / "set") == before


def test_measures_outlive_a_run_that_compares_nothing(done, tmp_path):
    keep_only(done, ".png")
    paint(done / "cutouts/a.png", fill_corner)
    paint(done / "cutouts/b.png", fill_corner)
    output = ("--photos", tmp_path / "in", "--output", tmp_path / "set")
    run("collect", "--input", done / "cutouts", *output)
    before = rows(tmp_path / "set")
    shutil.copytree(done / "cutouts", tmp_path / "back")
    paint(tmp_path / "back/b.png", lambda alpha: alpha.__setitem__(slice(40, 60), 255))
    run("collect", "--input", tmp_path / "back", *output)

    assert rows(tmp_path / "set")["a"] == before["a"]
    assert rows(tmp_path / "set")["b"]["dice"] == ""  # of what it was before


def test_a_file_that_cannot_be_read_any_more_leaves_its_earlier_pair_and_says_so(done, tmp_path):
    keep_only(done, ".png")
    paint(done / "cutouts/a.png", fill_corner)
    options = ("--input", done / "cutouts", "--photos", tmp_path / "in", "--output", tmp_path / "set")
    run("collect", *options)
    before = pictures(tmp_path / "set")
    for name in ("a.png", "b.png"):
        (done / "cutouts" / name).write_bytes(b"no picture")
    failed = run("collect", *options, check=1)

    of_a, of_b = failed.stderr.strip().splitlines()
    assert "a.png" in of_a
    assert of_a.endswith("; the pair that was collected before stays")
    assert "stays" not in of_b
    assert pictures(tmp_path / "set") == before


def test_without_predictions_the_pairs_are_collected_all_the_same(done, tmp_path):
    keep_only(done, ".png")
    shutil.copytree(done / "cutouts", tmp_path / "back")
    (tmp_path / "back/a.png").write_bytes(b"no picture")
    options = ("--input", tmp_path / "back", "--photos", tmp_path / "in", "--output", tmp_path / "set")
    collected = run("collect", *options, check=1)

    assert "2 added, 1 failed" in collected.stdout
    assert "2 of 2 pairs have no prediction to compare with, so uncorrected ones" in collected.stderr
    assert "a.png: cannot be read" in collected.stderr
    assert {row["dice"] for row in rows(tmp_path / "set").values()} == {""}


def test_foreign_folders_are_left_alone_and_wrong_ones_explained(done, tmp_path):
    real = draw_set(tmp_path / "real")
    before = pictures(real)
    common = ("--photos", tmp_path / "in", "--output")
    refused = [
        (
            ("--input", done / "cutouts", *common, real),
            "expected an empty folder or an earlier set of retouched",
        ),
        (("--input", done, *common, tmp_path / "set"), f"choose {done / 'cutouts'}"),
        (("--input", tmp_path / "in", *common, tmp_path / "set"), "received the photos themselves; choose"),
        (
            ("--input", done / "cutouts", "--photos", tmp_path / "no", "--output", tmp_path / "set"),
            f"--photos {tmp_path / 'no'}: expected",
        ),
    ]
    for arguments, words in refused:
        stopped = run("collect", *arguments, check=2)
        assert words in stopped.stderr
        assert len(stopped.stderr.strip().splitlines()) == 1
    assert pictures(real) == before
    assert not (tmp_path / "set").exists()


def test_a_report_of_another_make_is_not_overwritten(tmp_path):
    (tmp_path / REPORT).write_text("mine\n1\n")
    with pytest.raises(DataError, match="move it away"):
        write_report(tmp_path, [])
    assert (tmp_path / REPORT).read_text() == "mine\n1\n"
