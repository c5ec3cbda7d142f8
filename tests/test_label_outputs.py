"""The files of a model of several classes for a photo: the map of classes, their colours, and their areas."""

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from support.class_model import BAG, LABELS, SIZE, colour_score, draw_classes
from support.folder_job import cut_folder, draw, errors, made, manifest_lines, pictures
from support.holding import leave_half_written
from support.program import make, run, signalled

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.config.jobs.collect import CollectOptions
from segmentation.config.run import RunConfig
from segmentation.core.errors import DataError, ImageError
from segmentation.core.labels import LabelMap
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.datasets.labels import read_classes
from segmentation.datasets.origin import PSEUDO
from segmentation.images.files import read_labels, read_photo, write_image
from segmentation.inference.engines import Engine, load_engine
from segmentation.inference.predict import predict
from segmentation.jobs.collect import collect
from segmentation.jobs.context import Context
from segmentation.outputs.label_writer import LabelWriter, refuse_other_labels
from segmentation.outputs.label_writer import draw_classes as drawn_over
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.scores.augmentation import averaged, flip_averaged, scale_averaged

STREET = ModelBundle(Path("street"), RunConfig().replace(input_size=SIZE), Preprocessing(SIZE), LABELS)
several = st.integers(2, 255).map(lambda count: LabelMap.of(tuple(f"class {n}" for n in range(count))))


@pytest.fixture
def street(tmp_path) -> Path:
    """A folder of six photos of dresses and bags, two of them in a subfolder."""
    for number, name in enumerate(["a", "b", "c", "d", "x/a", "x/e"]):
        write_image(tmp_path / "in" / f"{name}.png", draw_classes(number)[0])
    return tmp_path / "in"


def mark_folder(source, output, *, labels=LABELS, score=colour_score, **options):
    """Write the label map of every photo of a folder as `predict --save` does."""
    return cut_folder(source, output, bundle=replace(STREET, labels=labels), score=score, **options)


# --- the label map ---------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(several, st.data())
def test_a_label_map_comes_back_in_every_reader_and_shows_the_colours_of_its_classes(
    tmp_path_factory, labels, data
):
    path = tmp_path_factory.getbasetemp() / "map.png"
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    indices = data.draw(arrays(np.uint8, shape, elements=st.integers(0, len(labels.names) - 1)))
    write_image(path, indices, palette=labels.colours, mostly_empty=True)

    np.testing.assert_array_equal(read_labels(path), indices)
    np.testing.assert_array_equal(labels.encode(read_photo(path)), indices)
    np.testing.assert_array_equal(cv2.imread(str(path))[..., ::-1], labels.decode(indices))
    with Image.open(path) as picture:
        assert picture.mode == "P"
        np.testing.assert_array_equal(np.asarray(picture), indices)
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), labels.decode(indices))


def test_a_label_map_cannot_be_written_as_a_jpeg_which_would_change_its_values(tmp_path):
    with pytest.raises(ImageError, match=r"a\.jpg: cannot be written"):
        write_image(tmp_path / "a.jpg", np.zeros((2, 2), np.uint8), palette=LABELS.colours)
    assert not any(tmp_path.iterdir())


def test_every_photo_has_a_label_map_of_its_classes_and_an_overlay_under_its_own_name(street, tmp_path):
    results = mark_folder(street, tmp_path / "out")

    stems = ["a", "b", "c", "d", "x/a", "x/e"]
    assert pictures(tmp_path / "out").keys() == {
        *(f"labels/{stem}.png" for stem in stems),
        *(f"overlays/{stem}.jpg" for stem in stems),
        "labels.json",
        "origin.json",
    }
    for number, result in enumerate(results):
        assert result.outputs == {
            "labels": f"labels/{result.stem}.png",
            "overlay": f"overlays/{result.stem}.jpg",
        }
        expected = draw_classes(number)[1]
        np.testing.assert_array_equal(read_labels(tmp_path / "out" / result.outputs["labels"]), expected)


def test_a_label_map_lies_as_its_photo_is_seen_and_keeps_its_resolution(tmp_path):
    photo, indices = draw_classes(0)
    (tmp_path / "in").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: what is stored as the left edge is seen at the top
    stored = Image.fromarray(np.rot90(photo).copy())
    stored.save(tmp_path / "in" / "a.png", exif=exif, dpi=(300, 300))
    mark_folder(tmp_path / "in", tmp_path / "out")

    np.testing.assert_array_equal(read_labels(tmp_path / "out" / "labels" / "a.png"), indices)
    with Image.open(tmp_path / "out" / "labels" / "a.png") as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.01)


