"""A file that an option names is read or refused at once; messages call files by their final names."""

import os
from pathlib import Path

import pytest

from segmentation.cli.wording import as_typed
from segmentation.config.run import RunConfig
from segmentation.config.toml_file import read_options
from segmentation.core.counting import counted
from segmentation.core.errors import DataError, SegmentationError
from segmentation.core.files import atomic_file, atomic_folder
from segmentation.datasets.class_choice import read_groups
from segmentation.datasets.exclusion import read_exclusion
from segmentation.datasets.groups import read_duplicates
from segmentation.datasets.labels import read_classes
from segmentation.datasets.layouts import find_parts
from segmentation.datasets.origin import RECORD, read_origin

READERS = {
    "exclude": read_exclusion,
    "config": lambda path: read_options(path, RunConfig),
    "classes": read_groups,
    "labels.json": read_classes,
    "duplicates.csv": read_duplicates,
    "origin.json": lambda path: read_origin(path.parent),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, name, kind):
    path = tmp_path / (RECORD if name == RECORD else "named")
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    with pytest.raises(SegmentationError) as refused:
        READERS[name](path)
    said = str(refused.value)
    assert str(path) in said
    assert ("a pipe or a device, not a file" if kind == "pipe" else "a folder, not a file") in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "text",
    [
        '{"0": "background", "1": "dress", "1": "coat"}',
        '{"categories": [{"id": 1, "name": "dress"}, {"id": 1, "name": "coat"}]}',
    ],
    ids=["keys", "categories"],
)
def test_a_value_with_two_names_is_refused(tmp_path, text):
    path = tmp_path / "labels.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"labels\.json: .*(twice|dress and coat for 1)"):
        read_classes(path)


@pytest.mark.parametrize("atomic", [atomic_file, atomic_folder])
def test_errors_name_what_is_written_and_not_its_temporary_name(tmp_path, atomic):
    with pytest.raises(DataError) as refused, atomic(tmp_path / "shoes") as temporary:
        raise DataError(f"{temporary}: expected more, received less; add some")
    assert str(refused.value) == f"{tmp_path / 'shoes'}: expected more, received less; add some"

    with pytest.raises(OSError, match="full") as failed, atomic(tmp_path / "shoes") as temporary:
        raise OSError(28, "disk full", str(temporary))
    assert Path(failed.value.filename) == tmp_path / "shoes"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_sets_is_told_with_the_option_that_chooses_one(tmp_path):
    for name in ("demo", "spring"):
        (tmp_path / name / "images").mkdir(parents=True)
        (tmp_path / name / "masks").mkdir()
    with pytest.raises(DataError) as refused:
        find_parts(tmp_path)
    said = as_typed(str(refused.value))
    assert "a folder of such sets (demo, spring)" in said
    assert f"choose --data {tmp_path / 'demo'} instead" in said


def test_numbers_of_things_are_english():
    assert (counted(0, "pair"), counted(1, "pair"), counted(2, "pair")) == ("0 pairs", "1 pair", "2 pairs")
    assert counted(2, "photo is", "photos are") == "2 photos are"
