"""`predict` on a cluster makes the files and the record of one machine, whoever of it is lost meanwhile."""

import collections
import errno
import os
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crew import Crash, LocalCrew
from support.folder_job import (
    comparable,
    cut_folder,
    draw,
    draw_folder,
    made,
    manifest_lines,
    pictures,
    red_score,
    results_in,
    scorer_of,
    shard_lines,
)

from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.errors import ConfigError
from segmentation.core.events import Caution
from segmentation.core.files import write_bytes
from segmentation.jobs.cluster_setup import Setup
from segmentation.jobs.folder import PhotoDone
from segmentation.outputs.shard_names import SHARDS


@pytest.fixture
def crew(monkeypatch):
    """Workers in this process in the place of a cluster."""
    workers = LocalCrew(scorer_of())
    monkeypatch.setattr("segmentation.jobs.ray_crew.ray_crew", workers)
    return workers


@pytest.fixture
def cut(crew, source, tmp_path):  # noqa: ARG001
    """Cut six photos out on the cluster, two to a share."""
    output = f"file://{tmp_path}/out"
    return lambda **options: cut_folder(source, output, **{"on": "ray", "shard_photos": 2, **options})


def recorded(folder):
    """The lines of a manifest in shards, in the order of the photos."""
    shards = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jsonl*")}
    return sorted(map(comparable, shard_lines(shards)), key=lambda line: line["stem"])


def as_on_one_machine(folder, source, tmp_path):
    """Return whether a folder holds what `predict` makes of the photos on one machine."""
    cut_folder(source, tmp_path / "expected")
    lines = sorted(map(comparable, manifest_lines(tmp_path / "expected")), key=lambda line: line["stem"])
    return results_in(pictures(folder)) == pictures(tmp_path / "expected") and recorded(folder) == lines


def test_files_and_record_are_those_of_one_machine(crew, cut, source, tmp_path):
    results = cut()

    assert [result.error for result in results] == [None] * 6
    assert len(crew.shares) == 3
    assert as_on_one_machine(tmp_path / "out", source, tmp_path)
    assert made(cut()) == []


def test_one_machine_goes_on_from_a_cluster_and_the_other_way_round(cut, source, tmp_path):
    (source / "d.png").rename(tmp_path / "d.png")
    assert len(made(cut())) == 5
    (tmp_path / "d.png").rename(source / "d.png")

    assert made(cut(on=None)) == ["d"]
    assert made(cut()) == []
    assert as_on_one_machine(tmp_path / "out", source, tmp_path)


@settings(max_examples=8, deadline=None)
@given(lost=st.sets(st.integers(1, 25), max_size=8), size=st.integers(1, 3), together=st.integers(1, 4))
def test_workers_that_are_lost_cost_nothing(tmp_path_factory, lost, size, together):
    tmp_path = tmp_path_factory.mktemp("lost")
    source = draw_folder(tmp_path / "in")
    crew = LocalCrew(scorer_of(), size, lambda number: number in lost)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segmentation.jobs.ray_crew.ray_crew", crew)
        results = cut_folder(source, f"file://{tmp_path}/out", on="ray", shard_photos=together)

    assert collections.Counter(result.stem for result in results).total() == 6
    assert [result.error for result in results] == [None] * 6
    assert as_on_one_machine(tmp_path / "out", source, tmp_path)


def test_a_photo_that_ends_every_worker_is_one_named_row(crew, cut, tmp_path):
    def crashing(photo):
        if photo.shape[0] == 65:
            raise Crash
        return red_score(photo)

    draw(tmp_path / "in" / "c.png", 3, height=65)
    crew.scorer = scorer_of(crashing)
    results = {result.stem: result for result in cut(shard_photos=6)}

    assert [stem for stem, result in results.items() if result.error] == ["c"]
    assert "workers were lost while they worked on it" in results["c"].error
    assert sorted(results) == ["a", "b", "c", "d", "x/a", "x/e"]
    crew.scorer = scorer_of()
    assert made(cut(shard_photos=6)) == ["c"]


def test_machines_whose_disks_are_full_cost_no_photo(cut, source, tmp_path, monkeypatch):
    """However many of them a photo meets, none of them is its fault."""
    full = [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))] * 9

    def write(path, content):
        if full and path.name == "c.png":
            raise full.pop()
        write_bytes(path, content)

    monkeypatch.setattr("segmentation.images.files.write_bytes", write)
    told = []
    results = cut(tell=told.append)

    lost = [event.text for event in told if isinstance(event, Caution)]
    assert len(lost) == 9
    assert all(
        f"lost: {socket.gethostname()}: stopped, since nothing more can be written" in text for text in lost
    )
    assert [result.error for result in results] == [None] * 6
    assert as_on_one_machine(tmp_path / "out", source, tmp_path)


def test_a_broken_photo_is_one_named_row(cut, source):
    (source / "b.png").write_bytes(b"no photo")

    assert [result.stem for result in cut() if result.error] == ["b"]


def test_a_run_that_is_stopped_goes_on_from_there(crew, cut):
    crew.size, events = 1, []
    first = cut(stop=lambda: sum(isinstance(event, PhotoDone) for event in events) > 1, tell=events.append)

    assert 0 < len(first) < 6
    assert len(made(cut())) == 6 - len(first)


@pytest.mark.parametrize("given", [2, None], ids=["given", "usual"])
def test_more_photos_than_a_shard_may_hold_are_added_to_it(cut, source, tmp_path, monkeypatch, given):
    """Those that come between earlier ones wait until the shard of their place was split."""
    monkeypatch.setattr("segmentation.config.stores.SHARE_PHOTOS", 2)
    cut(shard_photos=given)
    for number in range(9):
        (source / f"a{number}.png").write_bytes((source / "a.png").read_bytes())
    results = cut(shard_photos=given)

    assert sorted(made(results)) == [f"a{number}" for number in range(9)]
    assert [result.notes for result in results] == [()] * 15
    assert len(recorded(tmp_path / "out")) == 15
    shards = [path.read_bytes().splitlines() for path in (tmp_path / "out" / SHARDS).iterdir()]
    assert max(map(len, shards)) < 4
    assert made(cut(shard_photos=given)) == []
    assert as_on_one_machine(tmp_path / "out", source, tmp_path)


@pytest.mark.parametrize("text", ["spark", "ray://", "ray://host", "ray:8000"])
def test_other_clusters_are_refused(text):
    with pytest.raises(ConfigError, match="expected ray or ray://HOST:PORT"):
        PredictOptions.of(input="in", on=text)


def test_results_lie_where_every_machine_reaches_them(source, tmp_path):
    with pytest.raises(ConfigError, match="expected results at an address that every machine"):
        cut_folder(source, tmp_path / "out", on="ray")


def test_machines_that_would_make_other_files_are_refused():
    setup = Setup(PredictOptions.of(input="in"), {}, {"model": "abc", "precision": "bf16"})

    with pytest.raises(ConfigError, match="as this one, precision bf16, received precision f32; give"):
        setup.check({"model": "abc", "precision": "f32"})