# --- what people look at ---------------------------------------------------------------------------------


def test_an_overlay_shows_the_classes_over_the_photo_and_names_below_it_those_that_occur():
    photo, indices = draw_classes(1, 240, 180)
    assert 2 not in indices
    drawn = drawn_over(photo, indices, LABELS)

    assert drawn.shape[0] > 240
    assert drawn.shape[1] == 180
    np.testing.assert_array_equal(drawn[:240][indices == 0], photo[indices == 0])
    assert np.linalg.norm(drawn[:240][indices == 1] - np.array(LABELS.colours[1]), axis=-1).max() < 150
    names = drawn[240:].reshape(-1, 3).tolist()
    assert list(LABELS.colours[1]) in names
    assert list(LABELS.colours[2]) not in names
    assert list(LABELS.colours[0]) not in names


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (1500, 20), (1728, 1152)])
def test_a_photo_of_any_size_with_nothing_on_it_has_an_overlay(height, width):
    photo = np.full((height, width, 3), 200, np.uint8)
    drawn = drawn_over(photo, np.zeros((height, width), np.uint8), LABELS)

    assert drawn.shape[1] == width
    assert (drawn.shape[0] > height) == (width >= 100)  # in a narrower strip no name could be read
    np.testing.assert_array_equal(drawn[:height], photo)


def test_a_class_has_one_hue_on_clothes_of_every_colour_and_traces_are_not_named():
    photo = np.zeros((300, 200, 3), np.uint8)
    photo[:, :100], photo[:, 100:] = (200, 20, 20), (20, 20, 200)
    indices = np.ones((300, 200), np.uint8)
    indices[0, :3] = 2
    drawn = drawn_over(photo, indices, LABELS)

    hue = cv2.cvtColor(drawn[:300], cv2.COLOR_RGB2HSV)[5:, :, 0]
    assert np.ptp(hue.astype(int)) <= 1
    assert list(LABELS.colours[2]) not in drawn[300:].reshape(-1, 3).tolist()


def test_the_names_below_a_large_photo_are_larger():
    def below(height, width):
        return len(drawn_over(np.zeros((height, width, 3), np.uint8), np.ones((height, width), int), LABELS))

    assert below(1400, 1000) - 1400 == 2 * (below(700, 500) - 700)


# --- the record ------------------------------------------------------------------------------------------


def test_a_line_names_the_classes_that_were_found_by_their_share_of_the_photo(street, tmp_path):
    mark_folder(street, tmp_path / "out")

    lines = manifest_lines(tmp_path / "out")
    assert any("bag" in line["classes"] for line in lines)
    assert any("bag" not in line["classes"] for line in lines)
    for number, line in enumerate(lines):
        indices = draw_classes(number)[1]
        shares = {name: (indices == index).mean() for index, name in enumerate(LABELS.names) if index}
        found = {name: share for name, share in shares.items() if share}
        assert line["classes"] == pytest.approx(found, abs=1e-8)
        assert list(line["classes"].values()) == sorted(line["classes"].values(), reverse=True)
        assert line["area"] == pytest.approx((indices > 0).mean(), abs=1e-6)
        assert line["threshold"] is line["confidence"] is line["decision"] is None


