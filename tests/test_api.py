"""The interface that `import segmentation` offers."""

import inspect
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from support.drawing import draw_pair, draw_set
from support.places import ROOT

import segmentation
from segmentation.config.loading import LoadOptions
from segmentation.config.options import options_of
from segmentation.core.events import Caution
from segmentation.core.file_kinds import FILES, FORMATS
from segmentation.outputs.folder_job import Tally
from segmentation.training.progress import EpochDone

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PHOTO = draw_pair(0, 240, 160)[0]


@pytest.fixture(scope="module")
def model():
    return segmentation.load_model("default")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working folder with `photos`: a JPEG that lies on its side, with a profile and 300 pixels an inch."""
    home = tmp_path_factory.mktemp("home")
    (home / "photos").mkdir()
    turned = Image.Exif()
    turned[0x0112] = 6
    picture = Image.fromarray(np.rot90(PHOTO).copy())
    about = {"icc_profile": PROFILE, "dpi": (300, 300), "exif": turned}
    picture.save(home / "photos" / "shirt.jpg", quality=95, **about)
    return home


@pytest.fixture(scope="module")
def predicted(folder):
    """The same photo by the job, in every format: its result and the folder of files."""
    job = segmentation.predict_folder(
        folder / "photos", home=folder, save=True, workers=1, format=tuple(FORMATS)
    )
    (result,) = job
    return result, job.output


def encoded(image, kind, **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


# --- the package -----------------------------------------------------------------------------------------


def test_importing_the_package_loads_next_to_nothing():
    program = (
        "import sys; before = {*sys.modules}; import segmentation; dir(segmentation)\n"
        "print(*sorted({*sys.modules} - before))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT / "src", capture_output=True, text=True, check=True)

    loaded = {name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    assert loaded == {"segmentation"}


def test_the_libraries_that_load_slowly_wait_until_they_are_needed():
    program = (
        "import sys, segmentation; segmentation.load_model, segmentation.predict_folder, segmentation.train\n"
        "print(*{'tensorflow', 'keras', 'openvino', 'matplotlib', 'sklearn'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT / "src", capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


def test_every_public_name_is_there_and_described():
    for name in segmentation.__all__:
        assert getattr(segmentation, name).__doc__
        assert name in dir(segmentation)
    with pytest.raises(AttributeError, match="no attribute 'cut'"):
        _ = segmentation.cut


def test_importing_changes_nothing_in_the_process():
    program = (
        "import logging, os, warnings, cv2, numpy; from PIL import Image, ImageCms\n"
        "def state():\n"
        "    mask = os.umask(0o027); os.umask(mask)\n"
        "    handlers = logging.getLogger('PIL').handlers\n"
        "    return mask, list(warnings.filters), Image.MAX_IMAGE_PIXELS, [*handlers]\n"
        "before = state()\n"
        "import segmentation.images.any_photo, segmentation.images.psd_read, segmentation.core.files\n"
        "assert state() == before, (before, state())"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT / "src", check=True)


def test_the_options_of_load_model_are_those_of_the_commands():
    declared = {found.name: found.default for found in options_of(LoadOptions)}
    declared.pop("model")
    parameters = inspect.signature(segmentation.load_model).parameters
    offered = {name: one.default for name, one in parameters.items() if name not in ("model", "home")}

    assert offered == declared


# --- a photo ---------------------------------------------------------------------------------------------


def test_a_cutout_is_what_predict_writes(model, folder, predicted, tmp_path):
    result, output = predicted
    cutout = model.cut_out(folder / "photos" / "shirt.jpg")

    with Image.open(output / "masks" / "shirt.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask), cutout.alpha)
    with Image.open(output / "cutouts" / "shirt.png") as written:
        np.testing.assert_array_equal(np.asarray(written), cutout.rgba)
    for kind in FORMATS.values():
        name = f"shirt{FILES[kind].suffix}"
        cutout.save(tmp_path / "new" / "folder" / name)
        assert (tmp_path / "new" / "folder" / name).read_bytes() == (output / "cutouts" / name).read_bytes()
    said = (cutout.confidence, cutout.decision, cutout.reasons, cutout.notes)
    assert said == (result.confidence, result.decision, result.reasons, result.notes)


def test_arrays_have_the_size_of_the_upright_photo_and_say_the_same(model, folder):
    cutout = model.cut_out(str(folder / "photos" / "shirt.jpg"))

    assert (cutout.alpha.dtype, cutout.alpha.shape) == (np.uint8, PHOTO.shape[:2])
    assert (cutout.mask.dtype, cutout.mask.shape) == (bool, PHOTO.shape[:2])
    assert (cutout.scores.dtype, cutout.scores.shape) == (np.float32, PHOTO.shape[:2])
    assert (cutout.rgba.dtype, cutout.rgba.shape) == (np.uint8, (*PHOTO.shape[:2], 4))
    np.testing.assert_array_equal(cutout.mask, cutout.scores >= model.threshold)
    np.testing.assert_array_equal(cutout.rgba[..., 3], cutout.alpha)
    assert "confidence" in repr(cutout)
    assert len(repr(cutout)) < 300


def test_a_photo_is_the_same_photo_in_every_form(model, folder, tmp_path):
    path = folder / "photos" / "shirt.jpg"
    expected = model.cut_out(path)
    expected.save(tmp_path / "a.png")
    with Image.open(path) as lying:
        forms = [path.read_bytes(), bytearray(path.read_bytes()), lying]
        for form in forms:
            cutout = model.cut_out(form)
            np.testing.assert_array_equal(cutout.alpha, expected.alpha)
            cutout.save(tmp_path / "b.png")
            assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
        assert lying.size == (240, 160)  # as it was


def test_an_array_is_rgb_or_grey_and_its_alpha_stays(model):
    expected = model.cut_out(PHOTO)
    opaque = np.full(PHOTO.shape[:2], 255, np.uint8)
    np.testing.assert_array_equal(model.cut_out(np.dstack([PHOTO, opaque])).alpha, expected.alpha)
    erased = opaque.copy()
    erased[: len(erased) // 2] = 0
    cutout = model.cut_out(np.dstack([PHOTO, erased]))
    assert not cutout.alpha[erased == 0].any()
    assert "parts of the photo are transparent, and stay so" in cutout.notes
    grey = PHOTO[..., 0]
    for array in (grey, grey[..., np.newaxis]):
        same = model.cut_out(np.dstack([grey] * 3))
        np.testing.assert_array_equal(model.cut_out(array).alpha, same.alpha)


def test_the_array_of_a_photo_may_be_used_for_the_next(model):
    frame = PHOTO.copy()
    cutout = model.cut_out(frame)
    frame[:] = 0

    np.testing.assert_array_equal(cutout.rgba, model.cut_out(PHOTO).rgba)


def test_an_array_need_not_lie_in_order_in_memory_and_is_not_changed(model):
    flipped = PHOTO[:, ::-1]
    before = flipped.copy()
    cutout = model.cut_out(flipped)

    np.testing.assert_array_equal(cutout.alpha, model.cut_out(before).alpha)
    np.testing.assert_array_equal(flipped, before)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "LA", "1"])
def test_a_pillow_image_of_any_mode_is_read_as_from_its_file(model, mode):
    image = Image.fromarray(PHOTO).convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"

    np.testing.assert_array_equal(
        model.cut_out(image).alpha, model.cut_out(encoded(image, kind)).alpha, strict=True
    )


@pytest.mark.parametrize("loaded", [True, False])
def test_a_pillow_image_of_16_bits_is_scaled_and_not_clipped(model, loaded):
    content = encoded(Image.fromarray(PHOTO[..., 0].astype(np.uint16) * 257), "PNG")
    image = Image.open(io.BytesIO(content))
    if loaded:
        image.load()

    np.testing.assert_array_equal(model.cut_out(image).alpha, model.cut_out(PHOTO[..., 0]).alpha)
    copied = model.cut_out(image.copy())
    np.testing.assert_array_equal(copied.alpha, model.cut_out(PHOTO[..., 0]).alpha)


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        (PHOTO.astype(np.float32), r"uint8.*received an array of float32 with the shape \[240, 160, 3\]"),
        (PHOTO[np.newaxis], r"\[H, W, 3\].*received an array of uint8 with the shape \[1, 240, 160, 3\]"),
        (PHOTO[..., :2], r"shape \[240, 160, 2\]"),
        (PHOTO[:0], r"shape \[0, 160, 3\]"),
        (None, "expected a path.*received NoneType"),
        (b"", "photo of 0 bytes: cannot be read as an image"),
        (b"text", "photo of 4 bytes: cannot be read as an image"),
        ("absent.jpg", "absent.jpg: cannot be read as an image"),
    ],
)
def test_what_is_no_photo_is_refused_with_what_was_expected(model, photo, said):
    with pytest.raises(segmentation.ImageError, match=said) as refused:
        model.cut_out(photo)
    assert "\n" not in str(refused.value)


def test_a_photo_of_too_many_pixels_is_refused_before_it_is_decoded(folder):
    small = segmentation.load_model("default", max_pixels=1000, triage=False)
    for photo in (folder / "photos" / "shirt.jpg", (folder / "photos" / "shirt.jpg").read_bytes()):
        with pytest.raises(segmentation.ImageError, match=r"more than the limit of 1000; .*`max_pixels`"):
            small.cut_out(photo)


@pytest.mark.parametrize("name", ["a.gif", "a", "a.png.txt"])
def test_a_suffix_that_no_cutout_has_is_refused(model, tmp_path, name):
    with pytest.raises(segmentation.ImageError, match=r"expected the suffix \.png.*received"):
        model.cut_out(PHOTO).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


# --- models ----------------------------------------------------------------------------------------------


def test_a_model_is_found_by_name_in_the_working_folder_and_by_path(tmp_path):
    shutil.copytree(ROOT / "models" / "default", tmp_path / "models" / "shirts")
    by_name = segmentation.load_model("shirts", home=tmp_path)
    by_path = segmentation.load_model(tmp_path / "models" / "shirts")

    assert by_name.name == by_path.name == "shirts"
    assert by_name.labels.names == ("garment",)
    assert repr(by_name) == "<Model shirts>"


def test_without_triage_nothing_is_said_of_confidence():
    cutout = segmentation.load_model("default", triage=False).cut_out(PHOTO)

    assert (cutout.confidence, cutout.decision, cutout.reasons) == (None, None, ())


def test_options_do_what_they_do_in_predict(folder):
    options = {"threshold": 0.9, "double_pass": False, "tta": "flip", "redo_below": 0.1}
    (result,) = segmentation.predict_folder(folder / "photos", home=folder, workers=1, **options)
    cutout = segmentation.load_model("default", **options).cut_out(folder / "photos" / "shirt.jpg")

    assert round(cutout.mask.mean(), 6) == result.area
    assert cutout.confidence == result.confidence


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tta": "upside-down"}, "`tta`: expected one of none, flip, .*received 'upside-down'"),
        ({"threshold": 2}, "`threshold`: expected auto or a number between 0 and 1, received '2.0'"),
        ({"threshold": [1]}, r"`threshold`: expected a number, received \[1\]"),
        ({"fill_holes": 1.5}, "`fill_holes`: expected a whole number, received 1.5"),
        ({"fill_holes": float("inf")}, "`fill_holes`: expected a whole number, received inf"),
        ({"auto_from": 0.5, "redo_below": 0.9}, "`redo_below`: expected at most `auto_from`"),
        ({"model": 5}, "`model`: expected a text, received 5"),
        ({"model": "../secret"}, "`model`: .*without '..'"),
    ],
)
def test_an_option_that_cannot_be_is_named_with_its_value(options, said):
    with pytest.raises(segmentation.ConfigError, match=said):
        segmentation.load_model(**options)


def test_numbers_of_numpy_are_numbers():
    model = segmentation.load_model(threshold=np.float32(0.25), fill_holes=np.int64(3), triage=False)

    assert model.threshold == 0.25


@pytest.mark.parametrize(("threshold", "said"), [(0.005, "nearly everything"), (0.99, "hardly anything")])
def test_a_threshold_where_scores_end_is_warned_of(threshold, said):
    with pytest.warns(UserWarning, match=f"at threshold {threshold:.3f} {said} is garment"):
        segmentation.load_model(threshold=threshold, triage=False)


def test_a_model_that_is_absent_is_refused():
    with pytest.raises(segmentation.BundleError, match="absent"):
        segmentation.load_model("absent")


def test_a_model_of_several_classes_marks_them(class_bundle, tmp_path):
    street = segmentation.load_model(class_bundle)
    with pytest.raises(segmentation.ConfigError, match=r"`cut_out`.*classes; use `mark_classes`"):
        street.cut_out(PHOTO)
    with pytest.raises(segmentation.ConfigError, match="`threshold`: expected a model that cuts"):
        segmentation.load_model(class_bundle, threshold=0.25)
    (tmp_path / "in").mkdir()
    Image.fromarray(PHOTO).save(tmp_path / "in" / "a.png")
    job = segmentation.predict_folder(tmp_path / "in", model=class_bundle, output=tmp_path / "out", save=True)
    (result,) = job
    found = street.mark_classes(tmp_path / "in" / "a.png")
    found.save(tmp_path / "a.png")

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "out" / "labels" / "a.png").read_bytes()
    assert found.names == street.labels.names
    assert found.scores.shape == (*PHOTO.shape[:2], len(found.names))
    np.testing.assert_array_equal(found.indices, found.scores.argmax(axis=-1))
    assert found.shares == result.classes
    with pytest.raises(segmentation.ImageError, match=r"expected the suffix \.png, received \.tif"):
        found.save(tmp_path / "a.tif")


def test_a_model_that_cuts_out_marks_no_classes(model):
    with pytest.raises(segmentation.ConfigError, match=r"`mark_classes`: .*use `cut_out`"):
        model.mark_classes(PHOTO)


# --- jobs ------------------------------------------------------------------------------------------------


def test_a_folder_is_predicted_photo_by_photo_and_once(folder, predicted):
    again = segmentation.predict_folder(folder / "photos", home=folder, save=True, format=",".join(FORMATS))

    (result,) = again
    first, _ = predicted

    assert (Path(result.input).name, result.skipped) == ("shirt.jpg", True)
    for name in ("outputs", "area", "threshold", "confidence", "decision", "reasons", "notes"):
        assert getattr(result, name) == getattr(first, name)
    assert again.tally == Tally(skipped=1)


def test_a_folder_is_done_at_a_word(folder):
    job = segmentation.predict_folder(folder / "photos", home=folder, triage=False)
    assert job.tally == Tally()
    assert job.run() is job
    assert job.tally == Tally(made=1)


def test_what_is_returned_and_told_has_public_names():
    functions = (segmentation.predict_folder, segmentation.train, segmentation.evaluate)
    for function in (*functions, segmentation.find_dataset, segmentation.load_model):
        returned = inspect.signature(function).return_annotation
        assert {*re.findall(r"\w+", returned)} <= {*segmentation.__all__}


def test_progress_is_printed_by_a_receiver_that_comes_with_the_package(capsys):
    figures = {"loss": 0.5, "dice": 0.75, "val_loss": 0.25, "val_dice": 0.875}
    for event in (
        segmentation.Note("12 pairs"),
        segmentation.Progress("scoring", 1, 2),
        segmentation.Progress("scoring", 2, 2),
        EpochDone(3, figures, best=True),
        segmentation.Caution("slow"),
        segmentation.PhotoDone(segmentation.Result("a.jpg", "a", decision="auto")),
        segmentation.PhotoDone(segmentation.Result("b.jpg", "b", error="b.jpg: broken")),
        object(),
    ):
        segmentation.print_progress(event)

    assert capsys.readouterr().out.splitlines() == [
        "12 pairs",
        "scoring: 2 of 2",
        "epoch 3  loss 0.5000  Dice 0.7500  held out: loss 0.2500  Dice 0.8750  best",
        "caution: slow",
        "a.jpg: auto",
        "b.jpg: broken",
    ]


def test_events_are_told_and_cautions_become_warnings(folder, monkeypatch):
    told = []
    job = segmentation.predict_folder(folder / "photos", tell=told.append)
    assert len(list(job)) == 1
    assert {type(event).__name__ for event in told} == {"FolderStarted", "PhotoDone"}

    monkeypatch.setattr(
        "segmentation.api.model.load_scorer", lambda *_, tell, **__: tell(Caution("slow")) or _never_used()
    )
    with pytest.warns(UserWarning, match="slow"), pytest.raises(NotImplementedError):
        segmentation.load_model("default")


def _never_used():
    raise NotImplementedError


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"colour": 1}, "unknown options: colour; choose from input, "),
        ({"bits": 16}, "expected with `save`, which writes files"),
        ({"workers": 0}, "`workers`: expected a whole number from 1"),
    ],
)
def test_an_option_of_a_job_that_cannot_be_is_refused(folder, options, said):
    with pytest.raises(segmentation.ConfigError, match=said):
        segmentation.predict_folder(folder / "photos", **options)


def test_a_folder_of_pairs_is_read(tmp_path):
    draw_set(tmp_path / "pairs")
    (tmp_path / "pairs" / "cutouts" / "000_Front.png").unlink()
    pairs = segmentation.find_dataset(tmp_path / "pairs")

    assert (len(pairs.samples), len(pairs.problems)) == (5, 1)
    with pytest.raises(segmentation.DataError, match="absent"):
        segmentation.find_dataset(tmp_path / "absent")


def test_a_model_is_trained_and_evaluated(tmp_path):
    draw_set(tmp_path / "pairs")
    small = {"architecture": "unet-128", "filters": 2, "levels": 2, "input_size": "24x32", "epochs": 1}
    told = []
    trained = segmentation.train(
        data=tmp_path / "pairs", name="small", home=tmp_path, tell=told.append, augmentation="none", **small
    )
    assert trained.bundle.path == tmp_path / "models" / "small"
    assert told
    assert segmentation.load_model("small", home=tmp_path).cut_out(PHOTO).alpha.shape == PHOTO.shape[:2]

    done = segmentation.evaluate(
        model=tmp_path / "models" / "small", data=tmp_path / "pairs", split="all", home=tmp_path
    )
    assert done.report.is_file()
    with pytest.raises(segmentation.ConfigError, match="`epochs`: expected a whole number"):
        segmentation.train(data=tmp_path / "pairs", home=tmp_path, epochs="many")
