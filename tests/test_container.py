"""The program in a container: what belongs into its image, and how much of the machine it may use."""

import os

import pytest
import yaml
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


def test_an_image_has_no_more_rights_than_it_needs():
    told = (ROOT / "Containerfile").read_text()
    steps = dict(line.split(" ", 1) for line in told.replace("\\\n", " ").splitlines() if " " in line)

    assert int(steps["USER"].partition(":")[0]) > 0
    assert told.index("\nUSER ") < told.index("\nENTRYPOINT ")
    assert "/healthz" in steps["HEALTHCHECK"]
    assert "[service]" in steps["RUN"]
    assert "tensorflow" not in told.replace("TensorFlow", "")


@pytest.mark.parametrize("name", ["service", "watch"])
def test_a_container_writes_where_it_was_told_to_and_nowhere_else(name):
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"][name]
    volumes = [volume.rsplit(":", 2) for volume in service["volumes"]]
    written = [volume[-1] for volume in volumes if volume[-1] != "ro"]

    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert written == {"service": [], "watch": ["/cutouts"]}[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