def test_lines_of_cutouts_have_no_classes_and_lines_without_the_field_still_count(street, tmp_path):
    cut_folder(street, tmp_path / "out")
    lines = manifest_lines(tmp_path / "out")
    assert {line["classes"] for line in lines} == {None}

    path = tmp_path / "out" / "predictions.jsonl"
    for line in lines:
        del line["classes"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert made(cut_folder(street, tmp_path / "out")) == []


def test_a_photo_of_background_alone_is_noted_and_many_parts_are_not():
    plain = np.full((64, 48, 3), 200, np.uint8)
    empty = predict(colour_score, STREET, "a", plain, 0.5)
    assert empty.notes == ("hardly anything but background found",)

    plain[10:20, 10:20] = plain[40:50, 10:20] = plain[40:50, 30:40] = BAG
    assert predict(colour_score, STREET, "a", plain, 0.5).notes == ()
    plain[:] = BAG
    assert predict(colour_score, STREET, "a", plain, 0.5).notes == ()


# --- a folder to train on ----------------------------------------------------------------------------------


def test_label_maps_and_their_photos_are_a_folder_of_pairs(street, tmp_path):
    mark_folder(street, tmp_path / "out")
    shutil.copytree(street, tmp_path / "out" / "images")
    dataset = discover(tmp_path / "out", classes="all")

    assert dataset.problems == ()
    assert {sample.origin for sample in dataset.samples} == {PSEUDO}  # nobody is judged by a model's opinion
    with pytest.raises(DataError, match=r"out: .*received a set of pairs.*another `output`"):
        mark_folder(street, tmp_path / "out")
    assert (dataset.labels.names, dataset.labels.colours) == (LABELS.names, LABELS.colours)
    assert [sample.id for sample in dataset.samples] == ["a", "b", "c", "d", "x/a", "x/e"]
    for number, sample in enumerate(dataset.samples):
        np.testing.assert_array_equal(sample.truth.read(), draw_classes(number)[1])


@pytest.mark.parametrize("kind", ["masks", "cutouts", "trimaps", "review"])
def test_label_maps_are_not_put_among_cutouts(street, tmp_path, kind):
    (tmp_path / "out" / kind).mkdir(parents=True)
    with pytest.raises(
        DataError, match=f"out: .*received one of cutouts, with {kind}; give another `output`"
    ):
        mark_folder(street, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*")] == [kind]


@settings(max_examples=20)
@given(labels=several)
def test_labels_json_names_every_index_and_its_colour(tmp_path_factory, labels):
    folder = tmp_path_factory.mktemp("named")
    LabelWriter(folder, labels).prepare()
    classes = read_classes(folder / "labels.json")

    assert classes.names == dict(enumerate(labels.names))
    assert classes.colours == {colour: index for index, colour in enumerate(labels.colours)}
    refuse_other_labels(folder, labels)  # its own


@pytest.mark.parametrize("other", [LabelMap.of(("background", "bag", "dress")), LabelMap.of(("a", "b"))])
def test_label_maps_of_other_classes_are_not_mixed(street, tmp_path, other):
    mark_folder(street, tmp_path / "out")
    before = pictures(tmp_path / "out")

    with pytest.raises(
        DataError, match=r"out: expected label maps of the model's \d classes.*another `output`"
    ):
        mark_folder(street, tmp_path / "out", labels=other)
    assert pictures(tmp_path / "out") == before


def test_ground_truth_is_not_replaced(street, tmp_path):
    write_image(tmp_path / "pairs" / "labels" / "a.png", np.ones((64, 48), np.uint8))
    before = pictures(tmp_path / "pairs")

    with pytest.raises(DataError, match="label maps that predict did not write; give another `output`"):
        mark_folder(street, tmp_path / "pairs")
    assert pictures(tmp_path / "pairs") == before


# --- going on ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda source, _output: draw(source / "b.png", 99),
        lambda _source, output: (output / "labels" / "b.png").unlink(),
        lambda _source, output: (output / "overlays" / "b.jpg").write_bytes(b""),
    ],
    ids=["photo", "no label map", "empty overlay"],
)
def test_only_what_changed_is_done_again(street, tmp_path, change):
    mark_folder(street, tmp_path / "out")
    assert made(mark_folder(street, tmp_path / "out")) == []
    change(street, tmp_path / "out")

    assert made(mark_folder(street, tmp_path / "out")) == ["b"]
    mark_folder(street, tmp_path / "fresh")
    assert pictures(tmp_path / "out") == pictures(tmp_path / "fresh")
    assert len(made(mark_folder(street, tmp_path / "out", overwrite=True))) == 6


def test_what_a_killed_job_left_half_written_is_removed(street, tmp_path):
    output = tmp_path / "out"
    mark_folder(street, output)
    before = pictures(output)
    for name in ("labels/1.png", "overlays/x/2.jpg", "3.json", "4.jsonl"):
        leave_half_written(output / name)
    mark_folder(street, output)

    assert pictures(output) == before


def test_a_photo_that_is_broken_now_has_no_label_map_of_what_it_was(street, tmp_path):
    mark_folder(street, tmp_path / "out")
    before = pictures(tmp_path / "out")
    (street / "b.png").write_bytes(b"no picture")
    mark_folder(street, tmp_path / "out")

    assert before.keys() - pictures(tmp_path / "out").keys() == {"labels/b.png", "overlays/b.jpg"}
    assert errors(tmp_path / "out").keys() == {"b.png"}


def test_a_folder_that_takes_no_label_maps_is_refused_before_the_first_photo(street, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "labels").write_text("a file")

    with pytest.raises(DataError, match="labels: expected a folder to write in"):
        mark_folder(street, tmp_path / "out")


# --- the scores --------------------------------------------------------------------------------------------


def an_engine(scores):
    """An engine whose network gives these scores, float32 [h, w, classes], for every photo."""
    way = Preprocessing(Size(*scores.shape[:2]))
    return Engine("keras", "f32", way, lambda _prepared: scores[np.newaxis])


