"""A user's folder gives its pairs, and every file that does not fit is named with its remedy."""

import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segmentation.core.errors import DataError, SegmentationError
from segmentation.core.viewpoint_names import VIEWS, group_and_view
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.fingerprint import fingerprint
from segmentation.images.files import read_mask, write_image

MASK = np.zeros((12, 8), np.uint8)
MASK[3:9, 2:6] = 255
random = np.random.default_rng(0)


def _photo(path: Path, size: tuple[int, int] = (12, 8)) -> Path:
    write_image(path, random.integers(0, 256, (*size, 3), dtype=np.uint8))
    return path


def _mask(path: Path, mask: np.ndarray = MASK) -> Path:
    write_image(path, mask)
    return path


def _cutout(path: Path, alpha: np.ndarray = MASK) -> Path:
    write_image(path, np.dstack([np.full((*alpha.shape, 3), 90, np.uint8), alpha]))
    return path


def _pair(folder: Path, name: str) -> None:
    _photo(folder / "images" / f"{name}.png")
    _cutout(folder / "cutouts" / f"{name}.png")


def _ids(dataset: Dataset) -> list[str]:
    return [sample.id for sample in dataset.samples]


def _problem(folder: Path, about: str) -> str:
    """The text of the one problem, which must be about the file `about`; two good pairs remain."""
    dataset = discover(folder)
    (problem,) = dataset.problems
    assert problem.path == folder / about
    assert problem.remedy
    assert _ids(dataset) == ["good_1", "good_2"]
    return problem.reason


@pytest.fixture
def folder(tmp_path):
    _pair(tmp_path, "good_1")
    _pair(tmp_path, "good_2")
    return tmp_path


# Layouts


@pytest.mark.parametrize(
    ("photos", "masks", "write"),
    [
        ("images", "cutouts", _cutout),
        ("images", "masks", _mask),
        ("original", "cutout", _cutout),
        ("original", "mask", _mask),
        ("Images", "Cutouts", _cutout),
    ],
)
@pytest.mark.parametrize("sides", [("",), ("train", "val")])
def test_photos_and_cutouts_are_paired(tmp_path, photos, masks, write, sides):
    for number, side in enumerate(sides):
        _photo(tmp_path / side / photos / f"dress{number}_Front.png")
        write(tmp_path / side / masks / f"dress{number}_Front.png")
    dataset = discover(tmp_path)
    assert dataset.problems == ()
    assert _ids(dataset) == [f"dress{number}_Front" for number in range(len(sides))]
    for sample in dataset.samples:
        assert (sample.view, sample.origin) == ("Front", "real")
        assert sample.photo.is_file()
        np.testing.assert_array_equal(read_mask(sample.truth.path), MASK)
    if sides == ("",):
        assert dataset.folder_split is None
    else:
        assert [sample.id for sample in dataset.folder_split.train] == ["dress0_Front"]
        assert [sample.id for sample in dataset.folder_split.val] == ["dress1_Front"]


@pytest.mark.parametrize("twins", [("images", "Images"), ("masks", "Masks")])
def test_two_folders_that_differ_by_case_are_told(tmp_path, twins):
    for number, name in enumerate(twins):
        _photo(tmp_path / (name if "mages" in name else "images") / f"{number}.png")
        _mask(tmp_path / (name if "asks" in name else "masks") / f"{number}.png")
    if len({path.name.lower() for path in tmp_path.iterdir()}) == len([*tmp_path.iterdir()]):
        pytest.skip("this file system does not tell them apart")
    with pytest.raises(
        DataError, match=f"expected one folder {twins[0]}, received {twins[1]} and {twins[0]}"
    ):
        discover(tmp_path)


def test_carvanas_folders_are_read_as_they_are(tmp_path):
    for name in ("0cdf5b5d0ce1_01", "0cdf5b5d0ce1_02", "car_03"):
        _photo(tmp_path / "train" / f"{name}.jpg")
        Image.fromarray(MASK).convert("P").save(_made(tmp_path / "train_masks") / f"{name}_mask.gif")
    dataset = discover(tmp_path)
    assert dataset.problems == ()
    assert dataset.folder_split is None
    assert [(sample.id, sample.group, sample.view) for sample in dataset.samples] == [
        ("0cdf5b5d0ce1_01", "0cdf5b5d0ce1", "01"),
        ("0cdf5b5d0ce1_02", "0cdf5b5d0ce1", "02"),
        ("car_03", "car", "03"),
    ]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_a_val_folder_of_its_own_is_a_plain_folder(tmp_path):
    _pair(tmp_path / "val", "a")
    dataset = discover(tmp_path / "val")
    assert _ids(dataset) == ["a"]
    assert dataset.folder_split is None
    assert discover(tmp_path).folder_split is None  # val alone leaves nothing to train on


