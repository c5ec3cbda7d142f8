"""The mark in a store: one process at a time writes there, and a mark that nobody holds hinders nobody."""

import json
import os
import signal
import subprocess
import sys

import pytest
from support.places import ROOT

from segmentation.core.errors import DataError
from segmentation.outputs import store_claim
from segmentation.outputs.store_claim import MARK, StoreClaim
from segmentation.stores.address import Address
from segmentation.stores.patience import Patience
from segmentation.stores.store import Store

CLAIMS = """
import sys
from segmentation.outputs.store_claim import StoreClaim
from segmentation.stores.address import Address
from segmentation.stores.patience import Patience
from segmentation.stores.store import Store
address = Address.parse(sys.argv[1])
with StoreClaim(Store(address, Patience(1)), address):
    print("claimed", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def address(tmp_path):
    return Address.parse(f"file://{tmp_path}/out")


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "out" / MARK


def claim(address):
    return StoreClaim(Store(address, Patience(1)), address)


@pytest.fixture
def writer(address):
    """Another process that writes there."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        [sys.executable, "-c", CLAIMS, str(address)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout.readline() == "claimed\n"
        yield process
        process.kill()


def test_a_process_that_writes_is_not_disturbed_and_one_that_was_killed_hinders_nobody(address, mark, writer):
    with pytest.raises(DataError, match=f"another process is writing here .process {writer.pid} "):
        claim(address).__enter__()

    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert mark.exists()
    with claim(address):
        pass
    assert not mark.exists()


@pytest.mark.parametrize(
    ("changed", "is_free"),
    [
        ({}, False),
        ({"started": "another process had this number"}, True),
        ({"processes": "those of another container"}, False),
        ({"processes": "those of another container", "process": 2**30}, False),
        ({"boot": "another machine of this name", "process": 2**30}, False),
        ({"process": 2**30}, True),
        ({"process": "no number"}, False),
    ],
    ids=str,
)
def test_a_mark_is_taken_where_its_process_has_surely_ended(address, mark, writer, changed, is_free):  # noqa: ARG001
    mark.write_text(json.dumps({**json.loads(mark.read_text()), **changed}))
    if not is_free:
        with pytest.raises(DataError, match="another process is writing here"):
            claim(address).__enter__()
    else:
        with claim(address):
            pass
    assert mark.exists() is not is_free


def test_a_process_that_slept_until_another_took_its_place_ends(monkeypatch, address):
    monkeypatch.setattr(store_claim, "_REFRESHED_S", -1)
    monkeypatch.setattr(store_claim, "_DEAD_S", -1)  # as if it had slept for long
    with claim(address) as sleeper:
        sleeper.refresh()
        with claim(address) as other:
            with pytest.raises(DataError, match="found none, or that of another, which may have written"):
                sleeper.refresh()
            sleeper.__exit__(None, None, None)
            other.refresh()
        with pytest.raises(DataError, match="expected the mark of this process"):
            sleeper.refresh()
