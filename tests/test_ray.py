"""`predict` on a Ray cluster of two nodes: whatever is killed of it, the files are those of one machine."""

import os
import signal
from operator import itemgetter
from unittest.mock import patch

import pytest
from support.folder_job import comparable, draw, made, pictures, results_in, shard_lines
from support.program import start
from support.ray_cluster import nodes, workers
from support.waiting import wait_until

from segmentation.config.jobs.predict import PredictOptions
from segmentation.jobs.context import Context
from segmentation.jobs.folder import PhotoDone
from segmentation.jobs.predict import FolderPrediction

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="needs a cluster: pip install 'garment-cutout[ray]'")

PHOTOS = 12


@pytest.fixture(scope="module")
def cluster(object_server):
    """Two nodes, with the way to a store in their environment."""
    with patch.dict(os.environ, object_server.environment), nodes(2) as started:
        yield started


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PHOTOS):
        draw(folder / f"{number:02}.png", number, 320, 240)
    (folder / "99.jpg").write_bytes(b"no photo")
    return folder


@pytest.fixture(scope="module")
def expected(photos, tmp_path_factory):
    """The results of one machine, recorded as in a store."""
    folder = tmp_path_factory.mktemp("expected")
    cut(photos, f"file://{folder}", on=None)
    return folder


def cut(photos, output, tell=lambda _event: None, **options):
    chosen = {
        "input": photos,
        "output": output,
        "save": True,
        "quality": "fast",
        "shard_photos": 3,
        "on": "ray",
        **options,
    }
    return list(FolderPrediction(PredictOptions.of(**chosen), Context(tell=tell)))


def the_same(output, expected):
    found, wanted = pictures(output), pictures(expected)
    assert results_in(found) == results_in(wanted)
    lines, expected_lines = (  # in any order: which shard was begun before a kill is chance
        sorted(map(comparable, shard_lines(one)), key=itemgetter("input")) for one in (found, wanted)
    )
    assert lines == expected_lines


def test_a_photo_that_is_broken_costs_one_row(cluster, photos, expected, tmp_path):  # noqa: ARG001
    results = cut(photos, f"file://{tmp_path}/out")

    assert [result.stem for result in results if result.error] == ["99"]
    the_same(tmp_path / "out", expected)
    assert made(cut(photos, f"file://{tmp_path}/out")) == ["99"]


def test_a_worker_that_is_killed_costs_nothing(cluster, photos, expected, tmp_path):  # noqa: ARG001
    killed = []

    def kill(event):
        if isinstance(event, PhotoDone) and not killed:
            killed.append(workers()[0])
            os.kill(killed[0], signal.SIGKILL)

    results = cut(photos, f"file://{tmp_path}/out", kill)

    assert killed
    assert [result.stem for result in results if result.error] == ["99"]
    the_same(tmp_path / "out", expected)


def test_a_driver_that_is_killed_goes_on(cluster, photos, expected, tmp_path):  # noqa: ARG001
    output = f"file://{tmp_path}/out"
    options = ("--save", "--on", "ray", "--shard-photos", 3, "--quality", "fast")
    with start("predict", "--input", photos, "--output", output, *options) as driver:
        wait_until(lambda: driver.poll() is not None or [*tmp_path.glob("out/masks/*.png")], "a first mask")
        driver.kill()
        assert driver.wait() == -signal.SIGKILL
    wait_until(lambda: not workers(), "the workers, which end with their driver")
    results = cut(photos, output)

    assert [result.stem for result in results if result.error] == ["99"]
    the_same(tmp_path / "out", expected)


def test_a_cluster_elsewhere_does_the_same(cluster, photos, expected, tmp_path):
    results = cut(photos, f"file://{tmp_path}/out", on=cluster.address)

    assert [result.stem for result in results if result.error] == ["99"]
    the_same(tmp_path / "out", expected)


def test_a_cluster_reads_and_writes_a_store(cluster, photos, expected, object_store):  # noqa: ARG001
    object_store.upload(photos, object_store.bucket, "photos")
    address = f"s3://{object_store.bucket}"
    results = cut(f"{address}/photos", f"{address}/out")

    assert [result.stem for result in results if result.error] == ["99"]
    assert results_in(object_store.objects(object_store.bucket, "out")) == results_in(pictures(expected))


def test_a_machine_that_is_lost_costs_nothing(cluster, photos, expected, tmp_path):
    """The last of the tests, since one node remains."""
    lost = []

    def lose(event):
        if isinstance(event, PhotoDone) and not lost:
            lost.append(cluster.cluster.worker_nodes.copy().pop())
            cluster.cluster.remove_node(lost[0], allow_graceful=False)

    results = cut(photos, f"file://{tmp_path}/out", lose)

    assert lost
    assert [result.stem for result in results if result.error] == ["99"]
    the_same(tmp_path / "out", expected)