def test_extensions_may_differ_and_folders_may_be_nested(tmp_path):
    _photo(tmp_path / "images" / "summer" / "dress.v2_Back.JPG")
    _cutout(tmp_path / "cutouts" / "summer" / "dress.v2_Back.Png")
    (sample,) = discover(tmp_path).samples
    assert (sample.id, sample.group, sample.view) == ("summer/dress.v2_Back", "summer/dress.v2", "Back")


def test_hidden_and_unfinished_files_are_skipped(folder):
    for name in (".tmp-abc.png", ".hidden.png", "._good_1.png", ".thumbnails/good_1.png"):
        _photo(folder / "images" / name)
    (folder / "images" / "notes.txt").write_text("no picture")
    dataset = discover(folder)
    assert (_ids(dataset), dataset.problems, dataset.photos_found) == (["good_1", "good_2"], (), 2)


def _shoots_behind_links(root: Path) -> Path:
    """Two shoots on another disk, linked into one folder of pairs, beside a pair of its own."""
    _pair(root / "set", "own")
    for day in ("monday", "tuesday"):
        _pair(root / "disk" / day, day)
        for part in ("images", "cutouts"):
            (root / "set" / part / day).symlink_to(root / "disk" / day / part)
    return root / "set"


def test_linked_folders_are_followed(tmp_path):
    dataset = discover(_shoots_behind_links(tmp_path))
    assert _ids(dataset) == ["monday/monday", "own", "tuesday/tuesday"]
    assert not dataset.problems


def test_links_that_lead_back_or_nowhere_are_named(tmp_path):
    folder = _shoots_behind_links(tmp_path)
    (tmp_path / "disk" / "monday" / "images" / "up").symlink_to("..")
    (folder / "images" / "again").symlink_to(folder / "images")
    (folder / "cutouts" / "wednesday").symlink_to("/not/mounted")

    dataset = discover(folder)
    problems = {problem.path.relative_to(folder).as_posix(): problem for problem in dataset.problems}
    assert "leads back to" in problems["images/again"].reason
    assert "leads nowhere" in problems["cutouts/wednesday"].reason
    assert all(problem.remedy for problem in dataset.problems)
    assert _ids(dataset) == ["monday/monday", "own", "tuesday/tuesday"]


def test_the_same_letter_stored_in_two_ways_is_one_name(tmp_path):
    _photo(tmp_path / "images" / "kjole a\u030a.png")  # as a Mac stores it
    _cutout(tmp_path / "cutouts" / "kjole \u00e5.png")
    assert _ids(discover(tmp_path)) == ["kjole \u00e5"]


# What cannot be read at all


@pytest.mark.parametrize(
    ("make", "received"),
    [
        (lambda root: _made(root), "no images and no folders"),
        (lambda root: _photo(root / "a.jpg"), "beside each other .1. and no ground truth"),
        (lambda root: _photo(root / "images" / "a.jpg"), "only images"),
        (lambda root: _pair(root / "studio", "a"), "choose .*studio instead"),
        (lambda root: _pair(root / "studio" / "train", "a"), "choose .*studio instead"),
        (
            lambda root: (_pair(root / "val", "a"), _photo(root / "train/images/b.png")),
            "train: .*only images",
        ),
        (lambda root: (_made(root / "images"), _made(root / "masks")), "empty folders"),
    ],
    ids=["empty", "photos", "no cutouts", "one up", "two up", "half a split", "empty layout"],
)
def test_a_folder_without_pairs_is_refused_with_what_was_found(tmp_path, make, received):
    make(tmp_path)
    with pytest.raises(DataError, match=received) as caught:
        discover(tmp_path)
    assert "images + " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_and_a_file_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: expected a folder.*nothing of that name"):
        discover(tmp_path / "nowhere")
    with pytest.raises(DataError, match="received a file"):
        discover(_photo(tmp_path / "a.jpg"))


def test_two_sets_of_photos_in_one_folder_are_refused(folder):
    _pair(folder / "train", "other")
    with pytest.raises(DataError, match="expected one set of photos"):
        discover(folder)