def softmax_scores(height, width, classes, seed=0):
    """Patches that are nearly certain of one class each, which is where cubic interpolation overshoots."""
    random = np.random.default_rng(seed)
    logits = 9 * random.normal(size=(-(-height // 4), -(-width // 4), classes)).repeat(4, 0).repeat(4, 1)
    raised = np.exp(logits[:height, :width] - logits[:height, :width].max(-1, keepdims=True))
    return (raised / raised.sum(-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 4, 5, 12, 59, 128, 129, 255])
@pytest.mark.parametrize("size", [(48, 32), (61, 40), (16, 12), (16, 60), (32, 24)], ids=str)
def test_scores_of_any_number_of_classes_get_the_size_of_photos_smaller_and_larger(classes, size):
    scores = softmax_scores(32, 24, classes)
    resized = an_engine(scores)(np.zeros((*size, 3), np.uint8))

    assert resized.shape == (*size, classes)
    assert resized.dtype == np.float32
    assert resized.min() >= 0
    assert resized.max() <= 1
    total = resized.sum(axis=-1)  # what interpolation overshoots is cut off below 0
    assert total.min() > 0.999
    assert total.max() < 1.3
    smaller = size[0] < 32 or size[1] < 24
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    for index in {0, classes // 2, classes - 1}:
        alone = cv2.resize(np.ascontiguousarray(scores[..., index]), size[::-1], interpolation=way)
        np.testing.assert_allclose(resized[..., index], alone.clip(0, 1), atol=1e-4)


@pytest.mark.parametrize(
    "trick", [flip_averaged, scale_averaged, lambda score: flip_averaged(scale_averaged(score))]
)
def test_averages_of_the_scores_of_classes_are_such_scores(class_bundle, trick):
    photo = draw_classes(0, 150, 100)[0]
    scores = trick(load_engine(load_bundle(class_bundle)))(photo)

    assert scores.shape == (150, 100, 3)
    assert scores.min() >= 0
    assert scores.max() <= 1
    np.testing.assert_allclose(scores.sum(axis=-1), 1, atol=0.05)


def test_both_engines_and_their_average_find_the_classes_of_a_photo_they_have_not_seen(class_bundle):
    bundle = load_bundle(class_bundle)
    engines = [load_engine(bundle, engine=name, precision="f32") for name in ("keras", "openvino")]
    photo, indices = draw_classes(100)
    reference, fast, both = (score(photo) for score in (*engines, averaged(engines)))

    assert set(np.unique(indices)) == {0, 1, 2}
    np.testing.assert_allclose(fast, reference, atol=1e-4)
    np.testing.assert_allclose(both.sum(axis=-1), 1, atol=1e-4)
    assert (LABELS.classify(both, 0.5) == indices).mean() > 0.97


# --- the command -------------------------------------------------------------------------------------------


def test_a_researcher_gets_the_label_maps_of_a_folder(class_bundle, street, tmp_path):
    output = tmp_path / "out"
    done = run("predict", "--model", class_bundle, "--input", street, "--output", output, "--save")

    assert f"6 label maps and overlays in {output}" in done.stdout
    assert "judged" not in done.stdout + done.stderr
    names = pictures(output).keys()
    assert {name.split("/")[0] for name in names} == {"labels", "overlays", "labels.json", "origin.json"}
    for number, line in enumerate(manifest_lines(output)):
        found = read_labels(output / line["outputs"]["labels"])
        assert (found == draw_classes(number)[1]).mean() > 0.97
        drawn = read_photo(output / line["outputs"]["overlay"])
        assert drawn.shape == (*found.shape, 3)  # these photos are too narrow for names

    again = run("predict", "--model", class_bundle, "--input", street, "--output", output, "--save")
    assert "6 label maps and overlays" in again.stdout
    assert "6 skipped as done" in again.stdout

    shutil.copytree(street, output / "images")
    shown = run("data", "--data", output, "--classes", "all", "--output", tmp_path / "sheet.png")
    assert all(f" {name} " in shown.stdout for name in LABELS.names)


def test_without_save_a_line_a_photo_names_the_classes_and_their_shares(class_bundle, street, tmp_path):
    shutil.copytree(class_bundle, tmp_path / "models" / "other")
    description = tmp_path / "models" / "other" / "bundle.json"
    plain = json.loads(description.read_text())
    plain["preprocessing"]["mean"] = [120.0] * 3  # another model
    description.write_text(json.dumps(plain))
    models = ("--model", class_bundle, "--model", tmp_path / "models" / "other")
    done = run("predict", "--home", tmp_path, *models, "--input", street, "--tta", "flip+scales")
    rows = [line for line in done.stdout.splitlines() if ".png" in line]
    assert len(rows) == 6
    assert all("dress " in row and "garment" not in row for row in rows)
    share = (draw_classes(0)[1] == 1).mean()
    shown = float(rows[0].split("dress ")[1].split("%")[0]) / 100
    assert shown == pytest.approx(share, abs=0.03)
    assert not (tmp_path / "results").exists()


def test_ctrl_c_finishes_what_is_in_hand_and_the_same_command_goes_on(class_bundle, tmp_path):
    for number in range(30):
        write_image(tmp_path / "in" / f"{number:02d}.png", draw_classes(number, 450, 350)[0])
    arguments = ("predict", "--model", class_bundle, "--input", tmp_path / "in", "--save", "--workers", 1)
    interrupted = (*arguments, "--output", tmp_path / "out", "--json")
    process = signalled(signal.SIGINT, '"error": null', *interrupted, times=3)
    done = len(manifest_lines(tmp_path / "out"))

    assert process.returncode == 130, process.stderr
    assert 3 <= done < 30
    assert len(pictures(tmp_path / "out")) == 2 * done + 2  # and labels.json and origin.json
    assert f"{done} skipped as done" in run(*arguments, "--output", tmp_path / "out").stdout
    assert len(manifest_lines(tmp_path / "out")) == 30


@pytest.fixture
def refused(capsys):
    """Run a command in this process; give the one line that refuses it."""

    def said(*arguments):
        make(*arguments, check=2)
        *_others, line = capsys.readouterr().err.splitlines()
        return line.removeprefix("error: ")

    return said


@pytest.mark.parametrize(
    "option",
    [
        ("--threshold", 0.4),
        ("--binary",),
        ("--format", "psd"),
        ("--bits", 16),
        ("--refine", "guided-filter"),
        ("--background", "#ffffff"),
        ("--crop",),
        ("--trimap",),
        ("--no-decontaminate",),
        ("--remove-islands", 9),
        ("--fill-holes", 9),
        ("--auto-from", 0.9),
        ("--redo-below", 0.5),
        ("--no-triage",),
        ("--triage",),
        ("--decontaminate",),
        ("--double-pass",),
        ("--no-double-pass",),
    ],
    ids=lambda option: option[0],
)
def test_an_option_about_cutouts_is_refused_with_classes(refused, class_bundle, street, tmp_path, option):
    output = tmp_path / "out"
    said = refused(
        "predict", "--model", class_bundle, "--input", street, "--output", output, "--save", *option
    )

    assert said == (
        f"{option[0]}: expected a model that cuts one thing out, received street, which marks 3 classes; "
        "leave it out"
    )
    assert not output.exists()


def test_several_such_options_are_named_together(refused, class_bundle, street):
    said = refused("predict", "--model", class_bundle, "--input", street, "--fill-holes", 9, "--no-triage")
    assert said.startswith("--fill-holes --no-triage: ")


def test_an_overlay_may_be_asked_for_though_it_is_written_anyway(class_bundle, street, tmp_path):
    options = ("--model", class_bundle, "--input", street / "a.png", "--output", tmp_path / "out")
    make("predict", *options, "--save", "--overlay")

    assert pictures(tmp_path / "out").keys() == {
        "labels/a.png",
        "overlays/a.jpg",
        "labels.json",
        "origin.json",
    }


def test_commands_that_need_a_cutout_refuse_a_model_of_classes(
    refused, class_bundle, street, tiny_set, tmp_path
):
    for arguments in (
        ("submit", "--model", class_bundle, "--input", street, "--output", tmp_path / "out" / "s.csv"),
        ("pseudo", "--model", class_bundle, "--input", street, "--output", tmp_path / "out"),
        ("calibrate", "--model", class_bundle, "--data", tiny_set),
        ("audit", "--fold-model", class_bundle, "--data", tiny_set, "--output", tmp_path / "out"),
        ("audit", "--model", class_bundle, "--data", tiny_set, "--output", tmp_path / "out"),
    ):
        said = refused(*arguments)
        assert said == (
            f"{arguments[0]}: expected a model that cuts one thing out, received street, which marks 3 "
            "classes; choose another --model"
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("folder", ["out", "out/labels"])
def test_collect_takes_no_label_maps(street, tmp_path, folder):
    mark_folder(street, tmp_path / "out")
    options = CollectOptions(input=tmp_path / folder, photos=street, output=tmp_path / "pairs")

    with pytest.raises(
        DataError, match=r"received label maps of several classes; put their photos into .*images"
    ):
        collect(options, Context())
    assert not (tmp_path / "pairs").exists()
