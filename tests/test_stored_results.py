"""`predict` writes into an object store what it writes into a folder, and goes on wherever it was ended."""

import contextlib
import json
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.folder_job import (
    comparable,
    cut_folder,
    draw,
    draw_folder,
    made,
    manifest_lines,
    pictures,
    results_in,
    scorer_of,
    shard_lines,
    start,
)
from support.object_store import Fault
from support.waiting import wait_until

from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.jobs.context import Context
from segmentation.jobs.predict import FolderPrediction
from segmentation.outputs.result import Result
from segmentation.outputs.shard_names import SHARDS, file_name, name_after, parse_name
from segmentation.outputs.shard_store import ShardStore, order_of
from segmentation.outputs.shards import Shards
from segmentation.outputs.sources import find_all_photos
from segmentation.outputs.store_claim import MARK, StoreClaim
from segmentation.outputs.stored_folder import StoredFolder
from segmentation.stores.address import Address
from segmentation.stores.patience import Patience
from segmentation.stores.store import Store

FEW = {"store_attempts": 2, "read_ahead": 4}


@pytest.fixture
def bucket(object_store, tmp_path):
    """A store with six photos below `photos`; what lies below another prefix."""
    object_store.upload(draw_folder(tmp_path / "in"), object_store.bucket, "photos")
    return lambda prefix: object_store.objects(object_store.bucket, prefix)


@pytest.fixture
def cut(object_store, bucket):  # noqa: ARG001
    """Cut the photos of the store out into the prefix `out`."""
    address = f"s3://{object_store.bucket}"
    return lambda **options: cut_folder(f"{address}/photos", f"{address}/out", **{**FEW, **options})


def test_files_and_manifest_are_those_of_a_folder(bucket, cut, tmp_path):
    cut_folder(tmp_path / "in", tmp_path / "out")
    results = cut()

    assert [result.error for result in results] == [None] * 6
    assert results_in(bucket("out")) == pictures(tmp_path / "out")
    expected = manifest_lines(tmp_path / "out")
    assert [*map(comparable, shard_lines(bucket("out")))] == [*map(comparable, expected)]
    assert [name for name in bucket("out") if name.startswith("predictions")] == [
        "predictions/00000000.jsonl"
    ]


def test_a_folder_goes_into_a_store_too(bucket, object_store, tmp_path):
    address = f"s3://{object_store.bucket}/out"
    cut_folder(tmp_path / "in", tmp_path / "out")

    assert len(made(cut_folder(tmp_path / "in", address, **FEW))) == 6
    assert results_in(bucket("out")) == pictures(tmp_path / "out")
    assert made(cut_folder(tmp_path / "in", address, **FEW)) == []


def test_what_is_done_is_neither_fetched_nor_written_again(cut, object_store):
    cut()
    object_store.requests.clear()

    assert made(cut()) == []
    assert object_store.asked("GET", "/photos/") == []
    assert object_store.asked("PUT") == object_store.asked("PUT", MARK)


@pytest.mark.parametrize("writes", range(1, 20, 6))
def test_wherever_a_run_ends_the_next_one_completes_it(writes, bucket, cut, object_store, tmp_path):
    """From some write on the store takes nothing any more, as if the process had been killed there."""
    cut_folder(tmp_path / "in", tmp_path / "out")
    object_store.faults.append(Fault("PUT", "/out/", "AccessDenied", after=writes))
    object_store.faults.append(Fault("DELETE", "/out/", "AccessDenied"))
    with contextlib.suppress(DataError):
        cut(store_attempts=1)
    object_store.faults.clear()
    results = cut()

    assert [result.error for result in results] == [None] * 6
    assert [result.notes for result in results] == [()] * 6
    assert results_in(bucket("out")) == pictures(tmp_path / "out")
    assert len(shard_lines(bucket("out"))) == 6


@pytest.mark.slow
def test_a_killed_process_loses_nothing_that_was_recorded(bucket, object_store, tmp_path):
    cut_folder(tmp_path / "in", tmp_path / "out")
    address = f"s3://{object_store.bucket}"
    object_store.faults.append(Fault("PUT", "/out/cutouts/c.png", "silence"))
    process = start(f"{address}/photos", f"{address}/out")
    wait_until(
        lambda: object_store.asked("PUT", "/out/cutouts/c.png") or process.poll() is not None, "a file"
    )
    process.kill()
    assert process.wait() == -signal.SIGKILL
    object_store.forget()
    results = cut_folder(f"{address}/photos", f"{address}/out", **FEW)

    assert [result.notes for result in results] == [()] * 6
    assert results_in(bucket("out")) == pictures(tmp_path / "out")


def test_a_run_that_is_stopped_goes_on_from_there(bucket, cut):
    asked = []

    def stop():
        asked.append(True)
        return len(asked) > 8

    first = cut(stop=stop, workers=1)

    assert 0 < len(first) < 6
    assert made(cut()) == [result.stem for result in cut(overwrite=True)][len(first) :]
    assert len(shard_lines(bucket("out"))) == 6


