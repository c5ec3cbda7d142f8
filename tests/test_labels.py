"""Label maps: what labels.json calls by a name of clothing is garment, and everything else is not."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from support.drawing import draw_pair
from support.program import run

from segmentation.config.data import DataConfig
from segmentation.core.errors import DataError
from segmentation.core.labels import Coding
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.datasets.fingerprint import fingerprint
from segmentation.datasets.ground_truth import LabelFile, MaskFile
from segmentation.datasets.labels import CLOTHING, find_classes, read_classes
from segmentation.datasets.summary import summarise
from segmentation.evaluation.photo import read_pair
from segmentation.images.files import write_image
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.preprocessing.second_pass import SecondPassView
from segmentation.reports.contact_sheet import draw_contact_sheet
from segmentation.training.batches import PreparedPairs
from segmentation.training.second_pass_pairs import SecondPassPairs

NAMES = {"0": "null", "1": "hair", "2": "bag", "14": "dress", "31": "Pants", "39": "shoes"}
HAIR, DRESS, PANTS, SHOES = 1, 14, 31, 39
SIZE = Size(height=64, width=48)


def draw_labels(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photo, its alpha, and a label map: a dress above pants, hair above and shoes below both."""
    photo, alpha = draw_pair(seed)
    labels = np.zeros_like(alpha)
    labels[:8], labels[-8:] = HAIR, SHOES
    middle = alpha.shape[0] // 2
    labels[:middle][alpha[:middle] == 255] = DRESS
    labels[middle:][alpha[middle:] == 255] = PANTS
    return photo, alpha, labels


def garment_of(sample: Sample) -> tuple[int, ...] | None:
    """The values that are garment in the sample's label map; None for a picture of the mask itself."""
    if sample.truth.coding is None:
        return None
    meanings = zip(sample.truth.coding.values, sample.truth.coding.targets, strict=True)
    return tuple(value for value, target in meanings if target == 255)


def name_values(folder: Path, names=NAMES) -> None:
    (folder / "labels.json").write_text(json.dumps(names), encoding="utf-8")


def add_pair(folder: Path, name: str, seed: int) -> np.ndarray:
    """The alpha of the pair."""
    photo, alpha, labels = draw_labels(seed)
    write_image(folder / "images" / f"{name}.png", photo)
    write_image(folder / "labels" / f"{name}.png", labels)
    return alpha


@pytest.fixture
def folder(tmp_path):
    """Two photos with label maps."""
    name_values(tmp_path)
    add_pair(tmp_path, "a", 0)
    add_pair(tmp_path, "b", 1)
    return tmp_path


# Which values are garment


def test_clothing_is_garment_in_upper_and_lower_case_and_nothing_else_is(folder):
    classes = read_classes(folder / "labels.json")
    assert classes.names.keys() == {0, 1, 2, 14, 31, 39}
    assert classes.garment == (DRESS, PANTS)


def test_what_a_studio_does_not_cut_out_is_no_clothing():
    assert {"dress", "t-shirt", "trousers", "garment"} <= CLOTHING
    assert not {"null", "skin", "hair", "shoes", "bag", "hat", "belt", "tie", "socks", "tights"} & CLOTHING
    assert {name.lower() for name in CLOTHING} == CLOTHING


def test_names_are_found_above_train_and_val_and_those_of_a_side_come_first(tmp_path, monkeypatch):
    (tmp_path / "train").mkdir()
    name_values(tmp_path)
    assert find_classes(tmp_path / "train").garment == (DRESS, PANTS)
    monkeypatch.chdir(tmp_path / "train")
    assert find_classes(Path()).garment == (DRESS, PANTS)
    name_values(tmp_path / "train", {"5": "coat"})
    assert find_classes(tmp_path / "train").garment == (5,)


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (b"", "no readable JSON"),
        (b"\xff{", "no readable JSON"),
        (b"[" * 100_000, "no readable JSON"),
        (b'["null", "dress"]', r'received \["null", "dress"\]'),
        (b'{"one": "dress"}', 'received "one": "dress"'),
        (b'{"-1": "dress"}', 'received "-1": "dress"'),
        (b'{"01": "dress"}', 'received "01": "dress"'),
        (b'{"1": ["dress"]}', r'received "1": \["dress"\]'),
        (
            b'{"0": "null", "1": "hat\\n"}',
            r"expected a name of clothing.* received null, hat\\n; call .* garment",
        ),
        (b"{}", "received no names"),
    ],
)
def test_names_of_another_form_are_refused_with_what_was_found(folder, content, received):
    (folder / "labels.json").write_bytes(content)
    with pytest.raises(DataError, match=received) as caught:
        discover(folder)
    assert str(caught.value).startswith(f"{folder / 'labels.json'}: expected ")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("classes", ["garment", "foreground", "all", "top"])
