"""The service: the bytes of `predict`, and nobody who can harm it by being many, slow or rude."""

import contextlib
import dataclasses
import errno
import io
import json
import os
import shutil
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from support.bundles import CONFIDENCE_MODEL
from support.folder_job import cut_folder, draw, manifest_lines, red_score, scorer_knowing
from support.program import start
from support.serving import Client, Gate, running, served
from support.waiting import PATIENCE_S, wait_until

from segmentation.bundle.bundle import load_bundle
from segmentation.bundle.bundled import bundled_models
from segmentation.bundle.saving import save_description
from segmentation.confidence.edge_distances import DISTANCES_PX, EdgeDistances
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.serve import ServeOptions
from segmentation.core.errors import ConfigError
from segmentation.core.workspace import Workspace
from segmentation.jobs.context import Context
from segmentation.jobs.predict import FolderPrediction
from segmentation.jobs.serving import OF_CUTOUTS, serve_models
from segmentation.service import serve as server
from segmentation.service.kept_files import KeptFiles
from segmentation.service.keys import read_keys
from segmentation.service.refusal import Refusal
from segmentation.service.request_options import MEDIA, options_of_request

KEY, OTHER = "a-key-of-twenty-letters", "another-of-twenty-letters"


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "a.png"
    draw(path, 3)
    return path


@pytest.fixture(scope="module")
def content(photo):
    return photo.read_bytes()


@pytest.fixture(scope="module")
def client():
    with running(served(judged=True, max_pixels=10_000)) as client:
        yield client


@pytest.fixture
def gate():
    """An engine that waits until it is opened, at the latest at the end of the test."""
    gate = Gate()
    yield gate
    gate.opened.set()


def raw(client):
    """A connection on which anything can be sent."""
    connection = socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE_S)
    connection.settimeout(PATIENCE_S)
    return connection


def wait_for(client, *figures):
    """Wait until the service tells all of these figures."""
    wait_until(lambda: {*figures} <= {*client.get("/metrics").text.splitlines()}, str(figures))


def predicted(photo, output, **options):
    """The files that `predict` writes for a photo, by kind, and its record."""
    cut_folder(photo, output, scorer=scorer_knowing(CONFIDENCE_MODEL), **options)
    (line,) = manifest_lines(output)
    return {kind: (output / path).read_bytes() for kind, path in line["outputs"].items()}, line


# --- the same as predict ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"background": "#336699", "crop": 5},
        {"canvas": "120x80", "binary": True, "margin": 10},
        {"decontaminate": False, "jpeg_quality": 70, "subsampling": "4:2:0"},
    ],
    ids=["usual", "background", "canvas", "quality"],
)
def test_every_format_has_the_bytes_of_predict(client, photo, content, tmp_path, options):
    files, _line = predicted(
        photo, tmp_path, format="png,psd,tiff,webp,jpg", overlay=True, trimap=True, **options
    )
    for name, kind in OF_CUTOUTS.items():
        answer = client.cut(content, format=name, **options)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == MEDIA[name]
        assert answer.content == files[kind], name


def test_json_says_what_predict_records_and_links_to_its_files(client, photo, content, tmp_path):
    files, line = predicted(photo, tmp_path)
    told = client.cut(content, format="json").json()

    for name in ("area", "threshold", "confidence", "decision", "reasons", "notes"):
        assert told[name] == line[name]
    assert (told["model"], told["width"], told["height"]) == ("model", 48, 64)
    assert {name: client.get(link).content for name, link in told["links"].items()} == {
        "mask": files["mask"],
        "png": files["cutout"],
    }


def test_a_form_and_headers_do_the_same_as_a_body_and_parameters(client, content):
    cutout = client.cut(content)
    form = client.post("/v1/cutouts", files={"photo": content}, data={"format": "mask", "binary": "true"})

    assert form.content == client.cut(content, format="mask", binary=True).content
    assert cutout.headers["content-type"] == "image/png"
    about = json.loads(cutout.headers["x-about"])
    assert cutout.headers["x-decision"] == about["decision"]
    webp = client.post("/v1/cutouts", content=content, headers={"accept": "image/webp, image/png;q=0.5"})
    assert webp.content == client.cut(content, format="webp").content


