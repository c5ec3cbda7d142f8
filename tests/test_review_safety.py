"""Access to the page of a review: who is let in, and which requests are answered."""

import asyncio
import errno
import json
import socket
import stat

import httpx
import numpy as np
import pytest
from support.desk import draw_results
from support.places import ROOT

from segmentation.core.errors import DataError
from segmentation.retouch.clerk import Clerk
from segmentation.retouch.desk import Desk
from segmentation.retouch.summary import summarise
from segmentation.web import serve
from segmentation.web.guard import MOST_BYTES, Guard, is_own_host
from segmentation.web.listening import listening
from segmentation.web.routes import application

TOKEN, PORT = "a-token-of-twenty-letters", 8420
HOST = f"127.0.0.1:{PORT}"
OWN = {"origin": f"http://{HOST}"}
STROKE = {"kind": "stroke", "add": True, "size": 5, "hardness": 1, "points": [[5, 5], [20, 20]]}


class Client:
    """A client of the page behind its guard, without a network."""

    def __init__(self, app):
        self._guarded = Guard(app, TOKEN, "127.0.0.1", PORT)

    def get(self, path, **given):
        return asyncio.run(self._ask("GET", path, given))

    def post(self, path, **given):
        return asyncio.run(self._ask("POST", path, given))

    async def _ask(self, method, path, given):
        transport = httpx.ASGITransport(self._guarded)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.request(method, path, **given)


async def in_pieces(size):
    for _ in range(0, size, 100_000):
        yield b"x" * 100_000


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return draw_results(tmp_path_factory.mktemp("page"), names=("a", "b"))


@pytest.fixture
def client(results):
    with Desk(results) as desk, Clerk(desk) as clerk:
        app = application(desk, clerk, lambda: summarise([], 4.0))
        yield Client(app)


@pytest.fixture
def photo(client):
    (first, *_others) = client.get(f"/{TOKEN}/api/overview").json()["photos"]
    return first


def address(rest):
    return f"/{TOKEN}/{rest}"


@pytest.mark.parametrize(
    "path", ["/", "/api/overview", "/another-token/api/overview", f"/{TOKEN[:-1]}/", f"//{TOKEN}/"]
)
def test_nobody_is_let_in_without_the_address(client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert "open the whole address" in answer.text
    assert "x-review" not in answer.headers  # by which a page knows its own program


def test_the_page_is_there_and_asks_for_nothing_elsewhere(client):
    page = client.get(address(""))

    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in (ROOT / "src" / "segmentation" / "web" / "static").iterdir():
        assert client.get(address(path.name)).status_code == 200
        assert "http://" not in path.read_text().replace("http://www.w3.org/", "")
        assert "https://" not in path.read_text()


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", f"0.0.0.0:{PORT}"]
)
def test_a_name_that_was_bound_to_this_machine_is_refused(client, host):
    assert client.get(address("api/overview"), headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", f"https://{HOST}", "http://127.0.0.1:80"]
)
def test_another_sites_page_changes_nothing(client, photo, origin):
    headers = {} if origin is None else {"origin": origin}
    body = {"revision": photo["revision"], "operation": STROKE}

    answer = client.post(address(f"api/photos/{photo['id']}/edit"), json=body, headers=headers)

    assert answer.status_code == 403
    state = client.get(address(f"api/photos/{photo['id']}/state")).json()
    assert state["revision"] == photo["revision"]


@pytest.mark.parametrize(
    ("host", "port", "given", "own"),
    [
        ("127.0.0.1", 8420, "localhost:8420", True),
        ("::1", 8420, "[::1]:8420", True),
        ("0.0.0.0", 8420, "192.168.1.5:8420", True),
        ("0.0.0.0", 8420, "evil.example:8420", False),
        ("studio.example", 8420, "studio.example:8420", True),
        ("127.0.0.1", 8420, "192.168.1.5:8420", False),
        ("127.0.0.2", 8420, "127.0.0.2:8420", True),
        ("127.0.0.2", 8420, "localhost:8420", True),
        ("127.0.0.2", 8420, "127.0.0.3:8420", False),
        ("127.0.0.2", 8420, "evil.example:8420", False),
        ("127.0.0.1", 80, "127.0.0.1", True),  # browsers leave the usual port out
        ("::1", 80, "[::1]", True),
        ("127.0.0.1", 80, "evil.example", False),
        ("::1", 8420, "[::1]", False),
    ],
)
def test_names_of_the_server_are_its_own_alone(host, port, given, own):
    assert is_own_host(given, host, port) is own


def test_bodies_have_a_limit(client, photo):
    where = address(f"api/photos/{photo['id']}/edit")

    assert client.post(where, content=b"x" * (MOST_BYTES + 1), headers=OWN).status_code == 413
    untold = in_pieces(2 * MOST_BYTES)
    assert client.post(where, content=untold, headers=OWN).status_code == 400


