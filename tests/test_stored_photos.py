"""`predict` reads photos from an object store as it reads them from a folder."""

import json
import os
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.folder_job import (
    cut_folder,
    draw,
    draw_folder,
    errors,
    made,
    manifest_lines,
    pictures,
    scorer_of,
)
from support.object_store import Fault

from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.pseudo import PseudoOptions
from segmentation.core.errors import ConfigError, DataError, MissingExtraError
from segmentation.jobs.context import Context
from segmentation.jobs.folder import Photos
from segmentation.jobs.predict import FolderPrediction
from segmentation.outputs.naming import find_photos
from segmentation.outputs.stored_photos import name_objects
from segmentation.stores.address import Address, is_address, located, parse_place
from segmentation.stores.downloads import scratch_folder
from segmentation.stores.stored_object import StoredObject

FEW = {"store_attempts": 3, "read_ahead": 4}


@pytest.fixture
def photos(object_store, tmp_path):
    """Six photos in a folder and the same in the store, by their address."""
    folder = draw_folder(tmp_path / "in")
    object_store.upload(folder, object_store.bucket, "photos")
    return f"s3://{object_store.bucket}/photos"


def fetched(store):
    return store.asked("GET", "/photos/")


def test_the_files_are_those_of_a_local_folder_to_the_byte(photos, tmp_path):
    cut_folder(tmp_path / "in", tmp_path / "local")
    results = cut_folder(photos, tmp_path / "out", **FEW)

    assert pictures(tmp_path / "out") == pictures(tmp_path / "local")
    assert [result.input for result in results][:2] == [f"{photos}/a.png", f"{photos}/b.png"]
    assert [line["input"] for line in manifest_lines(tmp_path / "out")] == [
        result.input for result in results
    ]


def test_what_is_done_is_not_fetched_again(photos, object_store, tmp_path):
    cut_folder(photos, tmp_path / "out", **FEW)
    object_store.requests.clear()
    draw(tmp_path / "new.png", 9)
    object_store.put(object_store.bucket, "photos/c.png", (tmp_path / "new.png").read_bytes())
    again = cut_folder(photos, tmp_path / "out", **FEW)

    assert made(again) == ["c"]
    assert len(fetched(object_store)) == 1


def test_a_run_that_writes_nothing_fetches_nothing(photos, object_store, tmp_path):
    options = PredictOptions.of(input=photos, output=tmp_path / "out", save=True, dry_run=True)
    planned = list(FolderPrediction(options, Context(), scorer_of()))

    assert [result.stem for result in planned] == ["a", "b", "c", "d", "x/a", "x/e"]
    assert fetched(object_store) == []
    assert not (tmp_path / "out").exists()


def test_one_object_is_one_photo(photos, tmp_path):
    assert made(cut_folder(f"{photos}/x/e.png", tmp_path / "out", **FEW)) == ["e"]


def test_no_more_is_fetched_than_is_asked_for_ahead(photos, object_store, tmp_path):
    begun = []

    def stop():
        begun.append(len(fetched(object_store)))
        return len(begun) > 1

    cut_folder(photos, tmp_path / "out", stop=stop, store_attempts=1, read_ahead=1, workers=1)

    assert max(begun) <= 3  # in hand, ahead, and the one that is looked at


def test_hidden_names_results_and_other_formats_are_left_out(photos, object_store):
    bucket = object_store.bucket
    for key in (
        ".hidden/a.png",
        "y/../../../escaped.png",
        "old/masks/a.png",
        "old/predictions.jsonl",
        "a.cr2",
    ):
        object_store.put(bucket, f"photos/{key}", b"x")
    told = []
    options = PredictOptions.of(input=photos).photos
    found = Photos.of(options, stores=PredictOptions.of(input=photos).stores).found(told.append)

    assert [photo.stem for photo in found] == ["a", "b", "c", "d", "x/a", "x/e"]
    assert len(told) == 2
    assert "a.cr2" in str(told)
    assert "old: results of an earlier run left out" in str(told)


def test_an_address_with_an_empty_folder_name_costs_one_row(photos, object_store, tmp_path):
    object_store.put(object_store.bucket, "photos//a.png", b"x")
    failed = [result for result in cut_folder(photos, tmp_path / "out", **FEW) if result.error]

    assert [result.input for result in failed] == [f"{photos}//a.png"]
    assert "a folder without a name" in failed[0].error


@pytest.mark.parametrize("kind", ["SlowDown", "InternalError", "silence", "cut"])
def test_a_fault_of_the_moment_costs_nothing(kind, photos, object_store, tmp_path):
    object_store.faults += [Fault("GET", "/photos/b.png", kind, 2), Fault("GET", "list-type", "SlowDown", 1)]
    results = cut_folder(photos, tmp_path / "out", store_timeout=0.5, store_attempts=8, read_ahead=4)

    assert [result.error for result in results] == [None] * 6


def test_a_fault_that_stays_costs_one_named_row_and_the_next_run_tries_again(photos, object_store, tmp_path):
    object_store.faults.append(Fault("GET", "/photos/b.png", "SlowDown"))
    results = cut_folder(photos, tmp_path / "out", **FEW)
    (failed,) = (result for result in results if result.error)

    assert failed.input == f"{photos}/b.png"
    assert f"{photos}/b.png: not reached in 3 attempts" in failed.error
    assert len(object_store.asked("GET", "/photos/b.png")) == 3
    object_store.faults.clear()
    assert made(cut_folder(photos, tmp_path / "out", **FEW)) == ["b"]


