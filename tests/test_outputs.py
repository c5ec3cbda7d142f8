"""A retoucher's results: every photo once, under its own name, with soft or hard edges where they belong."""

import csv
import gzip
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageCms
from support.drawing import draw_pair
from support.folder_job import ENLARGEMENT, delivered, red_score, scorer_of

from segmentation.config.files import FileOptions
from segmentation.config.jobs.submit import SubmitOptions
from segmentation.core.errors import DataError
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.datasets.rle import decode
from segmentation.images.decontamination import decontaminate
from segmentation.images.files import TRANSPARENT, read_photo
from segmentation.jobs.context import Context
from segmentation.jobs.submit import submit as submit_job
from segmentation.outputs.alpha import hard_alpha, soft_alpha
from segmentation.outputs.cutout_style import with_alpha
from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.folder_job import run_folder
from segmentation.outputs.naming import Photo, find_photos
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.submission import SubmissionRows, write_submission
from segmentation.outputs.submission_masks import RECORD, SubmissionMasks


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def stems(folder, **options):
    return {str(photo.path.relative_to(folder)): photo.stem for photo in find_photos(folder, **options)}


def test_photos_of_all_subfolders_are_found_and_other_files_are_not(tmp_path):
    touch(tmp_path, "b.JPG", "a.png", "x/c.webp", "x/y/d.tiff", "notes.txt", "x/e.psd", "f.png.part", "g")
    (tmp_path / "folder.png").mkdir()

    assert stems(tmp_path) == {"a.png": "a", "b.JPG": "b", "x/c.webp": "x/c", "x/y/d.tiff": "x/y/d"}


def test_photos_come_in_the_order_of_their_paths(tmp_path):
    touch(tmp_path, "c.png", "a.png", "b/z.png", "b/a.png")
    paths = [photo.path for photo in find_photos(tmp_path)]

    assert paths == sorted(paths)


def test_hidden_files_and_folders_are_skipped(tmp_path):
    hidden = tmp_path / ".home" / "photos"  # only below the folder that was given
    touch(hidden, "a.png", ".b.png", "._a.png", ".trash/c.png", "x/.thumbs/d.png")

    assert stems(hidden) == {"a.png": "a"}


def test_the_output_folder_inside_the_input_is_left_out(tmp_path):
    touch(tmp_path, "a.png", "out/masks/a.png", "outer/b.png")

    assert stems(tmp_path, exclude=tmp_path / "out") == {"a.png": "a", "outer/b.png": "outer/b"}
    assert stems(tmp_path, exclude=tmp_path / "outer" / ".." / "out").keys() == {"a.png", "outer/b.png"}
    assert "out/masks/a.png" in stems(tmp_path)


def test_results_that_would_have_one_name_keep_their_suffix(tmp_path):
    touch(tmp_path, "a.jpg", "a.png", "b.jpg", "x/a.jpg", "C.jpg", "c.png")

    assert stems(tmp_path) == {
        "a.jpg": "a.jpg",
        "a.png": "a.png",
        "b.jpg": "b",
        "x/a.jpg": "x/a",
        "C.jpg": "C.jpg",  # file systems that ignore case
        "c.png": "c.png",
    }


names = st.lists(
    st.tuples(
        st.sampled_from(["", "x/", "X/", "a.jpg/"]),
        st.sampled_from(["a", "A", "b", "a.jpg", "a.png", "a.jpg.png", "B.PNG"]),
        st.sampled_from([".jpg", ".png", ".PNG", ".webp"]),
    ).map("".join),
    min_size=1,
    max_size=8,
    # an input whose own names differ by case alone lives where case matters
    unique_by=str.casefold,
)