@pytest.mark.parametrize(
    "rest",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/pyproject.toml",
        "api/photos/..%2F..%2Fetc/mask",
        "api/photos/a/mask",
        "api/photos/%00/thumbnail",
        "routes.py",
        "../routes.py",
    ],
)
def test_no_name_leads_out_of_the_folder(client, rest):
    answer = client.get(address(rest))

    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"revision": -1, "operation": STROKE},
        {"revision": 0, "operation": {"kind": "stroke"}},
        {"revision": 0, "operation": {**STROKE, "points": [["a", "b"]]}},
        {"revision": 0, "operation": STROKE, "more": 1},
        [],
    ],
)
def test_what_the_page_would_never_send_is_refused_in_one_line(client, photo, body):
    answer = client.post(address(f"api/photos/{photo['id']}/edit"), json=body, headers=OWN)

    assert answer.status_code == 422
    assert answer.json()["message"].startswith("expected")


def test_a_change_is_answered_with_the_part_of_the_mask_that_it_changed(client, photo):
    before = mask_of(client, photo)
    body = {"revision": photo["revision"], "id": "one", "operation": STROKE}

    answer = client.post(address(f"api/photos/{photo['id']}/edit"), json=body, headers=OWN)
    about = json.loads(answer.headers["x-about"])

    left, top, width, height = about["box"]
    part = np.frombuffer(answer.content, np.uint8).reshape(height, width)
    before[top : top + height, left : left + width] = part
    assert np.array_equal(before, mask_of(client, photo))
    again = client.post(address(f"api/photos/{photo['id']}/edit"), json=body, headers=OWN)
    assert again.status_code == 409
    assert "changed elsewhere" in again.json()["message"]


def test_a_smart_stroke_that_cannot_be_followed_is_answered_in_one_line(client, photo):
    stroke = {"revision": photo["revision"], "add": True, "size": 7, "points": [[5, 5], [20, 20]]}
    place = address(f"api/photos/{photo['id']}/hint")
    for answer in (
        client.get(address("api/network")),
        client.post(address(f"api/photos/{photo['id']}/hints"), headers=OWN),
        client.post(place, json=stroke, headers=OWN),
        client.post(place, json={**stroke, "size": 0}, headers=OWN),
        client.post(place, json={**stroke, "points": []}, headers=OWN),
        client.post(place, json={**stroke, "model": "/etc"}, headers=OWN),
    ):
        assert answer.status_code == 422
        assert answer.json()["message"].startswith("expected")


def mask_of(client, photo):
    opened = client.get(address(f"api/photos/{photo['id']}")).json()
    content = client.get(address(f"api/photos/{photo['id']}/mask")).content
    return np.frombuffer(content, np.uint8).reshape(opened["height"], opened["width"]).copy()


def test_a_photo_that_cannot_be_read_is_a_message(tmp_path):
    results = draw_results(tmp_path, names=("a", "b"))
    (tmp_path / "photos" / "a.png").unlink()
    with Desk(results) as desk, Clerk(desk) as clerk:
        app = application(desk, clerk, lambda: summarise([], 4.0))
        client = Client(app)
        first, second = client.get(address("api/overview")).json()["photos"]

        answer = client.get(address(f"api/photos/{first['id']}"))
        assert answer.status_code == 422
        assert "bring the photo back" in answer.json()["message"]
        assert client.get(address(f"api/photos/{second['id']}")).status_code == 200


def test_the_pictures_in_the_list_have_the_limit_of_the_review(results):
    with Desk(results, max_pixels=1000) as desk, Clerk(desk) as clerk:
        client = Client(application(desk, clerk, lambda: summarise([], 4.0)))
        first, _second = client.get(address("api/overview")).json()["photos"]

        answer = client.get(address(f"api/photos/{first['id']}/thumbnail"))

    assert answer.status_code == 422
    assert "1,000" in answer.json()["message"] or "1000" in answer.json()["message"]


def test_the_address_stays_and_is_its_owners_alone(tmp_path):
    serve._remember(tmp_path, {"port": 8420, "token": TOKEN})
    path = tmp_path / serve.ADDRESS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert serve._remembered(tmp_path) == {"port": 8420, "token": TOKEN}

    path.chmod(0o644)  # somebody else may know it
    assert serve._remembered(tmp_path) == {}
    path.write_text("{")
    assert serve._remembered(tmp_path) == {}


def test_a_port_that_is_taken_is_told():
    with listening("127.0.0.1", None, [0]) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(DataError, match=f"`port` {taken}.*choose another"):
            listening("127.0.0.1", taken)
        with pytest.raises(DataError, match=r"`host` 203\.0\.113\.7: .*give an address of this machine"):
            listening("203.0.113.7", None, [0])
        with listening("127.0.0.1", None, [taken, 0]) as other:  # that of the last time
            assert other.getsockname()[1] != taken


@pytest.mark.parametrize("host", ["127.0.0.1\0.example", "a" * 80, "\u00e9" * 80, "\udc80"])
def test_a_host_that_nobody_can_be_asked_for_is_told(host):
    with pytest.raises(DataError, match=r"`host` .*cannot be had .*give an address of this machine") as told:
        listening(host, None, [0])

    assert str(told.value).isprintable()


def test_an_address_of_a_kind_that_the_machine_lacks_is_told(monkeypatch):
    def without_ipv6(family, *_arguments):
        assert family == socket.AF_INET6
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", without_ipv6)

    with pytest.raises(DataError, match=r"`host` ::1: cannot be had .*give an address of this machine"):
        listening("::1", 8420)