def test_a_batch_is_answered_line_by_line_in_its_order_broken_photos_too(client, content):
    photos = [("photos", (f"{n}.png", b"none" if n == 3 else content)) for n in range(7)]
    lines = client.post("/v1/batches", files=photos, params={"files": "mask"}).text.splitlines()
    told = [json.loads(line) for line in lines]

    assert [one["name"] for one in told] == [f"{n}.png" for n in range(7)]
    assert "cannot be read" in told[3]["error"]
    mask = client.cut(content, format="mask").content
    assert all(client.get(one["links"]["mask"]).content == mask for one in told if "links" in one)
    assert len([one for one in told if "links" in one]) == 6


def test_a_photo_that_breaks_the_engine_costs_its_own_line_of_a_batch_alone(content, capfd):
    def breaking(photo):
        if len(photo) < 60:
            raise RuntimeError("out of memory")
        return red_score(photo)

    small = io.BytesIO()
    Image.new("RGB", (50, 50)).save(small, "PNG")
    photos = [("photos", (f"{n}.png", small.getvalue() if n == 1 else content)) for n in range(3)]
    with running(served(breaking)) as client:
        answer = client.post("/v1/batches", files=photos, params={"files": "mask"})
        told = [json.loads(line) for line in answer.text.splitlines()]

    assert [one["name"] for one in told] == ["0.png", "1.png", "2.png"]
    assert [one.get("status", 200) for one in told] == [200, 500, 200]
    (failed,) = [line for line in map(json.loads, capfd.readouterr().out.splitlines()) if "photo" in line]
    assert (failed["event"], failed["photo"]) == ("failed", 2)
    assert failed["id"] == answer.headers["x-request-id"]
    assert "1.png" not in str(failed)


def test_files_that_are_too_large_to_be_kept_are_refused_and_cost_no_others(content):
    with running(served(), keep_mb=0.002) as client:
        link = client.cut(content, format="json", files="mask").json()["links"]["mask"]
        refused = client.cut(content, format="json", files="png")

        assert refused.status_code == 422
        assert "expected at most 0.002 MB to link to" in refused.json()["message"]
        assert client.get(link).status_code == 200


def test_a_promise_and_the_lines_of_trimaps_are_those_of_predict(photo, content, tmp_path):
    path = tmp_path / "models" / "mine"
    shutil.copytree(bundled_models() / "default", path)
    bundle = load_bundle(path)
    assert bundle.confidence_model
    outcomes = FaultOutcomes(
        (0.5,) * 100, (False,) * 100, (False,) * 100, tuple(range(100)), thickness_px=5, area_px=100
    )
    steps = tuple(np.linspace(0.9, 0, len(DISTANCES_PX)))
    known = dataclasses.replace(
        bundle.confidence_model, outcomes=outcomes, edges=EdgeDistances(100, steps, steps)
    )
    save_description(dataclasses.replace(bundle, confidence_model=known))
    options = {"model": "mine", "promise": 0.05, "trimap": True, "trimap_certainty": 0.8, "workers": 1}

    model = serve_models(ServeOptions.of(**options), Context(Workspace(tmp_path)))["mine"]
    answer = model.cut(content, model.files, ("mask", "trimap"))
    job = FolderPrediction(PredictOptions.of(input=photo, save=True, **options), Context(Workspace(tmp_path)))
    (result,) = job

    assert job.limits.promise.limit == 0.5
    assert (answer.result.decision, answer.result.reasons) == (result.decision, result.reasons)
    trimap = (job.output / result.outputs["trimap"]).read_bytes()
    assert answer.files["trimap"] == trimap
    plain = dataclasses.replace(model, lines=None, _writers={})
    assert plain.cut(content, model.files, ("trimap",)).files["trimap"] != trimap


def test_a_client_cannot_ask_for_a_canvas_larger_than_a_photo_may_be(client, content):
    assert client.cut(content, canvas="100x100").status_code == 200
    refused = client.cut(content, canvas="101x100")

    assert refused.status_code in (400, 422)
    assert "`canvas`: expected at most 10000 pixels, received 101x100" in refused.json()["message"]