def test_when_no_pair_is_usable_the_first_problem_is_the_message(tmp_path):
    _photo(tmp_path / "images" / "a.png")
    _cutout(tmp_path / "cutouts" / "a.png", MASK * 0)
    with pytest.raises(DataError, match=r"problem 1 of 1: cutouts/a\.png is empty"):
        discover(tmp_path)


# Problems, each named and left out


def test_a_photo_without_a_cutout_is_named(folder):
    _photo(folder / "images" / "alone.jpg")
    assert "no counterpart in cutouts" in _problem(folder, "images/alone.jpg")


def test_a_cutout_without_a_photo_is_named(folder):
    _cutout(folder / "cutouts" / "alone.png")
    assert "no photo in images" in _problem(folder, "cutouts/alone.png")


@pytest.mark.parametrize("check", [True, False])
def test_a_cutout_of_another_size_is_named_with_both_sizes(folder, check):
    _photo(folder / "images" / "other.png", (20, 10))
    _cutout(folder / "cutouts" / "other.png")
    (problem,) = discover(folder, check=check).problems
    assert problem.path == folder / "cutouts" / "other.png"
    assert problem.reason == "is 8x12, its photo is 10x20"


def test_a_turned_photo_fits_a_cutout_of_its_turned_size(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = random.integers(0, 256, (8, 12, 3), dtype=np.uint8)
    Image.fromarray(stored).save(folder / "images" / "turned.jpg", exif=exif)
    _cutout(folder / "cutouts" / "turned.png")
    assert "turned" in _ids(discover(folder))


@pytest.mark.parametrize("broken", ["images/broken.png", "cutouts/broken.png"])
@pytest.mark.parametrize("content", [b"", b"not a picture", None], ids=["empty", "text", "cut off"])
def test_a_damaged_file_is_named(folder, broken, content):
    _photo(folder / "images" / "broken.png", (120, 80))
    _cutout(folder / "cutouts" / "broken.png", random.integers(0, 256, (120, 80), dtype=np.uint8))
    path = folder / broken
    path.write_bytes(path.read_bytes()[:1000] if content is None else content)
    assert "cannot be read as an image" in _problem(folder, broken)


@pytest.mark.parametrize(
    ("mask", "reason"),
    [(MASK * 0, "is empty"), (MASK // 10, "highest value is 25"), (MASK | 255, "covers the whole photo")],
    ids=["empty", "dark", "full"],
)
def test_a_cutout_that_marks_nothing_or_everything_is_named(folder, mask, reason):
    _photo(folder / "images" / "useless.png")
    _cutout(folder / "cutouts" / "useless.png", mask)
    assert reason in _problem(folder, "cutouts/useless.png")
    assert discover(folder, check=False).problems == ()  # takes decoding


def test_a_cutout_without_an_alpha_channel_is_named(folder):
    _photo(folder / "images" / "flat.png")
    _photo(folder / "cutouts" / "flat.png")
    assert "no alpha channel" in _problem(folder, "cutouts/flat.png")


@pytest.mark.parametrize("second", ["images/twice.jpg", "cutouts/twice.webp"])
def test_two_files_of_one_name_are_named_and_none_is_guessed(folder, second):
    _pair(folder, "twice")
    _cutout(folder / second) if "cutouts" in second else _photo(folder / second)
    (problem,) = discover(folder).problems
    assert "twice.png" in problem.reason
    assert Path(second).name in problem.reason
    assert _ids(discover(folder)) == ["good_1", "good_2"]


def test_a_photoshop_file_among_the_cutouts_is_named(folder):
    (folder / "cutouts" / "good_1.psd").write_bytes(b"8BPS")
    assert "holds good_1.psd of a format that is not read" in _problem(folder, "cutouts")


def test_masks_beside_cutouts_are_not_silently_ignored(folder):
    _mask(folder / "masks" / "good_1.png")
    assert "not used" in _problem(folder, "masks")


def test_files_are_counted_whether_usable_or_not(folder):
    _photo(folder / "images" / "alone.jpg")
    dataset = discover(folder)
    assert (dataset.photos_found, dataset.masks_found, len(dataset.samples)) == (3, 2, 2)


def test_progress_is_reported_up_to_the_last_pair(folder):
    calls = []
    discover(folder, on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]


# Garments: what belongs together


def test_viewpoints_of_a_garment_share_a_group(tmp_path):
    for name in ("a_Front", "a_FrontRight", "a_Back", "b_Front"):
        _pair(tmp_path, name)
    assert [sample.group for sample in discover(tmp_path).samples] == ["a", "a", "a", "b"]


def test_identical_photos_in_different_files_share_a_group(folder):
    (folder / "images" / "good_2.png").unlink()
    with Image.open(folder / "images" / "good_1.png") as photo:
        photo.save(folder / "images" / "good_2.bmp")
    assert {sample.group for sample in discover(folder).samples} == {"good_1"}


def test_duplicates_csv_joins_garments_transitively(tmp_path):
    for name in ("a_Front", "a_Back", "b_Front", "c_Front", "d_Front"):
        _pair(tmp_path, name)
    (tmp_path / "duplicates.csv").write_text(
        "image,group\na_Back,one\nb_Front.png,one\n\nb_Front,two\nc_Front,two\ngone_Front,two\n"
    )
    groups = {sample.id: sample.group for sample in discover(tmp_path).samples}
    assert {groups[name] for name in ("a_Front", "a_Back", "b_Front", "c_Front")} == {"a"}
    assert groups["d_Front"] == "d"


@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_duplicates_csv_knows_photos_by_their_names_however_an_accent_is_stored(tmp_path, written):
    name = unicodedata.normalize("NFC" if written == "NFD" else "NFD", "Größe")
    _pair(tmp_path, name)
    _pair(tmp_path, "b")
    text = f"image,group\n{unicodedata.normalize(written, 'Größe')}.png,1\nb.PNG,1\n"
    (tmp_path / "duplicates.csv").write_text(text, encoding="utf-8")
    dataset = discover(tmp_path)
    assert len({sample.group for sample in dataset.samples}) == 1
    assert dataset.notes == ()


def test_duplicates_csv_knows_photos_by_their_paths(tmp_path):
    for name in ("train/a", "train/b", "train/c", "val/d", "val/e"):
        _pair(tmp_path / name[:-2], name[-1])
    (tmp_path / "duplicates.csv").write_text("image,group\ntrain/images/a.png,1\nval/images/d,1\n")
    (tmp_path / "val" / "duplicates.csv").write_text("image,group\nimages/e.png,1\nb,1\n")
    dataset = discover(tmp_path)
    assert [sample.id for sample in dataset.folder_split.train] == ["c"]
    assert {problem.path.name for problem in dataset.problems} == {"a.png", "b.png"}
    assert dataset.notes == ()


def test_paths_in_a_duplicates_csv_beside_train_and_val_are_known_from_inside(tmp_path, monkeypatch):
    _pair(tmp_path / "train", "a")
    _pair(tmp_path / "train", "b")
    (tmp_path / "duplicates.csv").write_text("image,group\ntrain/images/a.png,1\ntrain/images/b.png,1\n")
    monkeypatch.chdir(tmp_path)
    assert {sample.group for sample in discover(Path("train")).samples} == {"a"}
    monkeypatch.chdir(tmp_path / "train")
    assert {sample.group for sample in discover(Path()).samples} == {"a"}


def test_names_in_duplicates_csv_that_are_no_pair_are_told(tmp_path):
    for name in ("train/a", "val/b"):
        _pair(tmp_path / name[:-2], name[-1])
    path = tmp_path / "duplicates.csv"
    path.write_text("image,group\na,1\npictures/a.jpg,1\nb,2\nc,2\n")
    assert discover(tmp_path).notes == (
        f"{path}: passed over 2 names that are no pair here, such as pictures/a",
    )
    assert discover(tmp_path / "train").notes == ()  # the others may be in val


def test_duplicates_csv_beside_train_and_val_is_found_from_inside(tmp_path):
    _pair(tmp_path / "train", "a")
    _pair(tmp_path / "train", "b")
    (tmp_path / "duplicates.csv").write_text("image,group\r\na,same\r\nb,same\r\n")
    for root in (tmp_path, tmp_path / "train"):
        assert [sample.group for sample in discover(root).samples] == ["a", "a"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", 1),
        (b"photo,garment\n", 1),
        (b"image,group\na,x\nb\n", 3),
        (b"image,group\na,\n", 2),
        (b"image,group\na,x,y\n", 2),
        (b'image,group\n"a"b,x\n', 2),
    ],
)
def test_a_malformed_duplicates_csv_is_refused_with_its_line(folder, text, line):
    (folder / "duplicates.csv").write_bytes(text)
    with pytest.raises(DataError, match=rf"duplicates\.csv, line {line}: expected the columns image,group"):
        discover(folder)


def test_a_duplicates_csv_that_is_no_text_is_refused(folder):
    (folder / "duplicates.csv").write_bytes(b"image,group\n\xff\xfe,x\n")
    with pytest.raises(DataError, match=r"duplicates\.csv: expected a CSV file in UTF-8"):
        discover(folder)


def test_a_name_on_both_sides_stays_in_val_only(tmp_path):
    for name in ("train/a", "train/b", "val/a"):
        _pair(tmp_path / name[:-2], name[-1])
    dataset = discover(tmp_path)
    (problem,) = dataset.problems
    assert problem.path == tmp_path / "train/images/a.png"
    assert problem.reason == "has the same name as val/images/a.png, so it is left out of training"
    assert [sample.id for sample in dataset.folder_split.train] == ["b"]
    assert [sample.photo for sample in dataset.folder_split.val] == [tmp_path / "val/images/a.png"]


@pytest.mark.parametrize("how", ["viewpoint", "same pixels", "duplicates.csv"])
def test_a_garment_on_both_sides_stays_in_val_only(tmp_path, how):
    _pair(tmp_path / "train", "other_Front")
    _pair(tmp_path / "train", "a_Front")
    name = "a_Back" if how == "viewpoint" else "b_Front"
    _pair(tmp_path / "val", name)
    if how == "same pixels":
        shutil.copy(tmp_path / "train/images/a_Front.png", tmp_path / "val/images/b_Front.png")
    if how == "duplicates.csv":
        (tmp_path / "duplicates.csv").write_text("image,group\na_Front,x\nb_Front,x\n")
    dataset = discover(tmp_path)
    (problem,) = dataset.problems
    assert problem.path == tmp_path / "train/images/a_Front.png"
    assert f"same garment as val/images/{name}.png" in problem.reason
    assert [sample.id for sample in dataset.folder_split.train] == ["other_Front"]
    assert _ids(dataset) == sorted(["other_Front", name])


words = st.text("abcXYZ019-", min_size=1, max_size=12)


@given(garment=words, view=st.sampled_from(VIEWS), spelling=st.sampled_from([str, str.lower, str.upper]))
def test_a_known_viewpoint_is_read_in_any_spelling(garment, view, spelling):
    assert group_and_view(f"{garment}_{spelling(view)}") == (garment, view)


@given(st.text("abcXYZ019-_/.", min_size=1, max_size=20))
def test_a_name_is_its_own_garment_or_splits_without_loss(name):
    for numbered in (False, True):
        group, view = group_and_view(name, numbered=numbered)
        assert group
        assert name.lower() == (f"{group}_{view}" if view else group).lower()


@pytest.mark.parametrize("name", ["IMG_01", "dress_red", "_Front", "a/_Front", "Front", "dress-Front"])
def test_other_names_are_garments_of_their_own(name):
    assert group_and_view(name) == (name, "")


# Which data was it?


def test_a_fingerprint_knows_names_and_contents_but_not_the_place(folder, tmp_path_factory):
    samples = discover(folder).samples
    original = fingerprint(samples)
    assert len(original) == 64
    assert fingerprint(reversed(samples)) == original
    copy = tmp_path_factory.mktemp("copy") / "elsewhere"
    shutil.copytree(folder, copy)
    assert fingerprint(discover(copy).samples) == original
    assert fingerprint(samples[:1]) != original
    changed = MASK.copy()
    changed[0, 0] = 255
    _cutout(copy / "cutouts" / "good_1.png", changed)
    assert fingerprint(discover(copy).samples) != original


def test_a_fingerprint_of_a_file_that_is_gone_is_refused(folder):
    samples = discover(folder).samples
    samples[0].photo.unlink()
    with pytest.raises(SegmentationError, match=r"good_1\.png"):
        fingerprint(samples)


def test_the_studio_photos_are_read_without_a_problem(studio):
    dataset = discover(studio, check=False)
    assert dataset.problems == ()
    assert (len(dataset.folder_split.train), len(dataset.folder_split.val)) == (150, 28)
    assert len({sample.group for sample in dataset.samples}) == 171  # 7 photos occur twice
    assert {sample.view for sample in dataset.samples} == {"Front"}