@settings(max_examples=60)
@given(names)
def test_no_two_photos_share_the_name_of_their_results(tmp_path_factory, paths):
    files = [path for path in paths if not any(other.startswith(f"{path}/") for other in paths)]
    folder = tmp_path_factory.mktemp("photos")
    touch(folder, *files)
    found = stems(folder)

    assert found.keys() == set(files)
    assert len({stem.casefold() for stem in found.values()}) == len(files)
    for path, stem in found.items():
        assert stem in (path, str(Path(path).with_suffix("")))


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(["x.jpg", "x.png", "X.png", "x.jpg.png", "x.png.png", "y.jpg"]),
        unique_by=str.casefold,
    ),
    st.lists(
        st.sampled_from(["x.png", "x.jpg.png", "X.PNG", "y.png", "x.psd", "X.jpg"]), unique_by=str.casefold
    ),
)
def test_the_name_of_a_result_is_never_that_of_a_folder(tmp_path_factory, files, folders):
    folder = tmp_path_factory.mktemp("photos")
    touch(folder, *(f"{name}/a.png" for name in folders))
    touch(folder, *(name for name in files if name not in folders))
    photos = list(find_photos(folder, exclude=folder / "out")) if files or folders else []
    results = [name.casefold() for photo in photos if not photo.problem for name in photo.outputs.values()]

    assert len(photos) == len({*files} - {*folders}) + len(folders)
    assert len(set(results)) == len(results)
    parents = {str(parent) for name in results for parent in Path(name).parents}
    assert not parents & {*results}
    for photo in photos:
        if photo.problem:
            assert "rename the photo" in photo.problem


def links(folder, **targets):
    for name, target in targets.items():
        (folder / name).symlink_to(target)


def test_links_to_photos_and_folders_are_followed(tmp_path):
    touch(tmp_path, "elsewhere/a.png", "elsewhere/x/b.png", "in/c.png")
    links(tmp_path / "in", other="../elsewhere", single=tmp_path / "elsewhere" / "x")
    links(tmp_path / "in", **{"d.png": "../elsewhere/a.png"})

    assert stems(tmp_path / "in").keys() == {"c.png", "d.png", "other/a.png", "other/x/b.png", "single/b.png"}


def test_links_that_lead_back_are_left_out_and_said(tmp_path):
    touch(tmp_path, "in/a.png", "in/x/b.png")
    links(tmp_path / "in" / "x", up="..", here=".", above="../..")
    said = []
    found = [
        str(photo.path.relative_to(tmp_path)) for photo in find_photos(tmp_path / "in", warn=said.append)
    ]

    assert found == ["in/a.png", "in/x/b.png"]
    assert {line.split(":")[0] for line in said} == {
        str(tmp_path / "in" / "x" / name) for name in ("above/in", "here", "up")
    }


def test_photos_of_formats_that_are_not_read_are_said(tmp_path):
    touch(tmp_path, "a.png", "raw/b.CR2", "raw/c.CR2", "raw/d.jxl", "raw/notes.txt", "raw/one.iiq")
    said = []
    found = [photo.path.name for photo in find_photos(tmp_path, warn=said.append)]

    assert found == ["a.png"]
    assert len(said) == 1
    named = "left out b.CR2 and 1 more .cr2, d.jxl, one.iiq of formats that are not read; develop raw files"
    assert f"{tmp_path / 'raw'}: {named}" in said[0]


def test_links_to_nothing_are_named(tmp_path):
    touch(tmp_path, "a.png")
    links(tmp_path, monday="/not/mounted", itself="itself", **{"b.png": "gone.png", "c.png": "c.png"})
    photos = {photo.path.name: photo for photo in find_photos(tmp_path)}

    assert photos.keys() == {"a.png", "b.png", "c.png", "monday", "itself"}
    assert "leads nowhere" in photos["monday"].problem
    results = run_folder(scorer_of(), photos.values(), lambda *_prediction: PhotoOutputs({}))
    assert all(result.error for result in results)


def test_results_are_never_read_not_through_a_link_either(tmp_path):
    touch(tmp_path, "in/a.png", "out/masks/a.png")
    links(tmp_path / "in", results="../out", masks="../out/masks")
    links(tmp_path / "in", **{"old.png": "../out/masks/a.png"})
    links(tmp_path, linked="out")

    assert stems(tmp_path / "in", exclude=tmp_path / "linked").keys() == {"a.png"}
    for source in (tmp_path / "linked", tmp_path / "in" / "masks"):
        with pytest.raises(DataError, match="outside of the folder of results"):
            find_photos(source, exclude=tmp_path / "out")


def test_a_single_photo_is_its_own_folder(tmp_path):
    touch(tmp_path, "a.png", "b.png")

    assert list(find_photos(tmp_path / "a.png")) == [Photo(tmp_path / "a.png", "a")]


def test_an_input_without_photos_is_refused_with_its_path(tmp_path):
    touch(tmp_path, "notes.txt")

    for folder, found in ((tmp_path, "none in it or below"), (tmp_path / "absent", "nothing")):
        with pytest.raises(DataError) as refused:
            find_photos(folder)
        assert str(folder) in str(refused.value)
        assert found in str(refused.value)