def test_models_are_chosen_by_name(content):
    with running(served(), served(name="other", binary=True)) as client:
        names = [model["name"] for model in client.get("/v1/models").json()["models"]]
        assert names == ["model", "other"]
        usual, other = (client.cut(content, model=name, format="mask").content for name in names)
        assert usual == client.cut(content, format="mask").content != other
        missing = client.cut(content, model="absent")
    assert missing.status_code == 404
    assert "expected one of model, other" in missing.json()["message"]


# --- what is asked for -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("", "png"),
        ("*/*", "png"),
        ("image/*", "png"),
        ("image/webp", "webp"),
        ("text/html, image/jpeg;q=0.8, image/tiff;q=0.9", "tiff"),
        ("image/vnd.adobe.photoshop", "psd"),
        ("application/json, image/png;q=0.9", "json"),
        ("image/png;q=0, image/jpeg", "jpg"),
    ],
)
def test_the_accept_header_chooses_the_best_format(accept, format):
    options = options_of_request([], accept, {"model": served()})
    assert options.as_json == (format == "json")
    assert options.formats == (("mask", "png") if options.as_json else (format,))


@pytest.mark.parametrize(
    ("asked", "accept", "status"),
    [
        ([("format", "bmp")], "", 400),
        ([("crop", "x")], "", 400),
        ([("crop", "5"), ("canvas", "20x20")], "", 400),
        ([("bits", "16"), ("format", "jpg")], "", 400),
        ([("background", "/etc/passwd")], "", 400),
        ([("background", "http://127.0.0.1/a.png")], "", 400),
        ([("output", "/tmp")], "", 400),
        ([("crop", "5"), ("crop", "6")], "", 400),
        ([("files", "psd"), ("format", "png")], "", 400),
        ([("model", "x")], "", 404),
        ([], "text/html", 406),
        ([], "image/png;q=x", 400),
    ],
)
def test_what_cannot_be_asked_for_is_refused(asked, accept, status):
    with pytest.raises(Refusal) as refused:
        options_of_request(asked, accept, {"model": served()})
    assert refused.value.status == status
    assert "expected" in refused.value.message


# --- limits ----------------------------------------------------------------------------------------------


def test_a_full_queue_refuses_at_once_and_loses_none_that_it_took(gate, content):
    with running(served(gate), workers=1, queue=2) as client, ThreadPoolExecutor(8) as pool:
        first = pool.submit(client.cut, content, format="mask")
        gate.wait_for(1)
        others = [pool.submit(client.cut, content, format="mask") for _ in range(2)]
        wait_for(client, "cutout_places_taken 3.0")
        refused = [client.cut(content) for _ in range(5)]
        gate.opened.set()
        answers = [future.result() for future in (first, *others)]

    assert {answer.status_code for answer in refused} == {429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert {answer.status_code for answer in answers} == {200}
    assert gate.scored == 3


def test_a_client_that_hangs_up_frees_its_place(gate, content):
    with running(served(gate), workers=1, queue=1) as client, ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.cut, content)
        gate.wait_for(1)
        head = f"POST /v1/cutouts HTTP/1.1\r\nHost: a\r\nContent-Length: {len(content)}\r\n\r\n"
        with contextlib.closing(raw(client)) as impatient:
            impatient.sendall(head.encode() + content)
            wait_for(client, "cutout_places_taken 2.0")
            assert client.cut(content).status_code == 429
        wait_for(client, "cutout_places_taken 1.0")
        gate.opened.set()
        assert client.cut(content).status_code == first.result().status_code == 200
    assert gate.scored == 2  # nobody scored for the one who had gone


def test_a_slow_client_holds_no_worker(content):
    with running(workers=1, queue=0) as client:
        head = f"POST /v1/cutouts HTTP/1.1\r\nHost: a\r\nContent-Length: {len(content)}\r\n\r\n"
        with contextlib.closing(raw(client)) as slow:
            slow.sendall(head.encode() + content[:100])
            assert client.cut(content).status_code == 200
            slow.sendall(content[100:])
            assert slow.recv(1000).startswith(b"HTTP/1.1 200")