@pytest.mark.parametrize("kind", ["SlowDown", "silence"])
def test_a_fault_of_the_moment_costs_nothing(kind, bucket, cut, object_store, tmp_path):
    cut_folder(tmp_path / "in", tmp_path / "out")
    object_store.faults += [
        Fault("PUT", "/masks/b.png", kind, 1),
        Fault("PUT", "/predictions/", kind, 1),
        Fault("HEAD", "/cutouts/c.png", kind, 1),
    ]
    results = cut(store_timeout=0.5, store_attempts=8)

    assert [result.error for result in results] == [None] * 6
    assert results_in(bucket("out")) == pictures(tmp_path / "out")


@pytest.mark.parametrize(("method", "part"), [("PUT", "/cutouts/b.png"), ("HEAD", "/masks/b.png")])
def test_a_fault_that_stays_costs_one_named_row_and_the_next_run_tries_again(
    method, part, bucket, cut, object_store, tmp_path
):
    cut_folder(tmp_path / "in", tmp_path / "out")
    object_store.faults.append(Fault(method, part, "SlowDown"))
    (failed,) = (result for result in cut() if result.error)

    assert failed.stem == "b"
    assert f"{part}: not reached in 2 attempts" in failed.error
    object_store.faults.clear()
    again = cut()
    assert made(again) == ["b"]
    assert [result.notes for result in again] == [()] * 6
    assert results_in(bucket("out")) == pictures(tmp_path / "out")


def test_nothing_is_written_where_it_cannot_be_recorded(bucket, cut, object_store):
    object_store.faults.append(Fault("PUT", "/predictions/", "AccessDenied"))

    with pytest.raises(DataError, match="check the credentials"):
        cut()
    assert results_in(bucket("out")) == {}


def test_what_a_person_changed_is_kept_or_saved(bucket, cut, object_store, tmp_path):
    cut()
    object_store.put(object_store.bucket, "out/masks/b.png", b"mine")
    draw(tmp_path / "other.png", 9)
    object_store.put(object_store.bucket, "photos/b.png", (tmp_path / "other.png").read_bytes())
    results = {result.stem: result for result in cut()}

    assert results["b"].kept == ("masks/b.png",)
    assert "cutouts/b.png is of the predicted mask, not of masks/b.png" in results["b"].notes
    assert bucket("out")["masks/b.png"] == b"mine"
    assert {result.stem: result for result in cut(overwrite=True)}["b"].replaced == ("masks/b.png",)
    assert bucket("out")["masks/b.png.before"] == b"mine"


def test_the_failure_of_an_object_goes_with_the_object(bucket, cut, object_store):
    object_store.put(object_store.bucket, "photos/c2.png", b"no picture")
    cut()
    assert [line["stem"] for line in shard_lines(bucket("out")) if line["error"]] == ["c2"]
    object_store.client.delete_object(Bucket=object_store.bucket, Key="photos/c2.png")

    assert made(cut()) == []
    assert [line["stem"] for line in shard_lines(bucket("out"))] == ["a", "b", "c", "d", "x/a", "x/e"]


def test_failures_are_recorded_where_nothing_else_is(tmp_path):
    """Else a line would say of a photo that is broken now that it is done, though its files are gone."""
    source, output = draw_folder(tmp_path / "in"), f"file://{tmp_path}/out"
    cut_folder(source, output)
    for name in ("b.png", "c2.png"):
        (source / name).write_bytes(b"no picture")
    told = [result.stem for result in cut_folder(source, output) if result.error]

    lines = shard_lines(pictures(tmp_path / "out"))
    assert told == [line["stem"] for line in lines if line["error"]] == ["b", "c2"]
    assert len(lines) == 7
    assert not (tmp_path / "out" / "masks" / "b.png").exists()


def test_photos_stay_in_the_shard_of_their_place_though_failures_leave_it(tmp_path):
    """One that is not split, since lines of photos that are gone were dropped, is gone on with."""
    source, output = draw_folder(tmp_path / "in"), f"file://{tmp_path}/out"
    (source / "b.png").write_bytes(b"no picture")
    cut_folder(source, output, shard_photos=3)
    (source / "b.png").unlink()
    for number in range(4):
        draw(source / f"a{number}.png", 10 + number)

    assert made(cut_folder(source, output, shard_photos=3)) == ["a0", "a1", "a2", "a3"]
    assert made(cut_folder(source, output, shard_photos=3)) == []
    assert len(shard_lines(pictures(tmp_path / "out"))) == 9


def test_a_plan_writes_nothing(bucket, cut, object_store):
    address = f"s3://{object_store.bucket}"
    cut()
    object_store.put(object_store.bucket, "photos/new.png", bucket("photos")["a.png"])
    before = bucket("out")
    options = PredictOptions.of(
        input=f"{address}/photos", output=f"{address}/out", save=True, dry_run=True, overwrite=False
    )
    planned = list(FolderPrediction(options, Context(), scorer_of()))

    assert [result.stem for result in planned if not result.skipped] == ["new"]
    assert bucket("out") == before