def predicted(scores, threshold):
    return Prediction("photo", np.asarray(scores, np.float32)[..., np.newaxis], LabelMap(), threshold)


@given(
    hnp.arrays(np.uint8, (5, 4, 3)),
    hnp.arrays(np.uint8, (5, 4), elements=st.sampled_from([0, 1, 128, 254, 255])),
)
def test_a_cutout_keeps_the_photo_where_it_shows_and_nothing_elsewhere(photo, alpha):
    cutout = with_alpha(photo, alpha)

    assert cutout.shape == (5, 4, 4)
    assert cutout.dtype == np.uint8
    np.testing.assert_array_equal(cutout[..., 3], alpha)
    np.testing.assert_array_equal(cutout[alpha > 0][:, :3], photo[alpha > 0])
    assert (cutout[alpha == 0] == 0).all()


@pytest.fixture
def photos(tmp_path):
    """Four photos below a folder, of which b.png is broken."""
    folder = tmp_path / "photos"
    for number, name in enumerate(["a.png", "b.png", "x/c.png", "x/d.png"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_pair(number)[0]).save(folder / name)
    (folder / "b.png").write_bytes((folder / "b.png").read_bytes()[:200])
    return list(find_photos(folder))


def files_below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def cut(photos, output, **options):
    writer = CutoutWriter(output, ENLARGEMENT, FileOptions(**options))
    return list(run_folder(scorer_of(), photos, delivered(output, writer)))


def test_one_broken_photo_does_not_stop_the_others(photos, tmp_path):
    results = cut(photos, tmp_path / "out")

    assert [result.input for result in results] == [str(photo.path) for photo in photos]
    assert [result.error is None for result in results] == [True, False, True, True]
    assert "b.png" in results[1].error
    assert results[1].outputs == {}
    assert files_below(tmp_path / "out").keys() == {
        f"{kind}/{stem}.png" for kind in ("masks", "cutouts") for stem in ("a", "x/c", "x/d")
    }


def test_a_photo_whose_result_cannot_be_written_does_not_stop_the_others(photos, tmp_path):
    (tmp_path / "out" / "cutouts").mkdir(parents=True)
    (tmp_path / "out" / "cutouts" / "x").write_text("a file where a folder is needed")
    results = cut(photos, tmp_path / "out")

    assert [result.error is None for result in results] == [True, False, False, False]
    assert (tmp_path / "out" / "cutouts" / "a.png").is_file()


@pytest.mark.parametrize("binary", [True, False])
def test_the_pictures_are_those_of_the_prediction(photos, tmp_path, binary):
    result = cut(photos, tmp_path / "out", binary=binary)[2]
    photo = read_photo(Path(result.input))
    prediction = predicted(red_score(photo)[..., 0], 0.5)
    alpha = hard_alpha(prediction) if binary else soft_alpha(prediction, 2.0)  # 64 rows, the network sees 32

    with Image.open(tmp_path / "out" / result.outputs["mask"]) as mask:
        assert mask.mode == "L"
        np.testing.assert_array_equal(np.asarray(mask), alpha)
    with Image.open(tmp_path / "out" / result.outputs["cutout"]) as cutout:
        assert cutout.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(cutout), with_alpha(decontaminate(photo, alpha), alpha))
    assert result.area == pytest.approx(prediction.mask.mean(), abs=1e-6)
    assert result.threshold == 0.5