def test_uploads_at_the_same_time_have_a_limit_and_a_time(content):
    begun = b"POST /v1/cutouts HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nabc"
    with running(uploads=1) as client:
        with contextlib.closing(raw(client)) as slow:
            slow.sendall(begun)
            wait_for(client, "cutout_uploads 1.0")
            assert client.cut(content).status_code == 429
        wait_for(client, "cutout_uploads 0.0")
        assert client.cut(content).status_code == 200
    with running(uploads=1, upload_s=1.5) as client, contextlib.closing(raw(client)) as slow:
        slow.sendall(begun)
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")
        wait_for(client, "cutout_uploads 0.0")


def test_batches_at_the_same_time_have_a_limit(gate, content):
    photos = [("photos", (name, content)) for name in ("a.png", "b.png")]
    with running(served(gate), workers=1, uploads=2) as client, ThreadPoolExecutor(3) as pool:
        batches = [pool.submit(client.post, "/v1/batches", files=photos) for _ in range(2)]
        wait_for(client, "cutout_batches 2.0", "cutout_uploads 0.0")
        refused = client.post("/v1/batches", files=photos)
        single = pool.submit(client.cut, content)
        gate.opened.set()
        answers = [future.result() for future in (*batches, single)]

        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert [answer.status_code for answer in answers] == [200] * 3
        assert [len(answer.text.splitlines()) for answer in answers[:2]] == [2, 2]
        assert client.post("/v1/batches", files=photos).status_code == 200


