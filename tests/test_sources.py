"""The photos of several folders, files and lists, and folders of results among them."""

import io
import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.folder_job import cut_folder, draw, pictures

from segmentation.config.scoring import InputOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.file_kinds import MANIFEST
from segmentation.core.suffixes import stem_of, suffix_of
from segmentation.jobs.folder import Photos
from segmentation.outputs.naming import find_photos
from segmentation.outputs.sources import find_all_photos, read_list


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)


def stems(*sources, **options):
    return [photo.stem for photo in find_all_photos(sources, **options)]


@pytest.fixture
def days(tmp_path, monkeypatch):
    """Two folders with a photo of the same name, below the current one."""
    touch(*(tmp_path / day / name for day in ("day1", "day2") for name in ("a.jpg", "sub/b.jpg")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@given(st.text("a.é/", min_size=1))
def test_names_are_taken_apart_as_paths_are(name):
    path = PurePosixPath(name)

    if path.name and str(path) == name:  # else the path has another form
        assert (suffix_of(name), stem_of(name)) == (path.suffix, str(path.with_suffix("")))


@pytest.mark.usefixtures("days")
def test_one_folder_names_its_photos_from_itself():
    assert stems(Path("day1")) == ["a", "sub/b"]


def test_several_folders_keep_their_names_apart(days):
    assert stems(Path("day1"), Path("day2")) == ["day1/a", "day1/sub/b", "day2/a", "day2/sub/b"]
    assert stems(Path("day2/a.jpg"), days / "day1") == ["day1/a", "day1/sub/b", "day2/a"]


def test_folders_from_elsewhere_are_named_from_the_lowest_that_holds_them(days, monkeypatch):
    (days / "elsewhere").mkdir()
    monkeypatch.chdir(days / "elsewhere")

    assert stems(Path("../day1/sub"), days / "day1" / "a.jpg") == ["a", "sub/b"]


def test_what_is_named_twice_is_found_once(days):
    (days / "link").symlink_to("day1")

    assert stems(Path("day1/a.jpg"), Path("day1/./a.jpg")) == ["day1/a"]
    assert stems(Path("day1"), Path("day1/sub"), Path("day1/a.jpg"), days / "day1") == [
        "day1/a",
        "day1/sub/b",
    ]
    assert stems(Path("day1"), Path("link")) == ["day1/a", "day1/sub/b"]


def test_photos_that_are_named_alike_keep_their_suffix(days):
    touch(days / "day1" / "a.png", days / "day1" / "A.webp")

    listed = [Path("day1") / name for name in ("a.jpg", "a.png", "A.webp")]
    assert sorted(stems(*listed)) == ["day1/A.webp", "day1/a.jpg", "day1/a.png"]


@pytest.mark.usefixtures("days")
def test_a_path_that_leads_nowhere_fails_by_itself():
    found = list(find_all_photos([Path("day1/a.jpg"), Path("gone.jpg")]))

    assert [photo.stem for photo in found] == ["day1/a", "gone.jpg"]
    assert found[1].problem == "gone.jpg: expected a photo or a folder, found nothing; check the path"


@pytest.mark.usefixtures("days")
def test_a_pipe_that_is_named_is_called_one_and_not_waited_for():
    os.mkfifo("pipe.jpg")
    found = list(find_all_photos([Path("day1/a.jpg"), Path("pipe.jpg")]))
    assert found[1].problem == (
        "pipe.jpg: expected a photo or a folder, found a pipe or a device; check the path"
    )
    with pytest.raises(DataError, match=r"pipe\.jpg: expected .*, found a pipe or a device; check"):
        find_all_photos([Path("pipe.jpg")])


@pytest.mark.usefixtures("days")
def test_what_lies_in_the_output_is_not_read():
    assert stems(Path("day1"), Path("day2"), exclude=Path("day2")) == ["day1/a", "day1/sub/b"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_list_has_a_path_on_each_line(days, end):
    odd = os.fsdecode(b"day1/kleid_gr\xfcn.jpg")
    listed = days / "list.txt"
    listed.write_bytes(end.join([b"day1/a.jpg", b"", os.fsencode(odd), b" b .jpg"]))

    assert read_list(listed) == (Path("day1/a.jpg"), Path(odd), Path(" b .jpg"))


@pytest.mark.parametrize(
    "content",
    [
        b"a.jpg\0b c.jpg\0",
        b"\xef\xbb\xbfa.jpg\nb c.jpg\n",
        "a.jpg\r\nb c.jpg\r\n".encode("utf-16"),
    ],
    ids=["find -print0", "UTF-8 with a mark", "UTF-16"],
)
def test_a_list_is_read_as_other_programs_write_it(tmp_path, content):
    (tmp_path / "list").write_bytes(content)

    assert read_list(tmp_path / "list") == (Path("a.jpg"), Path("b c.jpg"))


def test_what_is_no_list_is_refused(tmp_path):
    (tmp_path / "long").write_bytes(b"x" * 5000)
    with pytest.raises(DataError, match="expected a path on each line, received other contents"):
        read_list(tmp_path / "long")


@pytest.mark.usefixtures("days")
def test_a_list_may_come_from_the_standard_input(monkeypatch):
    class Input:
        buffer = io.BytesIO(b"day2/a.jpg\nday1/a.jpg\n")

    monkeypatch.setattr("sys.stdin", Input)

    photos = Photos.of(InputOptions(files_from=Path("-")))
    for _again in range(2):  # it is read once, and counted and cut out from memory
        assert [photo.stem for photo in photos.found()] == ["day1/a", "day2/a"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "`input`: expected a folder of photos or a photo, received none"),
        ({"input": (Path("a"),), "files_from": Path("b")}, "`files_from`: expected without `input`"),
    ],
)
def test_photos_are_named_in_one_way(options, said):
    with pytest.raises(ConfigError, match=said):
        Photos.of(InputOptions(**options))


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_a_list_without_paths_is_refused(tmp_path, content):
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(DataError, match=r"`files_from` .*list: expected a path on each line, received none"):
        read_list(tmp_path / "list")


def test_a_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected a list of paths, received: no such file or directory"):
        read_list(tmp_path / "list")


def test_results_of_an_earlier_run_are_no_photos(tmp_path):
    source = tmp_path / "photos"
    for number, name in enumerate(["a.png", "x/b.png", "x/cutouts/c.png"]):
        draw(source / name, number)
    cut_folder(source, source / "x" / "first")
    told = []

    assert [photo.stem for photo in find_photos(source, warn=told.append)] == ["a", "x/b", "x/cutouts/c"]
    assert told == [f"{source / 'x' / 'first'}: results of an earlier run left out"]
    assert len(cut_folder(source, tmp_path / "second")) == 3
    masks = [name for name in pictures(tmp_path / "second") if name.startswith("masks/")]
    assert masks == ["masks/a.png", "masks/x/b.png", "masks/x/cutouts/c.png"]


@pytest.mark.parametrize("chosen", ["", "cutouts", "masks/sub"])
def test_results_that_are_named_as_photos_are_refused(tmp_path, chosen):
    touch(tmp_path / "out" / "cutouts" / "a.png", tmp_path / "out" / "masks" / "sub" / "a.png")
    (tmp_path / "out" / MANIFEST).touch()

    with pytest.raises(DataError, match="expected photos, received results of an earlier run"):
        find_photos(tmp_path / "out" / chosen)


def test_photos_beside_results_may_still_be_read(tmp_path):
    touch(tmp_path / "out" / "images" / "a.png")
    (tmp_path / "out" / MANIFEST).touch()

    assert [photo.stem for photo in find_photos(tmp_path / "out" / "images")] == ["a"]


@pytest.fixture
def linked(tmp_path):
    """A folder of photos with links to what an earlier run wrote elsewhere, and to other photos."""
    draw(tmp_path / "in" / "a.png", 1)
    cut_folder(tmp_path / "in", tmp_path / "out")
    touch(tmp_path / "out/images/more.png", tmp_path / "elsewhere/b.png")
    for name, target in {
        "results": "out",
        "cutouts": "out/cutouts",
        "shop": "elsewhere",
        "more": "out/images",
        "c.png": "out/masks/a.png",
        "d.png": "out/cutouts/a.png",
        "e.png": "elsewhere/b.png",
    }.items():
        (tmp_path / "in" / name).symlink_to(tmp_path / target)
    (tmp_path / "elsewhere" / "again").symlink_to(tmp_path / "out/cutouts/../masks")
    return tmp_path / "in"


def test_links_to_results_are_no_photos(linked):
    told = []

    found = [photo.stem for photo in find_photos(linked, warn=told.append)]

    assert found == ["a", "e", "more/more", "shop/b"]
    assert told == [
        f"{linked / 'c.png'} and 3 more: results of an earlier run left out",
        f"{linked / 'shop/again'}: results of an earlier run left out",
    ]


def test_links_to_results_are_refused_where_they_are_named(linked, monkeypatch):
    monkeypatch.chdir(linked)

    for chosen in ("cutouts", "results", "c.png", "../out/cutouts", "more/../cutouts", "shop/again/a.png"):
        for sources in ([Path(chosen)], [Path("a.png"), Path(chosen)]):
            with pytest.raises(DataError, match="expected photos, received results of an earlier run"):
                find_all_photos(sources)
    (linked / "list").write_text("a.png\nd.png\n")
    with pytest.raises(DataError, match=r"`files_from` d\.png: expected photos, received results"):
        Photos.of(InputOptions(files_from=linked / "list")).found()
    assert stems(Path("shop"), Path("a.png")) == ["a", "shop/b"]