def test_a_cutout_keeps_the_colours_of_its_photo(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = tmp_path / "in" / "a.jpg"
    photo.parent.mkdir()
    Image.fromarray(draw_pair(0)[0]).save(photo, icc_profile=profile)
    result = cut(find_photos(photo.parent), tmp_path / "out")[0]

    with Image.open(tmp_path / "out" / result.outputs["cutout"]) as cutout:
        assert cutout.info["icc_profile"] == profile
    with Image.open(tmp_path / "out" / result.outputs["mask"]) as mask:
        assert "icc_profile" not in mask.info


def test_what_was_left_out_of_a_photo_is_noted(tmp_path):
    picture, alpha = draw_pair(0)
    (tmp_path / "in").mkdir()
    Image.fromarray(np.dstack([picture, alpha])).save(tmp_path / "in" / "a.png")

    assert cut(find_photos(tmp_path / "in"), tmp_path / "out")[0].notes == (TRANSPARENT,)


def test_the_same_photos_give_the_same_bytes(photos, tmp_path):
    for name in ("first", "second"):
        cut(photos, tmp_path / name)
        cut(photos, tmp_path / name)  # over what is there already

    assert files_below(tmp_path / "first") == files_below(tmp_path / "second")


@pytest.mark.parametrize(
    ("value", "note"), [(0, "no garment found"), (1, "nearly the whole photo"), (None, "")]
)
def test_a_result_that_needs_a_person_is_noted(photos, tmp_path, value, note):
    def score(photo):
        return red_score(photo) if value is None else np.full((*photo.shape[:2], 1), value, np.float32)

    writer = CutoutWriter(tmp_path / "out", ENLARGEMENT)
    results = run_folder(scorer_of(score), photos[:1], delivered(tmp_path / "out", writer))

    assert [" ".join(result.notes)[: len(note)] for result in results] == [note]


def submit(photos, path, order="row", masks=None):
    rows = SubmissionRows(order, masks and SubmissionMasks(masks))
    sound = [photo for photo in photos if photo.path.name != "b.png"]
    results = list(run_folder(scorer_of(), sound, rows.add, workers=3))
    write_submission(path, rows)
    return results


@pytest.mark.parametrize("order", ["row", "column"])
@pytest.mark.parametrize("name", ["submission.csv", "submission.csv.gz"])
def test_a_submission_decodes_to_the_masks(photos, tmp_path, name, order):
    results = submit(photos, tmp_path / "out" / name, order)
    content = (tmp_path / "out" / name).read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    rows = list(csv.DictReader(io.StringIO(text)))

    assert text.splitlines()[0] == "img,rle_mask"
    assert [row["img"] for row in rows] == ["a.png", "c.png", "d.png"]
    for row, result in zip(rows, results, strict=True):
        mask = decode(row["rle_mask"], 64, 48, order)
        np.testing.assert_array_equal(mask, red_score(read_photo(Path(result.input)))[..., 0] >= 0.5)
        assert mask.any()


def test_the_same_submission_gives_the_same_bytes(photos, tmp_path):
    for folder in ("first", "second"):
        submit(photos, tmp_path / folder / "submission.csv.gz")

    contents = [(tmp_path / folder / "submission.csv.gz").read_bytes() for folder in ("first", "second")]
    assert contents[0] == contents[1]
    assert contents[0][4:8] == bytes(4)  # no time of writing (RFC 1952)


def test_the_masks_of_a_submission_can_be_kept(photos, tmp_path):
    results = submit(photos, tmp_path / "submission.csv", masks=tmp_path / "masks")

    assert files_below(tmp_path / "masks").keys() == {"a.png", "x/c.png", "x/d.png", RECORD}
    for result in results:
        with Image.open(tmp_path / "masks" / result.outputs["mask"]) as mask:
            expected = red_score(read_photo(Path(result.input)))[..., 0] >= 0.5
            np.testing.assert_array_equal(np.asarray(mask), expected * np.uint8(255))


@pytest.mark.parametrize("changed", ["ground truth", "a mask that was corrected"])
def test_masks_of_a_submission_replace_those_of_submissions_alone(photos, tmp_path, changed):
    """It may be written beside the pairs, and again after it was stopped, killed or given other options."""
    folder = tmp_path / "data"
    for photo in photos:
        if photo.path.name != "b.png":
            (folder / "images").mkdir(parents=True, exist_ok=True)
            shutil.copy(photo.path, folder / "images")
    options = {"input": folder / "images", "output": folder / "submission.csv", "save": True}

    def run(**others):
        return submit_job(SubmitOptions.of(**options, **others), Context(), scorer_of())

    if changed == "ground truth":
        (folder / "masks").mkdir()
    else:
        run()
        with (folder / "masks" / RECORD).open("ab") as lines:
            lines.write(b'{"mask": "a.png", "fi')  # torn
        (folder / "masks" / "c.png").unlink()
        assert run(order="column").output == folder / "submission.csv"
    Image.new("L", (48, 64), 255).save(folder / "masks" / "a.png")
    before = files_below(folder)

    with pytest.raises(DataError, match=r"masks/a\.png: expected a mask that an earlier submission wrote"):
        run()

    assert files_below(folder) == before