def test_names_of_nothing_are_refused_whatever_classes_are_asked_for(folder, tmp_path, classes):
    (folder / "labels.json").write_text("{}")
    (tmp_path / "top.json").write_text('{"background": [], "top": ["shirt"]}')
    choice = tmp_path / "top.json" if classes == "top" else classes
    with pytest.raises(DataError, match="expected names of the values of label maps, received no names"):
        discover(folder, classes=choice, trained_by="a model" if classes == "top" else None)


def test_label_maps_without_names_are_refused(folder):
    (folder / "labels.json").unlink()
    with pytest.raises(DataError, match=r"expected a labels\.json that names the values.*add it"):
        discover(folder)


# Pairs


def test_a_folder_of_label_maps_gives_pairs(folder):
    dataset = discover(folder)
    assert dataset.problems == ()
    assert [(sample.id, garment_of(sample)) for sample in dataset.samples] == [
        ("a", (DRESS, PANTS)),
        ("b", (DRESS, PANTS)),
    ]


def test_a_pair_of_a_label_map_is_the_same_as_one_of_a_mask_to_every_reader(tmp_path):
    name_values(tmp_path)
    alpha = add_pair(tmp_path, "a", 0)
    (sample,) = discover(tmp_path).samples
    write_image(tmp_path / "mask.png", alpha)
    masked = dataclasses.replace(sample, truth=MaskFile(tmp_path / "mask.png"))

    np.testing.assert_array_equal(sample.truth.read(), alpha)
    np.testing.assert_array_equal(read_pair(sample)[1], alpha)
    np.testing.assert_array_equal(draw_contact_sheet([sample]), draw_contact_sheet([masked]))
    area = summarise(discover(tmp_path)).area
    assert area.mean == pytest.approx((alpha == 255).mean())
    of_labels, of_mask = (
        PreparedPairs([one], Preprocessing(SIZE, "colour"), DataConfig())[0] for one in (sample, masked)
    )
    np.testing.assert_array_equal(of_labels[1], of_mask[1])


@pytest.mark.parametrize("varied", [True, False])
@pytest.mark.parametrize("kind", ["crop", "mask"])
def test_a_second_pass_can_be_guided_by_the_truth_of_a_label_map(folder, kind, varied):
    sample = discover(folder).samples[0]
    guided = dataclasses.replace(sample, first_scores=sample.truth)
    preprocessing = Preprocessing(SIZE, "colour", guided=True)
    pairs = SecondPassPairs(
        [guided], preprocessing, DataConfig(), SecondPassView(kind, 4, 0.5, SIZE), varied=varied
    )
    image, target = pairs[0]
    assert target.max() == 255
    np.testing.assert_array_equal(image[..., -1], target)


def test_sides_may_have_names_of_their_own(tmp_path):
    for side, names in (("train", NAMES), ("val", {**NAMES, "31": "tights"})):
        add_pair(tmp_path / side, side[0], len(side))
        name_values(tmp_path / side, names)
    split = discover(tmp_path).folder_split
    assert [garment_of(sample) for sample in (*split.train, *split.val)] == [(DRESS, PANTS), (DRESS,)]


@pytest.mark.parametrize("other", ["cutouts", "masks"])
def test_cutouts_and_masks_are_worth_more_than_label_maps(folder, other):
    for name in ("a", "b"):
        photo, alpha = draw_pair(5)
        write_image(folder / other / f"{name}.png", np.dstack([photo, alpha]))
    (folder / "labels.json").unlink()  # not needed then
    dataset = discover(folder)
    (problem,) = dataset.problems
    assert problem.path == folder / "labels"
    assert f"{other} holds the ground truth" in problem.reason
    assert {sample.truth.coding for sample in dataset.samples} == {None}


# Problems, each named and left out


def problem_with(folder: Path, picture: Image.Image) -> str:
    """Return the message about the pair `odd` with that label map; the two good pairs remain."""
    write_image(folder / "images" / "odd.png", draw_pair(9)[0])
    picture.save(folder / "labels" / "odd.png")
    dataset = discover(folder)
    (problem,) = dataset.problems
    assert problem.path == folder / "labels" / "odd.png"
    assert [sample.id for sample in dataset.samples] == ["a", "b"]
    return f"{problem.reason}; {problem.remedy}"