def test_an_object_that_is_no_photo_is_named_by_its_address(photos, object_store, tmp_path):
    object_store.put(object_store.bucket, "photos/b.png", b"no photo")
    (failed,) = (result for result in cut_folder(photos, tmp_path / "out", **FEW) if result.error)

    assert failed.error.startswith(f"{photos}/b.png: ")
    assert "garment-cutout" not in failed.error


def test_the_failure_of_an_object_goes_with_the_object(photos, object_store, tmp_path):
    """Not with a run that was stopped before it, or one of other photos."""
    for place in ("", "x/"):
        object_store.put(object_store.bucket, f"photos/{place}z.png", b"no picture")
    cut_folder(photos, tmp_path / "out", **FEW)
    assert [*errors(tmp_path / "out")] == ["z.png"]
    for place in ("", "x/"):
        object_store.client.delete_object(Bucket=object_store.bucket, Key=f"photos/{place}z.png")

    cut_folder(photos, tmp_path / "out", stop=iter([False, True, *[True] * 99]).__next__, **FEW)
    assert len(manifest_lines(tmp_path / "out")) == 8
    cut_folder(f"{photos}/x", tmp_path / "out", **FEW)
    assert [line["stem"] for line in manifest_lines(tmp_path / "out") if line["error"]] == ["z"]
    cut_folder(photos, tmp_path / "out", **FEW)
    assert errors(tmp_path / "out") == {}


def test_what_cannot_be_reached_is_said_in_one_line(photos, object_store, tmp_path, monkeypatch):
    def message(address, kind=DataError):
        with pytest.raises(kind) as caught:
            cut_folder(address, tmp_path / "out", store_attempts=1)
        return str(caught.value)

    assert "The specified bucket does not exist" in message("s3://no-such-bucket/photos")
    assert "expected photos" in message(f"s3://{object_store.bucket}/nothing")
    assert "`pip install gcsfs` adds it" in message("gs://bucket/photos", MissingExtraError)
    assert "expected an address of a store" in message("nothing://bucket/photos", ConfigError)
    object_store.faults.append(Fault("GET", "list-type", "AccessDenied"))
    assert "check the credentials" in message(photos)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert "set AWS_ACCESS_KEY_ID" in message(photos)


def test_an_address_stands_alone_and_other_jobs_refuse_it(tmp_path):
    two = PredictOptions.of(input=["s3://bucket/a", tmp_path])
    with pytest.raises(ConfigError, match="expected an address alone"):
        Photos.of(two.photos, stores=two.stores)
    with pytest.raises(ConfigError, match="expected a folder of photos on this machine"):
        Photos.of(PseudoOptions.of(input="s3://bucket/a", output=tmp_path).photos)


NAMES = st.lists(
    st.text("ab.-/", min_size=1, max_size=4).map(lambda name: name.strip("./-") or "a"),
    max_size=8,
    unique=True,
)


@settings(max_examples=50)
@given(NAMES, st.lists(st.sampled_from([".jpg", ".png"]), min_size=8, max_size=8))
def test_results_have_the_names_that_a_folder_gives_them(tmp_path_factory, names, suffixes):
    folder, wanted = tmp_path_factory.mktemp("folder"), []
    for name, suffix in zip(names, suffixes, strict=False):
        path = folder / (name + suffix)
        if any(part.startswith(".") or not part for part in (name + suffix).split("/")):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if not any(parent.suffix in (".jpg", ".png") for parent in path.relative_to(folder).parents):
            path.write_bytes(b"x")
            wanted.append(name + suffix)
    source = Address.parse("s3://bucket/in")
    stored = [StoredObject(source / name, 1) for name in sorted(wanted)]
    named = {
        photo.name.removeprefix(f"{source}/"): photo.stem for photo in name_objects(stored, source, None)
    }

    expected = find_photos(folder) if wanted else ()
    assert named == {str(photo.path.relative_to(folder)): photo.stem for photo in expected}


def test_memory_does_not_grow_with_the_listing():
    """A million names are named one by one; how far the listing has been read shows what is held."""
    taken = 0

    def listing():
        nonlocal taken
        for number in range(1_000_000):
            taken += 1
            yield StoredObject(source / f"IMG.{number:07d}.jpg", 1)

    source = Address.parse("s3://bucket/in")
    photos = name_objects(listing(), source, None)
    for number in range(100):
        assert next(photos).stem == f"IMG.{number:07d}"

    assert taken <= 102


@settings(max_examples=20)
@given(st.text())
def test_addresses_are_told_from_paths(text):
    address = f"s3://{text.strip('/') or 'bucket'}"

    assert is_address(address)
    assert located(address) == address
    assert str(parse_place(address)) == address.rstrip("/")
    assert not is_address(text.replace("://", ""))
    assert json.loads(json.dumps(str(parse_place(address)))) == address.rstrip("/")


@pytest.mark.parametrize("before", ["nothing", "an open folder", "a link of somebody"])
def test_photos_that_are_fetched_are_for_nobody_else(tmp_path, monkeypatch, before):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    usual, elsewhere = tmp_path / f"garment-cutout-{os.getuid()}", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if before == "an open folder":
        usual.mkdir()
        usual.chmod(0o755)
    elif before == "a link of somebody":
        usual.symlink_to(elsewhere)

    with scratch_folder() as folder:
        way = [path for path in (folder, *folder.parents) if path.is_relative_to(tmp_path)][:-1]
        assert any(not path.stat().st_mode & 0o077 for path in way)
        assert not [*elsewhere.iterdir()]
    assert not folder.exists()