def test_a_client_that_hangs_up_takes_its_batch_along(gate, content):
    photos = [("photos", ("a.png", content))]
    with running(served(gate), workers=1, uploads=1) as client:
        form = client.build_request("POST", "/v1/batches", files=photos)
        fields = "".join(f"{name}: {form.headers[name]}\r\n" for name in ("content-type", "content-length"))
        with contextlib.closing(raw(client)) as impatient:
            impatient.sendall(f"POST /v1/batches HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode() + form.read())
            gate.wait_for(1)
            assert client.post("/v1/batches", files=photos).status_code == 429
        wait_for(client, "cutout_batches 0.0")
        gate.opened.set()
        assert client.post("/v1/batches", files=photos).status_code == 200


def test_a_full_disk_is_the_services_own_fault(content, capfd):
    def fail(path, _content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    photos = [("photos", ("secret.png", content))]
    with running() as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr("segmentation.images.files.write_bytes", fail)
        answer = client.cut(content)
        (line,) = client.post("/v1/batches", files=photos, params={"files": "mask"}).text.splitlines()
    said = capfd.readouterr().out

    assert answer.status_code == json.loads(line)["status"] == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "cannot write or read its own files" in answer.json()["message"]
    assert "/" not in answer.json()["message"]
    assert "no space left on device" in said
    assert "secret" not in said


def test_a_full_disk_is_the_services_own_fault_where_a_form_is_received_and_where_a_file_is_fetched(
    content, tmp_path, capfd
):
    def fail(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    large = ("secret.png", content + bytes(2_000_000))  # which is received on the disk
    with running() as client, pytest.MonkeyPatch.context() as patch:
        link = client.cut(content, format="json", files="mask").json()["links"]["mask"]
        patch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
        patch.setattr("pathlib.Path.read_bytes", fail)
        answers = [
            client.post("/v1/cutouts", files={"photo": large}),
            client.post("/v1/batches", files={"photos": large}),
            client.get(link),
        ]
    said = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    problems = [line["problem"] for line in said if line["event"] == "failed"]

    assert [answer.status_code for answer in answers] == [503] * 3
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert not any("/" in answer.json()["message"] for answer in answers)
    assert ["gone" in problem for problem in problems] == [True, True, False]
    assert not any("secret" in problem for problem in problems)


def test_headers_that_never_end_are_not_waited_for(monkeypatch, content):
    monkeypatch.setattr(server, "_KEEP_ALIVE_S", 1)
    with running() as client:
        slow = [raw(client) for _ in range(40)]
        for connection in slow:
            connection.sendall(b"POST /v1/cutouts HTTP/1.1\r\nX-a: ")
        assert client.cut(content).status_code == 200
        for connection in slow:
            with contextlib.closing(connection), contextlib.suppress(ConnectionResetError):
                assert connection.recv(1000) == b""


def test_bytes_and_pixels_have_limits(client, content, tmp_path):
    draw(tmp_path / "large.png", 1, 200, 200)
    large = client.cut((tmp_path / "large.png").read_bytes())
    assert large.status_code == 422
    assert "10,000" in large.json()["message"] or "10000" in large.json()["message"]
    with running(most_mb=0.01) as small:
        assert small.cut(bytes(10_001)).status_code == 413
        assert small.post("/v1/cutouts", content=iter([bytes(6000)] * 2)).status_code == 413
        assert small.cut(content).status_code == 200


def test_a_photo_that_takes_too_long_is_given_up_and_makes_the_service_unhealthy(gate, content):
    with running(served(gate), workers=1, answer_s=0.3) as client:
        assert client.cut(content).status_code == 504
        stuck = "in work for more than 0.3 s"
        wait_until(lambda: stuck in client.get("/healthz").json()["status"], stuck)
        assert client.get("/healthz").status_code == 503
        gate.opened.set()


def test_an_engine_that_fails_is_unhealthy():
    def broken(_photo):
        raise RuntimeError("no device")

    with running(served(broken)) as client:
        health = client.get("/healthz")
        assert client.get("/readyz").status_code == 200
    assert (health.status_code, health.json()["status"]) == (
        503,
        "a tiny photo could not be scored (RuntimeError)",
    )


def test_a_service_that_cannot_keep_files_is_well_but_not_ready(tmp_path):
    kept, aside = tmp_path / "kept", tmp_path / "aside"
    with running(keep_in=kept) as client:
        before = client.get("/readyz").json()
        kept.rename(aside)
        kept.write_bytes(b"no folder")
        wait_until(lambda: client.get("/readyz").status_code == 503, "not ready")  # once it is tried anew
        told = client.get("/readyz").json()
        health = client.get("/healthz")
        kept.unlink()
        aside.rename(kept)
        wait_until(lambda: client.get("/readyz").status_code == 200, "ready again")

    assert before == {"status": "ready"}
    assert told == {"status": "a file could not be kept (file exists)"}
    assert health.status_code == 200


# --- who is let in ---------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"# who may\nshop {KEY}\nstudio {OTHER}\n")
    return path


def test_a_key_is_asked_for_and_files_are_their_owners(keys, content):
    with running(keys=keys) as client:
        assert client.cut(content).status_code == 401
        assert client.get("/v1/models", headers={"x-api-key": KEY[:-1]}).status_code == 401
        assert client.get("/healthz").status_code == client.get("/metrics").status_code == 200
        mine = {"authorization": f"Bearer {KEY}"}
        told = client.post("/v1/cutouts?format=json", content=content, headers=mine).json()
        link = told["links"]["mask"]
        assert client.get(link).status_code == 401
        assert client.get(link, headers={"x-api-key": OTHER}).status_code == 404
        assert client.get(link, headers=mine).status_code == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "received none"),
        ("shop short", "16 characters"),
        ("shop", "line 1: expected another name"),
        (f"a {KEY}\na {OTHER}", "line 2: expected another name"),
    ],
)
def test_a_file_of_keys_that_protects_nothing_is_refused(tmp_path, text, message):
    (tmp_path / "keys").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_keys(tmp_path / "keys")
    with pytest.raises(ConfigError, match="no such file"):
        read_keys(tmp_path / "absent")


