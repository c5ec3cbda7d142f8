"""Label maps of several classes: the same map is the same in every form, and classes are chosen by name."""

import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy.io import savemat
from skimage.color import rgb2lab
from support.drawing import draw_pair

from segmentation.core.errors import ConfigError, DataError
from segmentation.core.labels import IGNORED, LabelMap
from segmentation.core.memory import pixels_that_fit
from segmentation.core.palette import CLOTHING, MOST, palette
from segmentation.datasets import matlab
from segmentation.datasets.class_choice import GROUPS_OF_CLASSES, choose_classes, merged_groups, read_groups
from segmentation.datasets.discover import discover
from segmentation.datasets.exclusion import contents_of
from segmentation.datasets.fingerprint import fingerprint
from segmentation.datasets.labels import Classes, read_classes
from segmentation.datasets.matlab import read_label_map
from segmentation.datasets.same_classes import check_same_groups
from segmentation.images.files import loses_values, write_image

NAMES = {0: "null", 1: "hair", 3: "dress", 7: "shoes", 9: "void"}
COLOURS = {0: (0, 0, 0), 1: (255, 255, 0), 3: (0, 128, 255), 7: (255, 255, 255), 9: (1, 2, 3)}
GROUPS = {"background": ["null"], "person": ["hair", "dress"], "ignore": ["void"]}  # shoes are in none
FORMS = ("index", "palette", "colour", "mat", "packed-mat", "double-mat", "table")


