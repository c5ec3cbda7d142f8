"""The program in a container: what belongs into its image, and how much of the machine it may use."""

import os

import pytest
from support.places import ROOT

from segmentation.core.parallel import cores


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "1000 100000\n"}, 1),
        ({"quota": "-1\n", "period": "100000\n"}, 8),
        ({"quota": "400000\n", "period": "100000\n"}, 4),
        ({"quota": "1600000\n", "period": "100000\n"}, 8),
    ],
)
def test_a_container_that_may_compute_less_has_fewer_cores(tmp_path, monkeypatch, told, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: range(8), raising=False)
    quotas = (("cpu.max",), ("quota", "period"))
    places = [[str(tmp_path / name) for name in names] for names in quotas]
    monkeypatch.setattr("segmentation.core.parallel._QUOTAS", places)
    for name, text in told.items():
        (tmp_path / name).write_text(text)

    assert cores() == expected


def test_docker_and_podman_leave_the_same_files_out_of_an_image():
    """Podman reads .dockerignore where there is no .containerignore, which docker does not know."""
    assert (ROOT / ".dockerignore").is_file()
    assert not (ROOT / ".containerignore").exists()
    assert "docker build -f Containerfile" in (ROOT / "Containerfile").read_text()