def test_a_value_without_a_name_is_named(folder):
    labels = draw_labels(9)[2]
    labels[0, :2] = 77, 200
    said = problem_with(folder, Image.fromarray(labels))
    assert said.startswith("holds the value 77, which labels.json does not name; name it")


def test_a_photo_without_clothing_is_named(folder):
    labels = np.full((64, 48), HAIR, np.uint8)
    assert "is empty: nothing is marked as garment" in problem_with(folder, Image.fromarray(labels))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_a_label_map_in_colour_is_named(folder, mode):
    said = problem_with(folder, Image.fromarray(draw_labels(9)[2]).convert(mode))
    assert said.startswith(f"is no label map (expected one value a pixel, received {mode}); save")


# Which data was it?


def test_a_fingerprint_knows_which_values_are_garment(folder, tmp_path_factory):
    original = fingerprint(discover(folder).samples)
    copy = tmp_path_factory.mktemp("copy") / "elsewhere"
    shutil.copytree(folder, copy)
    assert fingerprint(discover(copy).samples) == original
    name_values(copy, {**NAMES, "39": "skirt"})
    assert fingerprint(discover(copy).samples) != original


def test_fingerprints_are_those_of_earlier_versions(tmp_path):
    (tmp_path / "photo").write_bytes(b"photo")
    (tmp_path / "cutout").write_bytes(b"cutout")
    sample = Sample("a", tmp_path / "photo", MaskFile(tmp_path / "cutout"))
    assert fingerprint([sample]) == "3c1c4b16d09591d0f61c7abc5971be9cf0efde41e283cd8a0fcf70edf8d7ecd4"
    labelled = dataclasses.replace(
        sample, truth=LabelFile(tmp_path / "cutout", Coding((0, 14, 31), (0, 255, 255)))
    )
    assert fingerprint([labelled]) == "6f538a289542fd80dd04b9d249732fa1eac5d469a7145eb496f4369e60252fef"


# The picture itself


@given(labels=arrays(np.uint8, (5, 7)), garment=st.sets(st.integers(0, 255), min_size=1), data=st.data())
def test_garment_is_where_the_value_is_one_of_its_values_in_every_kind_of_file(
    tmp_path_factory, labels, garment, data
):
    path = tmp_path_factory.mktemp("map") / "labels.png"
    grey = Image.fromarray(labels)
    palette = grey.copy()
    palette.putpalette(data.draw(st.binary(min_size=768, max_size=768)))
    assert palette.mode == "P"
    coding = Coding(tuple(range(256)), tuple(255 * (value in garment) for value in range(256)))
    for picture in (grey, palette, Image.fromarray(labels.astype(np.uint16))):
        picture.save(path)
        mask = LabelFile(path, coding).read()
        assert mask.dtype == np.uint8
        np.testing.assert_array_equal(mask, [[255 * (value in garment) for value in row] for row in labels])


# As a user types it, and on real photos


def test_data_shows_a_set_of_label_maps(folder, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    done = run("data", "--home", home, "--data", folder)
    assert "No problems found" in done.stdout
    (sheet,) = (home / "results" / "data").rglob("contact-sheet.png")
    assert str(sheet) in done.stdout


def test_the_street_photos_are_read_as_garments(ccp):
    dataset = discover(ccp, check=False)
    assert dataset.problems == ()
    assert (len(dataset.folder_split.train), len(dataset.folder_split.val)) == (600, 104)
    names = json.loads((ccp / "labels.json").read_text())
    garment = {names[str(value)] for value in garment_of(dataset.samples[0])}
    assert len(garment) == 27
    assert {"dress", "jeans", "t-shirt"} < garment
    areas = [(read_pair(sample)[1] == 255).mean() for sample in dataset.folder_split.val]
    assert 0.02 < min(areas) < max(areas) < 0.5


def test_a_street_photo_without_a_label_is_left_out(ccp, tmp_path):
    for name in ("0534", "0536"):
        for kind, suffix in (("images", ".jpg"), ("labels", ".png")):
            (tmp_path / kind).mkdir(exist_ok=True)
            shutil.copy(ccp / "train" / kind / f"{name}{suffix}", tmp_path / kind)
    shutil.copy(ccp / "labels.json", tmp_path)
    dataset = discover(tmp_path)
    assert [sample.id for sample in dataset.samples] == ["0534"]
    assert [problem.path.name for problem in dataset.problems] == ["0536.png"]