def test_results_are_not_read_as_photos(cut, object_store):
    address = f"s3://{object_store.bucket}"
    cut()

    assert len(cut_folder(address, f"{address}/out2", **FEW)) == 6
    with pytest.raises(DataError, match="expected photos outside of the results"):
        cut_folder(f"{address}/out/masks", f"{address}/out")


def test_one_process_at_a_time_writes(cut, object_store):
    address = Address.parse(f"s3://{object_store.bucket}/out")
    mark = f"out/{MARK}"
    object_store.put(object_store.bucket, mark, b'{"process": 1, "host": "elsewhere"}')

    with pytest.raises(DataError, match="another process is writing here"):
        cut()
    object_store.client.delete_object(Bucket=object_store.bucket, Key=mark)
    with StoreClaim(Store(address, Patience(2)), address):
        assert mark in object_store.objects(object_store.bucket)
    assert mark not in object_store.objects(object_store.bucket)


def test_a_review_needs_a_folder():
    options = PredictOptions.of(input="in", output="s3://bucket/out", save=True, review=True)

    with pytest.raises(ConfigError, match="expected results in a folder"):
        FolderPrediction(options, Context(), scorer_of())


NAMES = st.builds(
    "{}{}.png".format,
    st.sampled_from(["", "x/", "X/q", "x/y/", "x-red/"]),
    st.text("abc", min_size=1, max_size=3),
)
RUNS = st.lists(st.sets(NAMES, max_size=12), min_size=1, max_size=4)


@settings(max_examples=25)
@given(RUNS, st.booleans(), st.randoms())
def test_each_photo_has_one_line_in_the_shard_of_its_place(tmp_path_factory, runs, killed, order):
    """Several runs over more and more folders and photos, which are named in any order, with shards of three;
    `killed` ones end in the last shard.
    """
    address = Address.parse(f"memory://shards/{tmp_path_factory.mktemp('run').name}")
    folder, root = StoredFolder(Store(address, Patience(1)), address), tmp_path_factory.mktemp("photos")
    known = {"x-red/z.png", "z.png"}  # more than one source
    for names in runs:
        known |= names
        for name in known:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        sources = sorted({root / name.partition("/")[0] for name in known})
        order.shuffle(sources)
        photos = list(find_all_photos(sources))
        assert sorted(photo.name for photo in photos) == sorted(str(root / name) for name in known)
        store = ShardStore.at(folder.store, address / SHARDS)
        shards = Shards(folder, store, {}, ("mask",), lines=3)
        opened = shards.over(photos, tmp_path_factory.mktemp("scratch"))
        for shard in opened:
            for photo in shard.photos:
                if not shard.manifest.knows(photo):
                    shard.manifest.record(Result(photo.name, photo.stem, key={"sha256": photo.stem}))
            shard.ship()
            if killed and photo is photos[-1]:
                break  # the shard stays as a part
    assert shards.lines == 3
    held = {}
    for stored in folder.store.objects(address / SHARDS):
        lines = folder.store.read(stored.address).splitlines()
        held.setdefault(parse_name(stored.address.name)[0], []).extend(lines)
    names = [[order_of(json.loads(line)["input"]) for line in held[name]] for name in sorted(held)]
    expected = sorted(order_of(photo.name) for photo in photos)
    if not killed:
        assert sorted(name for shard in names for name in shard) == expected
        assert all(len(shard) <= 6 for shard in names)
        assert [name for shard in names for name in sorted(shard)] == expected
    assert sorted({name for shard in names for name in shard}) == expected


@pytest.mark.parametrize("listed", [["c.png", "b"], ["shoes", "shoes-red"], ["a", "A"]])
def test_a_run_over_several_folders_is_not_done_again(tmp_path, listed):
    """Nor is one over a list of their photos, in the order in which other programs find them."""
    for number, name in enumerate(listed):
        for photo in [name] if name.endswith(".png") else [f"{name}/{place}.png" for place in range(5)]:
            draw(tmp_path / "in" / photo, number, 16, 12)
    output, sources = (
        Address.parse(f"memory://{tmp_path.name}"),
        tuple(tmp_path / "in" / name for name in listed),
    )
    photos = [
        str(path) for source in sources for path in ([source] if source.is_file() else source.iterdir())
    ]
    (tmp_path / "list").write_text("\n".join(photos))

    first = cut_folder(sources, output, shard_photos=2)
    assert len(made(first)) == len(first) == len(photos)
    assert made(cut_folder(sources, output, shard_photos=2)) == []
    assert made(cut_folder((), output, files_from=tmp_path / "list", shard_photos=2)) == []


@given(st.lists(st.integers(0, 100), max_size=12))
def test_there_is_always_a_name_between_two(places):
    names = []
    for place in places:
        place %= len(names) + 1
        before = names[place - 1] if place else None
        if place == 0 and names:
            continue  # nothing comes before the first shard
        names.insert(place, name_after(before, names[place] if place < len(names) else None))

    assert names == sorted(set(names))
    assert [parse_name(file_name(name)) for name in names] == [(name, None) for name in names]
    assert parse_name(file_name((1, 2), 3)) == ((1, 2), 3)
    assert parse_name("other.jsonl") is None