def draw_values(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo and its label map: hair above a dress above shoes, and a corner whose class is unknown."""
    photo, alpha = draw_pair(seed)
    labels = np.where(alpha == 255, 3, 0).astype(np.uint8)
    labels[:8], labels[-8:], labels[20:24, :4] = 1, 7, 9
    return photo, labels


def runs_of(mask: np.ndarray) -> str:
    """Run lengths down the columns, counted from 1, found by walking over the pixels."""
    runs, start = [], None
    for number, inside in enumerate([*mask.T.ravel().tolist(), False], start=1):
        if inside and start is None:
            start = number
        elif not inside and start is not None:
            runs += [start, number - start]
            start = None
    return " ".join(map(str, runs))


def rows_of(name: str, labels: np.ndarray, values) -> list[str]:
    height, width = labels.shape
    return [f"{name},{runs_of(labels == value)},{height},{width},{value}" for value in values]


HEADING = "ImageId,EncodedPixels,Height,Width,ClassId"


def write_table(folder: Path, rows, heading=HEADING) -> None:
    (folder / "train.csv").write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")


def name_values(folder: Path, *, overlay_classes: bool = False) -> None:
    plain = {str(value): name for value, name in NAMES.items()}
    if overlay_classes:
        plain = {value: {"name": name, "colour": COLOURS[int(value)]} for value, name in plain.items()}
    (folder / "labels.json").write_text(json.dumps(plain), encoding="utf-8")


def write_map(folder: Path, form: str, name: str, labels: np.ndarray) -> None:
    """The label map of one photo in one of the FORMS."""
    target = folder / "labels" / f"{name}.png"
    if form == "table":
        values = [value for value in np.unique(labels) if value != 0]
        (folder / "labels").rmdir()
        write_table(folder, rows_of(f"{name}.jpg", labels, values))
    elif form.endswith("mat"):
        stored = labels.astype(float) if form == "double-mat" else labels
        savemat(
            target.with_suffix(".mat"),
            {"other": [1, 2], "groundtruth": stored},
            do_compression=form == "packed-mat",
        )
    elif form == "colour":
        colour_of = np.zeros((256, 3), np.uint8)
        for value, colour in COLOURS.items():
            colour_of[value] = colour
        write_image(target, colour_of[labels])
    else:
        picture = Image.fromarray(labels)
        if form == "palette":
            picture.putpalette(np.random.default_rng(0).integers(0, 256, 768, np.uint8).tobytes())
        picture.save(target)


def make_set(folder: Path, form: str = "index", name: str = "a", seed: int = 0) -> np.ndarray:
    """A folder with one photo; its label map, in its own values."""
    photo, labels = draw_values(seed)
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    write_image(folder / "images" / f"{name}.png", photo)
    name_values(folder, overlay_classes=form == "colour")
    write_map(folder, form, name, labels)
    return labels


# The classes of a model, their indices and their colours

several = st.integers(2, MOST).map(lambda count: LabelMap.of(tuple(f"class {n}" for n in range(count))))


@settings(max_examples=60)
@given(several, st.data())
def test_indices_come_back_from_their_colours(labels, data):
    known = st.sampled_from([*range(len(labels.names)), IGNORED])
    indices = data.draw(arrays(np.uint8, (3, 5), elements=known))
    picture = labels.decode(indices)

    assert (picture.shape, picture.dtype) == ((3, 5, 3), np.uint8)
    for place in np.ndindex(3, 5):
        own = indices[place]
        colour = labels.ignored_colour if own == IGNORED else labels.colours[own]
        assert tuple(picture[place]) == colour
    np.testing.assert_array_equal(labels.encode(picture), indices)


@given(st.sets(st.tuples(*[st.integers(0, 255)] * 3), min_size=2, max_size=9), st.booleans())
def test_any_colours_come_back_even_where_white_is_one_of_them(colours, white):
    colours = tuple({*colours, (255, 255, 255)} if white else colours)
    labels = LabelMap(tuple(map(str, colours)), colours, IGNORED)
    indices = np.array([[*range(len(colours)), IGNORED]], np.uint8)

    np.testing.assert_array_equal(labels.encode(labels.decode(indices)), indices)


def test_a_binary_map_has_outside_and_inside():
    labels = LabelMap()
    assert labels.binary
    for indices in (np.array([[0, 1]]), np.array([[False, True]])):
        np.testing.assert_array_equal(labels.decode(indices), [[(0, 0, 0), (255, 0, 0)]])
    np.testing.assert_array_equal(labels.encode(labels.decode(np.array([[1, 0]]))), [[1, 0]])


def test_an_index_of_no_class_is_named_with_its_place():
    with pytest.raises(DataError, match=r"indices of 2 classes, received 2 in column 1, row 0; choose"):
        LabelMap.of(("null", "dress")).decode(np.array([[0, 2]]))
    with pytest.raises(DataError, match="received 300 in column 0, row 1"):
        LabelMap.of(("null", "dress")).decode(np.array([[0], [300]]))


def test_a_colour_of_no_class_is_named_with_its_place_and_how_many_pixels_have_it():
    labels = LabelMap.of(("null", "dress"))
    picture = labels.decode(np.ones((4, 5), np.uint8))
    picture[2, 1:4], picture[3, 0] = (18, 52, 86), (1, 1, 1)
    with pytest.raises(DataError) as caught:
        labels.encode(picture)
    assert "received #123456 on 3 pixels, the first in column 1, row 2, others on 1;" in str(caught.value)


def test_the_palette_is_stable_and_its_colours_are_told_apart():
    colours = palette(MOST)
    assert [palette(count) for count in (0, 1, 12, 59)] == [colours[:count] for count in (0, 1, 12, 59)]
    assert len(set(colours)) == MOST
    assert colours[0] == (0, 0, 0)
    assert (255, 255, 255) not in colours  # of what is ignored
    for count, least in ((12, 40), (59, 20), (MOST, 10)):
        lab = rgb2lab(np.array([[*colours[:count], (255, 255, 255)]], np.uint8))[0]
        apart = np.linalg.norm(lab[:, np.newaxis] - lab, axis=2) + np.eye(len(lab)) * 999
        assert apart.min() > least
    with pytest.raises(ValueError, match="at most 255 colours, received 256"):
        palette(256)


def test_a_class_has_the_same_colour_alone_in_groups_and_among_all_names():
    groups = LabelMap.of(tuple(read_groups(GROUPS_OF_CLASSES / "ccp-12.json")))
    every = LabelMap.of(("null", "accessories", "bag", "boots", "coat", "dress", "hair", "shoes", "skin"))
    few = LabelMap.of(("background", "dress", "hair"))
    colour_of = [dict(zip(labels.names, labels.colours, strict=True)) for labels in (groups, every, few)]

    assert groups.colours == palette(12)
    for name in ("accessories", "coat", "hair", "shoes", "skin", "dress"):
        assert len({colours[name] for colours in colour_of if name in colours}) == 1
    assert not {colour_of[1]["bag"], colour_of[1]["boots"]} & {*groups.colours}


@given(st.sets(st.sampled_from([*CLOTHING[1:], *map(str, range(300))]), max_size=MOST - 1))
def test_no_two_classes_share_a_colour(names):
    labels = LabelMap.of(("background", *sorted(names)))
    assert len({*labels.colours}) == len(labels.names)


# The same map in every form


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_classes(tmp_path, form):
    values = make_set(tmp_path, form)
    dataset = discover(tmp_path, classes="all")
    (sample,) = dataset.samples
    truth = sample.truth.read()

    assert dataset.problems == ()
    assert dataset.labels.names == ("null", "hair", "dress", "shoes", "void")
    assert truth.dtype == np.uint8
    np.testing.assert_array_equal(truth, np.searchsorted([0, 1, 3, 7, 9], values))
    assert sample.truth.size() == truth.shape


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_garment(tmp_path, form):
    values = make_set(tmp_path, form)
    dataset = discover(tmp_path)
    assert dataset.labels.binary
    np.testing.assert_array_equal(dataset.samples[0].truth.read(), np.where(values == 3, 255, 0))


def test_colours_of_the_label_maps_are_those_of_the_classes(tmp_path):
    make_set(tmp_path, "colour")
    dataset = discover(tmp_path, classes="all")
    assert dataset.labels.colours == tuple(COLOURS.values())
    truth = dataset.samples[0].truth.read()
    with Image.open(tmp_path / "labels" / "a.png") as picture:
        np.testing.assert_array_equal(dataset.labels.decode(truth), picture)


@pytest.mark.parametrize("colour", [[255, 0, 16], "#ff0010", "#FF0010"])
@pytest.mark.parametrize("spelling", ["colour", "color"])
def test_a_colour_is_three_numbers_or_a_text(tmp_path, colour, spelling):
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"0": {"name": "null"}, "5": {"name": "dress", spelling: colour}}))
    classes = read_classes(path)
    assert classes.names == {0: "null", 5: "dress"}
    assert classes.colours == {(255, 0, 16): 5}


@pytest.mark.parametrize("colour", [[255, 0], [256, 0, 0], [True, 0, 0], "red", "#ff00", None, {}])
def test_a_colour_of_another_form_is_refused(tmp_path, colour):
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"5": {"name": "dress", "colour": colour}}))
    with pytest.raises(DataError, match=r'expected values and their names.*received "5": \{"name": "dress"'):
        read_classes(path)


def test_two_classes_of_one_colour_are_refused(tmp_path):
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({n: {"name": f"class {n}", "colour": "#010203"} for n in "12"}))
    with pytest.raises(DataError, match=r"received \[1, 2, 3\] for class 1 and class 2; change one"):
        read_classes(path)


def test_names_may_be_in_the_form_of_imaterialist(tmp_path):
    make_set(tmp_path, "table")
    (tmp_path / "labels.json").unlink()
    categories = [{"id": value, "name": name, "supercategory": "x"} for value, name in NAMES.items() if value]
    plain = {"info": {}, "categories": categories, "attributes": [{"id": 0, "name": "mini"}]}
    (tmp_path / "label_descriptions.json").write_text(json.dumps(plain))
    # no class is called background, so what no row covers becomes one
    assert discover(tmp_path, classes="all").labels.names == ("background", "hair", "dress", "shoes", "void")
    plain["categories"].append({"id": "5", "name": "hat"})
    (tmp_path / "label_descriptions.json").write_text(json.dumps(plain))
    with pytest.raises(DataError, match=r'received \{"id": "5", "name": "hat"\}; correct it'):
        discover(tmp_path)


# Tables of run lengths


@settings(max_examples=40)
@given(labels=arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 3)))
def test_the_runs_of_a_table_are_the_map(tmp_path_factory, labels):
    folder = tmp_path_factory.mktemp("table")
    labels[0, 0] = 3  # a photo without anything is a problem
    write_image(folder / "images" / "a.png", np.zeros((*labels.shape, 3), np.uint8))
    (folder / "labels.json").write_text(json.dumps({"0": "null", "1": "hat", "2": "coat", "3": "dress"}))
    write_table(folder, rows_of("a.jpg", labels, [1, 2, 3]))
    (sample,) = discover(folder, classes="all").samples
    np.testing.assert_array_equal(sample.truth.read(), labels)


def test_a_table_lies_beside_a_folder_called_train_and_smaller_rows_lie_above(tmp_path):
    write_image(tmp_path / "train" / "b.jpg", np.zeros((2, 3, 3), np.uint8))
    name_values(tmp_path)
    # columns: 1 2 | 3 4 | 5 6; the order of the columns of a table is its own
    rows = ["2,3,3,b,1 4", "2,3,1_4_9,b,4 2", '2,3,"7",b.jpg,"6 1"']
    write_table(tmp_path, rows, "Height,Width,ClassId,ImageId,EncodedPixels")
    dataset = discover(tmp_path, classes="all")
    assert dataset.problems == ()
    np.testing.assert_array_equal(dataset.samples[0].truth.read(), [[2, 2, 1], [2, 1, 3]])
    (note,) = dataset.notes
    assert note.endswith("train.csv: attributes of 1 rows are not read, their classes are")


@pytest.mark.parametrize("turn", [1, -1])
def test_a_part_of_a_garment_lies_above_it_and_leaves_no_hole_where_it_is_no_class(tmp_path, turn):
    coat, pocket = np.zeros((2, 8, 6), bool)
    coat[1:7, 1:5] = pocket[3:5, 2:4] = True
    write_image(tmp_path / "images" / "a.png", np.zeros((8, 6, 3), np.uint8))
    (tmp_path / "labels.json").write_text(json.dumps({"4": "cardigan, coat", "32": "pocket"}))
    (tmp_path / "groups.json").write_text(json.dumps({"rest": ["background"], "top": ["cardigan, coat"]}))
    write_table(tmp_path, [*rows_of("a.jpg", coat * 4, [4]), *rows_of("a.jpg", pocket * 32, [32])][::turn])

    def truth(classes):
        (sample,) = discover(tmp_path, classes=classes).samples
        return sample.truth.read()

    np.testing.assert_array_equal(truth("all"), np.where(pocket, 2, coat))
    np.testing.assert_array_equal(truth("garment"), coat * 255)
    np.testing.assert_array_equal(truth(str(tmp_path / "groups.json")), coat)


def test_a_table_of_something_else_beside_masks_is_left_alone(tmp_path):
    write_image(tmp_path / "images" / "a.png", draw_pair(0)[0])
    write_image(tmp_path / "masks" / "a.png", draw_pair(0)[1])
    (tmp_path / "train.csv").write_text("file,fold\na.png,1\n")
    assert discover(tmp_path).problems == ()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a.jpg,1 2,64,48", "train.csv, line 3: expected 5 values, received 4; correct the line"),
        ("a.jpg,1 2,64,x,3", "train.csv, line 3: expected a whole number as Width, received 'x'"),
        ("a.jpg,1 2,64,48,-3", "expected a whole number as ClassId, received '-3'"),
        ("a.jpg,1 2,64,48,", "expected a whole number as ClassId, received ''"),
        ("a.jpg,1 2,48,64,3", "train.csv, line 3: expected 48x64 as in line 2, received 64x48"),
        ("a.jpg,1 2,99999,99999,3", f"expected 1 to {pixels_that_fit()} pixels, received 99999x99999"),
        ("a.jpg,1,64,48,3", "train.csv, line 3: run-length mask: expected pairs of numbers"),
        ("a.jpg,3000 99,64,48,3", "received a run to pixel 3098; check that"),
        ("a.jpg,5 2 1 1,64,48,3", "run-length mask: expected ascending runs"),
        ("a.jpg,1 2,64,48,99", "holds the value 99, which labels.json does not name; name it"),
    ],
)
def test_a_wrong_row_is_a_problem_of_its_photo(tmp_path, row, said):
    make_set(tmp_path, "table", "good", seed=1)
    write_image(tmp_path / "images" / "a.png", draw_pair(0)[0])
    (good,) = rows_of("good", draw_values(1)[1], [3])
    write_table(tmp_path, ["a.jpg,7 3,64,48,3", row, good])
    dataset = discover(tmp_path, classes="all")
    (problem,) = dataset.problems
    assert problem.path == tmp_path / "images" / "a.png"
    assert said in f"{problem.reason}; {problem.remedy}"
    assert [sample.id for sample in dataset.samples] == ["good"]


def test_rows_and_photos_without_each_other_are_named_once(tmp_path):
    make_set(tmp_path, "table", "good")
    write_image(tmp_path / "images" / "alone.png", draw_pair(3)[0])
    (good,) = rows_of("good", draw_values(0)[1], [3])
    write_table(tmp_path, [good, "x.jpg,1 1,9,9,3", "y.jpg,1 1,9,9,3"])
    said = {problem.path.name: problem.reason for problem in discover(tmp_path).problems}
    assert said == {
        "alone.png": "has no row in train.csv",
        "train.csv": "has rows of 2 photos that are not in images, such as x",
    }


def test_a_photo_of_another_size_than_its_rows_is_named(tmp_path):
    make_set(tmp_path, "table")
    write_image(tmp_path / "images" / "b.png", np.zeros((9, 7, 3), np.uint8))
    values = rows_of("a", draw_values(0)[1], [3])
    write_table(tmp_path, [*values, "b,1 2,7,9,3"])
    (problem,) = discover(tmp_path).problems
    assert problem.reason == "is 7x9, train.csv gives 9x7"


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"\0\xff" * 100, b"ImageId,ClassId\na,1\n"])
def test_a_table_without_its_columns_is_refused(tmp_path, content):
    make_set(tmp_path, "table")
    (tmp_path / "train.csv").write_bytes(content)
    with pytest.raises(
        DataError, match=r"train\.csv: expected a table with the columns ImageId, .*; give it"
    ) as e:
        discover(tmp_path)
    assert str(e.value).isprintable()


def test_a_fingerprint_of_a_table_knows_the_rows_of_its_photos_alone(tmp_path):
    make_set(tmp_path, "table")
    own = rows_of("a", draw_values(0)[1], [1, 3])
    write_table(tmp_path, own)
    before = fingerprint(discover(tmp_path, classes="all").samples)
    both = [discover(tmp_path, classes=classes).samples[0] for classes in ("all", "garment")]
    assert len({*map(contents_of, both)}) == 1
    assert len({fingerprint([sample]) for sample in both}) == 2
    write_table(tmp_path, ["z,1 1,9,9,3", *own])
    assert fingerprint(discover(tmp_path, classes="all").samples) == before
    write_table(tmp_path, own[1:])
    assert fingerprint(discover(tmp_path, classes="all").samples) != before


def test_a_fingerprint_knows_what_is_made_of_the_classes(tmp_path):
    make_set(tmp_path)
    (tmp_path / "groups.json").write_text(json.dumps(GROUPS))
    choices = ("garment", "all", str(tmp_path / "groups.json"))
    assert len({fingerprint(discover(tmp_path, classes=choice).samples) for choice in choices}) == 3


# Files that hold something else


def said_of(folder: Path) -> str:
    """Return the message about the pair `odd`, beside a good one."""
    write_image(folder / "images" / "odd.png", draw_pair(9)[0])
    dataset = discover(folder, classes="all")
    (problem,) = dataset.problems
    assert problem.path.stem == "odd"
    assert [sample.id for sample in dataset.samples] == ["a"]
    assert f"{problem.reason}{problem.remedy}".isprintable()
    return f"{problem.reason}; {problem.remedy}"


def test_an_unknown_colour_is_named_with_its_place_and_its_pixels(tmp_path):
    make_set(tmp_path, "colour")
    picture = np.zeros((64, 48, 3), np.uint8)
    picture[10:12, 5:8] = (255, 0, 0)
    picture[40:] = COLOURS[3]
    write_image(tmp_path / "labels" / "odd.png", picture)
    said = said_of(tmp_path)
    assert "holds other colours than labels.json: " in said
    assert "received #ff0000 on 6 pixels, the first in column 5, row 10; name the colour" in said


def test_the_noise_of_a_jpeg_is_not_guessed_at(tmp_path):
    make_set(tmp_path, "colour")
    with Image.open(tmp_path / "labels" / "a.png") as picture:
        picture.save(tmp_path / "labels" / "odd.jpg", quality=80)
    said = said_of(tmp_path)
    assert "holds other colours than labels.json" in said
    assert "save the map without loss, as PNG" in said


@pytest.mark.parametrize("notes", [{}, {271: "a camera"}])
@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_label_maps_whose_format_mixes_classes_are_refused(tmp_path, suffix, notes):
    make_set(tmp_path)
    exif = Image.Exif()
    exif.update(notes)
    with Image.open(tmp_path / "labels" / "a.png") as picture:
        Image.fromarray(np.array(picture)).save(tmp_path / "labels" / f"odd{suffix}", quality=95, exif=exif)
    assert "which mixes those of neighbouring classes or objects; save it as PNG" in said_of(tmp_path)


def test_a_webp_mixes_values_unless_it_was_saved_without_loss(tmp_path):
    path = tmp_path / "labels.webp"
    picture = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8))
    for more in (
        {},
        {"exif": b"Exif\0\0of a camera"},
        {"save_all": True, "append_images": [picture.rotate(180)]},
    ):
        for lossless in (True, False):
            picture.save(path, lossless=lossless, **more)
            assert loses_values(path) == (not lossless), more


def test_a_photo_of_background_alone_is_a_pair_where_the_background_is_a_group_of_things(tmp_path):
    make_set(tmp_path)
    photo = draw_pair(1)[0]
    write_image(tmp_path / "images" / "bare.png", photo)
    write_image(tmp_path / "labels" / "bare.png", np.full(photo.shape[:2], 1, np.uint8))
    groups = tmp_path / "groups.json"
    groups.write_text(json.dumps({"background": ["null", "hair"], "dress": ["dress"]}))
    dataset = discover(tmp_path, classes=str(groups))
    assert [sample.id for sample in dataset.samples] == ["a", "bare"]
    assert not dataset.samples[1].truth.read().any()


def test_a_palette_with_the_colours_of_the_classes_in_another_order_is_read_by_them(tmp_path):
    labels = make_set(tmp_path, "colour")
    path = tmp_path / "labels" / "a.png"
    Image.open(path).quantize(method=Image.Quantize.MEDIANCUT).save(path)
    assert not np.array_equal(np.array(Image.open(path)), labels)
    (sample,) = discover(tmp_path, classes="all").samples
    names = [NAMES[value] for value in sorted(NAMES)]
    found = sample.truth.read()
    for value in np.unique(labels):
        expected = IGNORED if NAMES[value] == "ignore" else names.index(NAMES[value])
        assert set(found[labels == value].tolist()) == {expected}


def test_a_palette_of_other_colours_means_nothing(tmp_path):
    make_set(tmp_path, "palette")
    (before,) = discover(tmp_path, classes="all").samples
    expected = before.truth.read()
    name_values(tmp_path, overlay_classes=True)
    (sample,) = discover(tmp_path, classes="all").samples
    np.testing.assert_array_equal(sample.truth.read(), expected)


def test_a_map_of_nothing_but_background_is_named(tmp_path):
    make_set(tmp_path)
    write_image(tmp_path / "labels" / "odd.png", np.zeros((64, 48), np.uint8))
    assert said_of(tmp_path).startswith("is empty: it holds no class but the background; label the photo")


def mat(variables, **options) -> bytes:
    stored = io.BytesIO()
    savemat(stored, variables, **options)
    return stored.getvalue()


MAP = np.full((64, 48), 3, np.uint8)
MISLEADING = {
    "empty": (b"", "expected a file of version 5"),
    "text": (b"no matlab" * 99, "expected a file of version 5, received something else"),
    "version 4": (mat({"groundtruth": MAP}, format="4"), "expected a file of version 5"),
    "version 7.3": (
        b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF",
        "received one of version 7.3",
    ),
    "another variable": (mat({"labels": MAP}), "expected the variable groundtruth, received labels"),
    "no variable": (mat({}), "expected the variable groundtruth, received none"),
    "cells": (mat({"groundtruth": np.array([[MAP, 1]], object)}), "received another kind of variable"),
    "text in it": (mat({"groundtruth": "dress"}), "received another kind of variable"),
    "complex": (mat({"groundtruth": MAP * 1j}), "received another kind of variable"),
    "three dimensions": (mat({"groundtruth": np.zeros((2, 3, 4))}), "received 2x3x4"),
    "no pixels": (mat({"groundtruth": np.zeros((0, 3))}), "received 0x3"),
    "fractions": (mat({"groundtruth": MAP / 2}), "expected whole numbers, received fractions"),
    "no numbers": (mat({"groundtruth": MAP * np.nan}), "expected whole numbers, received fractions"),
    "cut off": (mat({"groundtruth": MAP})[:-900], "damaged, or the file ends too early"),
    "packed and cut off": (mat({"groundtruth": MAP}, do_compression=True)[:-9], "damaged, or the file ends"),
}


@pytest.mark.parametrize("kind", MISLEADING)
def test_a_matlab_file_of_another_kind_is_named(tmp_path, kind):
    make_set(tmp_path, "mat")
    content, expected = MISLEADING[kind]
    (tmp_path / "labels" / "odd.mat").write_bytes(content)
    said = said_of(tmp_path)
    assert said.startswith("cannot be read as a label map of MATLAB (")
    assert expected in said
    assert "'groundtruth', '-v7')" in said


def test_a_matlab_file_may_not_unpack_to_more_than_it_should(tmp_path, monkeypatch):
    path = tmp_path / "a.mat"
    path.write_bytes(mat({"groundtruth": np.zeros((300, 300))}, do_compression=True))
    assert read_label_map(path).shape == (300, 300)
    monkeypatch.setattr(matlab, "_MOST_BYTES", 300 * 300 * 8 - 1)
    with pytest.raises(DataError, match="at most 719999 bytes of labels, received more"):
        read_label_map(path)


def test_a_matlab_file_may_not_declare_more_than_it_holds(tmp_path):
    content = bytearray(mat({"groundtruth": MAP}))
    place = content.index(struct.pack("<4I", 5, 8, *MAP.shape)) + 8
    struct.pack_into("<2I", content, place, 2**30, 2**30)
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(DataError, match="a height and a width of at most"):
        read_label_map(tmp_path / "a.mat")


SOUND = [mat({"first": [1], "groundtruth": MAP[:3, :4]}, do_compression=packed) for packed in (False, True)]


@settings(max_examples=150)
@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4),
    st.data(),
)
def test_a_damaged_matlab_file_is_read_or_refused(tmp_path_factory, sound, damage, data):
    content = bytearray(sound)
    for place, value in damage:
        content[place % len(content)] = value
    path = tmp_path_factory.mktemp("mat") / "a.mat"
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2, 200]))])
    try:
        labels = read_label_map(path)
    except DataError:
        return
    assert labels.ndim == 2
    assert labels.dtype.kind in "ui"


# Which classes a model learns


def classes_of(names, path="labels.json") -> Classes:
    return Classes(Path(path), dict(enumerate(names)))


def choice_of(tmp_path, groups, names=("null", "hair", "dress", "romper", "shoes")):
    path = tmp_path / "groups.json"
    path.write_text(groups if isinstance(groups, str) else json.dumps(groups))
    return choose_classes(classes_of(names), str(path))


def test_all_is_every_name_with_the_background_first():
    choice = choose_classes(classes_of(["Hair", "dress", "Background", "hair ", "ignore"]), "all")
    assert choice.labels.names == ("background", "hair", "dress")
    assert choice.labels.ignore == IGNORED
    assert choice.labels.colours == LabelMap.of(choice.labels.names).colours
    assert choice.coding.targets == (1, 2, 0, 1, IGNORED)


def test_groups_merge_names_and_what_is_in_none_belongs_to_the_first(tmp_path):
    groups = {"background": [], "ignored": ["shoes"], "one-piece": ["DRESS", "romper"]}
    choice = choice_of(tmp_path, groups)
    assert choice.labels.names == ("background", "one-piece")
    assert choice.coding.targets == (0, 0, 1, 1, IGNORED)
    assert str(choice) == "2 classes in the label maps: background, one-piece; ignored: shoes"
    assert choice.members(1) == ("dress", "romper")


@given(st.data())
def test_every_value_becomes_the_group_that_names_it(tmp_path_factory, data):
    names = [f"name {number}" for number in range(8)]
    group_of = [data.draw(st.integers(0, 3)) for _ in names]
    groups = {
        f"group {one}": [n for n, own in zip(names, group_of, strict=True) if own == one] for one in range(4)
    }
    groups = {group: own for group, own in groups.items() if own}
    assume(len(groups) > 1)
    choice = choice_of(tmp_path_factory.mktemp("groups"), groups, names)
    for name, target in zip(names, choice.coding.targets, strict=True):
        assert name in groups[choice.labels.names[target]]


def test_label_maps_of_the_groups_themselves_stay_as_they_are(tmp_path):
    groups = {"background": ["null"], "ignore": ["shoes"], "one-piece": ["dress", "romper"], "Head": ["hair"]}
    choice = choice_of(tmp_path, groups, ("background", "one-piece", "head"))
    assert choice.labels.names == ("background", "one-piece", "Head")
    assert choice.coding.targets == (0, 1, 2)
    with pytest.raises(DataError, match="received 'null' in 'background'"):
        choice_of(tmp_path, groups, ("background", "one-piece", "head", "belt"))


def test_what_a_model_has_learned_may_be_more_than_the_label_maps_name_but_not_less(tmp_path):
    path = tmp_path / "classes.json"
    path.write_text(json.dumps({"background": ["null"], "top": ["shirt", "vest"], "hat": ["hat"]}))
    choice = choose_classes(classes_of(["null", "shirt"]), str(path), trained_by="street")
    assert choice.labels.names == ("background", "top", "hat")
    assert choice.coding.targets == (0, 1)
    with pytest.raises(
        DataError, match=r"labels\.json: expected the names that street was trained on.* belt"
    ):
        choose_classes(classes_of(["null", "belt"]), str(path), trained_by="street")


def test_groups_of_several_sets_have_the_names_of_all(tmp_path):
    groups = {"background": ["null"], "top": ["dress"]}
    first, second = (
        choice_of(tmp_path, groups, ("null", "dress", other)).listed for other in ("tree", "dog")
    )
    assert merged_groups([first, second]) == {"background": ["null", "tree", "dog"], "top": ["dress"]}
    with pytest.raises(DataError, match=r"received dog in background and in top; call one of them something"):
        merged_groups([second, {"background": ["null"], "top": ["dog"]}])


def test_a_model_keeps_the_names_that_it_has_learned_where_label_maps_have_fewer(tmp_path):
    groups = {"background": ["null"], "top": ["shirt", "vest"], "ignore": ["void"]}
    path = tmp_path / "classes.json"
    path.write_text(json.dumps(groups))
    for names in (["null", "shirt"], ["background", "top"]):  # of other photos, and predicted
        choice = choose_classes(classes_of(names), str(path), trained_by="street")
        for group, own in groups.items():
            assert set(own) <= set(choice.listed[group])


def test_what_is_called_ignore_counts_nowhere_unless_a_group_says_otherwise(tmp_path):
    names = ("null", "dress", "Ignore ")
    groups = {"background": ["null"], "dress": ["dress"]}
    assert choice_of(tmp_path, groups, names).coding.targets == (0, 1, IGNORED)
    groups["background"].append("ignore")
    assert choice_of(tmp_path, groups, names).coding.targets == (0, 1, 0)


def test_left_and_right_change_places_in_a_mirror_image():
    names = ("background", "Left-shoe", "bright", "right-shoe", "left-arm", "LEFT leg", "Right leg")
    mirrored = LabelMap.of(names).mirrored_indices
    assert mirrored == (0, 3, 2, 1, 4, 6, 5)
    assert [mirrored[index] for index in mirrored] == list(range(7))
    assert LabelMap().mirrored_indices == (0,)


def test_models_that_have_a_name_in_different_classes_are_not_held_against_each_other(tmp_path):
    files = {name: tmp_path / f"{name}.json" for name in ("one", "two", "three")}
    for name, groups in {
        "one": {"background": ["null"], "top": ["vest", "cape"]},
        "two": {"background": ["null", "hat"], "top": ["vest"]},
        "three": {"background": ["null", "cape"], "top": ["vest"]},
    }.items():
        files[name].write_text(json.dumps(groups))

    check_same_groups({name: files[name] for name in ("one", "two")})
    with pytest.raises(
        ConfigError, match="received cape as top by one and as background by three; leave one"
    ):
        check_same_groups(files)


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (
            {"background": ["null"], "dress": ["dres"]},
            r"received 'dres' in 'dress'; did you mean dress\?; correct",
        ),
        ({"background": ["null"], "a": ["qqqq"]}, "received 'qqqq' in 'a'; correct it"),
        ({"background": ["hair"], "a": ["hair"]}, "received 'hair' in 'background' and 'a'; leave it in one"),
        ({"background": ["null"], "a": []}, "expected names in every group, received none in 'a'"),
        (
            {"background": ["null"]},
            "expected 2 to 255 classes, received 1; choose others, or `classes=garment`",
        ),
        ({"ignore": ["null"]}, "expected 2 to 255 classes, received 0"),
        ({"background": "null", "a": ["hair"]}, "received no list of names for 'background'"),
        ({"background": [1], "a": ["hair"]}, "received no list of names for 'background'"),
        ({"background": ["null"], "a\n": ["hair"]}, r"1 to 100 printable characters, received 'a\\n'"),
        ({"background": ["null"], "": ["hair"]}, "1 to 100 printable characters, received ''"),
        ("[]", "received no groups"),
        ("{", "received no readable JSON"),
        ('{"a": ["null"], "a": ["hair"]}', "expected each name once, received 'a' twice"),
    ],
)
def test_groups_that_cannot_work_are_refused(tmp_path, groups, said):
    with pytest.raises(DataError, match=said) as caught:
        choice_of(tmp_path, groups)
    assert "groups.json" in str(caught.value)
    assert str(caught.value).isprintable()


def test_groups_that_are_not_there_are_refused_with_the_nearest():
    with pytest.raises(DataError, match=r"garment, foreground, all, ccp-12 or .* did you mean ccp-12\?"):
        choose_classes(classes_of(["null", "dress"]), "ccp12")


def test_more_classes_than_a_pixel_can_tell_are_refused():
    names = [f"class {number}" for number in range(256)]
    assert len(choose_classes(classes_of(names[:255]), "all").labels.names) == 255
    with pytest.raises(DataError, match="expected 2 to 255 classes, received 256"):
        choose_classes(classes_of(names), "all")


def test_masks_have_one_class(tiny_set):
    assert discover(tiny_set).labels == LabelMap()
    with pytest.raises(DataError, match=r"expected label maps.*received images \+ cutouts"):
        discover(tiny_set, classes="all")


def test_both_sides_have_the_same_classes(tmp_path):
    for side in ("train", "val"):
        make_set(tmp_path / side, name=side, seed=len(side))
    assert discover(tmp_path, classes="all").labels.names[1] == "hair"
    (tmp_path / "val" / "labels.json").write_text(json.dumps({**NAMES, 1: "hat"}))
    with pytest.raises(DataError, match=r"expected the same classes in train and val.*`classes=FILE`"):
        discover(tmp_path, classes="all")
    (tmp_path / "groups.json").write_text(json.dumps({"rest": ["null"], "dress": ["dress"]}))
    assert discover(tmp_path, classes=str(tmp_path / "groups.json")).labels.names == ("rest", "dress")


# On real photos


def test_the_twelve_groups_hold_every_name_of_the_street_photos_once(ccp):
    groups = json.loads((GROUPS_OF_CLASSES / "ccp-12.json").read_text())
    names = json.loads((ccp / "labels.json").read_text()).values()
    assert len(groups) == 12
    assert sorted(name for members in groups.values() for name in members) == sorted(names)


def test_the_street_photos_have_twelve_classes(ccp):
    dataset = discover(ccp, check=False, classes="ccp-12")
    assert dataset.labels.names[:3] == ("background", "skin", "hair")
    sample = dataset.folder_split.val[0]
    truth = sample.truth.read()
    with Image.open(sample.truth.path) as picture:
        values = np.array(picture)
    np.testing.assert_array_equal(truth == 1, values == 41)
    np.testing.assert_array_equal(truth == 0, values == 0)
    assert truth.max() < 12