def test_pages_of_other_origins_are_refused_unless_they_are_allowed(client, content, keys):
    evil = client.post("/v1/cutouts", content=content, headers={"origin": "http://evil.example"})
    assert evil.status_code == 403
    assert not [name for name in evil.headers if name.startswith("access-control")]
    with running(allow_origin="https://shop.example", keys=keys) as shop:
        own = {"origin": "https://shop.example", "x-api-key": KEY}
        assert shop.options("/v1/cutouts", headers=own).status_code == 204
        answer = shop.post("/v1/cutouts", content=content, headers=own)
        refused = shop.post("/v1/cutouts", content=content, headers=own | {"x-api-key": OTHER[:-1]})
    assert {"x-confidence", "x-decision"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert refused.status_code == 401
    for read in (answer, refused):
        assert read.headers["access-control-allow-origin"] == "https://shop.example"


# --- what is told ----------------------------------------------------------------------------------------


def test_metrics_count_requests_decisions_and_confidence(content):
    with running(served(judged=True)) as client:
        for _ in range(3):
            client.cut(content)
        client.cut(b"none")
        families = text_string_to_metric_families(client.get("/metrics").text)
        samples = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    paths = ("path", "/v1/cutouts")
    assert samples[("cutout_requests_total", paths, ("status", "200"))] == 3
    assert samples[("cutout_requests_total", paths, ("status", "422"))] == 1
    assert samples[("cutout_confidence_count", ("model", "model"))] == 3
    assert samples[("cutout_places_taken",)] == 0
    assert sum(value for name, value in samples.items() if name[0] == "cutout_decisions_total") == 3
    assert ("cutout_drift", ("feature", "lightness"), ("model", "model")) in samples


def test_the_page_and_the_description_tell_of_every_address(client):
    page, described = client.get("/docs").text, client.get("/openapi.json").json()
    for path in described["paths"]:
        assert path in page
    names = {one["name"] for one in described["paths"]["/v1/cutouts"]["post"]["parameters"]}
    assert names >= {"model", "format", "files", "crop", "canvas", "background", "binary"}
    assert "http" not in page.replace("http-equiv", "")


def test_nothing_else_is_there(client):
    for path in ("/", "/v1", "/v1/cutouts/../../etc/passwd", "/v1/cutouts/%2e%2e/mask", "/docs/x"):
        assert client.get(path).status_code in (404, 405)
    assert client.get("/v1/cutouts").status_code == 405


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.binary(max_size=300),
    st.dictionaries(
        st.sampled_from(["content-type", "accept", "authorization", "origin-x", "range", "content-encoding"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(str.strip),
    ),
    st.dictionaries(
        st.sampled_from(["format", "files", "crop", "model", "x", "canvas"]), st.text(max_size=20)
    ),
    st.sampled_from(["/v1/cutouts", "/v1/batches"]),
)
def test_whatever_is_sent_is_answered_by_a_refusal_in_words(client, body, headers, query, path):
    answer = client.post(path, content=body, headers=headers, params=query)
    assert 400 <= answer.status_code < 500
    assert answer.json()["message"]


def test_kept_files_go_after_their_time_the_oldest_first():
    now = 0.0
    kept_files = KeptFiles(60, 250, clock=lambda: now)
    with contextlib.closing(kept_files):
        first, second = (kept_files.keep({"mask": bytes(100)}, None) for _ in range(2))
        assert kept_files.find(first, "mask", None) == bytes(100)
        assert kept_files.find(first, "../mask", None) is kept_files.find(first, "mask", "shop") is None
        third = kept_files.keep({"mask": bytes(100)}, None)
        assert kept_files.find(first, "mask", None) is None
        now = 59.0
        assert kept_files.find(second, "mask", None) == kept_files.find(third, "mask", None) == bytes(100)
        now = 61.0
        assert kept_files.find(third, "mask", None) is None


def test_files_that_many_keep_at_the_same_time_stay_within_the_room(tmp_path):
    with contextlib.closing(KeptFiles(60, 1000, tmp_path)) as kept_files, ThreadPoolExecutor(8) as pool:
        names = [*pool.map(lambda _: kept_files.keep({"mask": bytes(100)}, None), range(40))]
        found = [*pool.map(lambda name: kept_files.find(name, "mask", None), names)]

        assert found.count(bytes(100)) == 10
        assert found.count(None) == 30
        assert len([folder for folder in tmp_path.iterdir() if folder.is_dir()]) == 10


def test_a_slow_disk_keeps_nobody_else_waiting(content, monkeypatch):
    begun, written, keep = threading.Event(), threading.Event(), KeptFiles.keep

    def keep_slowly(*arguments):
        begun.set()
        assert written.wait(PATIENCE_S)
        return keep(*arguments)

    monkeypatch.setattr(KeptFiles, "keep", keep_slowly)
    with running() as client, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.cut, content, format="json")
        assert begun.wait(PATIENCE_S)
        meanwhile = client.get("/metrics")
        written.set()

    assert meanwhile.status_code == 200
    assert answer.result().status_code == 200


def test_files_that_are_kept_in_a_folder_outlast_the_service(tmp_path):
    now = 0.0
    with contextlib.closing(KeptFiles(60, 250, tmp_path / "kept", lambda: now)) as kept_files:
        first, second = (
            kept_files.keep({"mask": b"1", "png": b"2"}, "shop"),
            kept_files.keep({"mask": b"3"}, None),
        )
    (tmp_path / "kept" / "foreign").mkdir()
    now = 59.0
    with contextlib.closing(KeptFiles(60, 250, tmp_path / "kept", lambda: now)) as kept_files:
        assert (kept_files.find(first, "png", "shop"), kept_files.find(second, "mask", None)) == (b"2", b"3")
        assert kept_files.find(first, "png", None) is None
        assert not (tmp_path / "kept").stat().st_mode & 0o077
        now = 61.0
        assert kept_files.find(first, "png", "shop") is None
    assert not (tmp_path / "kept" / first).exists()


# --- the program -----------------------------------------------------------------------------------------


def test_the_command_serves_until_it_is_stopped_and_answers_what_has_arrived(tmp_path):
    draw(tmp_path / "photo.png", 3, 320, 240)
    with start("serve", "--port", 0, "--quality", "fast", "--workers", 1) as service:
        listening = json.loads(service.stdout.readline())
        assert listening["event"] == "listening"
        client = Client(listening["address"])
        assert client.get("/healthz").json() == {"status": "well"}
        with ThreadPoolExecutor(3) as pool:
            send = [pool.submit(client.cut, (tmp_path / "photo.png").read_bytes()) for _ in range(3)]
            taken = "cutout_places_taken 3.0"
            wait_until(lambda: taken in client.get("/metrics").text or send[0].done(), taken)
            service.send_signal(signal.SIGTERM)
            while (ready := client.get("/readyz")).status_code == 200:
                pass
            answers = [future.result() for future in send]
        said, errors = service.communicate(timeout=PATIENCE_S)

    assert {answer.status_code for answer in answers} == {200}
    assert (ready.status_code, ready.json()) == (503, {"status": "ending"})
    assert service.returncode == 0, errors
    logged = [json.loads(line) for line in said.splitlines()]
    requests = [line for line in logged if line["event"] == "request" and line["method"] == "POST"]
    assert len(requests) == 3
    assert all({"id", "status", "seconds", "model", "decision"} <= line.keys() for line in requests)
    assert logged[-1]["event"] == "ended"
    assert "data" not in said


@pytest.mark.slow
def test_a_service_that_is_killed_under_load_loses_nothing_that_it_answered(tmp_path):
    draw(tmp_path / "photo.png", 3, 320, 240)
    content = (tmp_path / "photo.png").read_bytes()
    command = ("serve", "--port", 0, "--quality", "fast", "--keep-in", tmp_path / "kept", "--queue", 8)
    answers, lost = [], []

    def ask(client):
        while not lost:
            try:
                answers.append(client.cut(content, format="json", files="png,mask").json())
            except httpx.TransportError:  # and no answer that looks whole
                lost.append(client)

    with start(*command) as service, ThreadPoolExecutor(4) as pool:
        client = Client(json.loads(service.stdout.readline())["address"])
        asking = [pool.submit(ask, client) for _ in range(4)]
        while len(answers) < 12:
            assert service.poll() is None
        service.kill()
        for one in asking:
            one.result()
    with start(*command) as service:
        client = Client(json.loads(service.stdout.readline())["address"])
        kept = [[client.get(link).content for link in answer["links"].values()] for answer in answers]
        direct = [client.cut(content, format=name).content for name in answers[0]["links"]]
        service.terminate()
        service.communicate(timeout=PATIENCE_S)

    assert len(kept) >= 12
    assert all(files == direct for files in kept)
