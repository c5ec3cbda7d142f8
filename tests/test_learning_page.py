"""The page of a review offers learning: it begins, says how it goes, and says in words why it cannot."""

import asyncio

import httpx
import pytest
from support.corrected import context
from support.desk import draw_results
from support.drawing import draw_set
from support.waiting import wait_until

from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.jobs.adapt_plan import Plan
from segmentation.jobs.adapt_process import AdaptProcess
from segmentation.retouch.clerk import Clerk
from segmentation.retouch.desk import Desk
from segmentation.retouch.operations import Stroke
from segmentation.retouch.summary import summarise
from segmentation.web.routes import application


class Client:
    """A client of the page without its guard and without a network."""

    def __init__(self, app):
        self._app = app

    def ask(self, method, path, **given):
        return asyncio.run(self._ask(method, path, given))

    async def _ask(self, method, path, given):
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
            return await client.request(method, path, **given)


@pytest.fixture
def results(tmp_path):
    return draw_results(tmp_path / "shoot", names=("a", "b"))


def ended(process):
    wait_until(lambda: not process.course.running, "the end of an adaptation")
    return process.course


def test_the_page_says_why_nothing_can_be_learned_and_goes_on(results, tmp_path):
    process = AdaptProcess(context(tmp_path).workspace.home)
    with Desk(results) as desk, Clerk(desk) as clerk:
        client = Client(application(desk, clerk, lambda: summarise([], 4.0), process))
        assert not client.ask("GET", "/api/adapt").json()["running"]

        begun = client.ask("POST", "/api/adapt", json={"name": "mine", "how": "new"}).json()
        assert begun["running"]
        assert not process.start(AdaptOptions.of(from_=results, name="other"))  # one at a time
        assert "masks that a person corrected, found none" in ended(process).error

        assert not client.ask("GET", "/api/adapt").json()["running"]
        refused = client.ask("POST", "/api/adapt", json={"name": "../mine"}).json()
        assert refused["running"]
        assert "model name: expected" in ended(process).error
        assert client.ask("POST", "/api/adapt", json={"name": "", "how": "new"}).status_code == 422
        assert client.ask("POST", "/api/adapt", json={"name": "a", "how": "else"}).status_code == 422


def test_a_folder_that_cannot_judge_the_new_model_is_refused_before_anything_begins(results, tmp_path):
    process = AdaptProcess(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    with Desk(results) as desk, Clerk(desk) as clerk:
        client = Client(application(desk, clerk, lambda: summarise([], 4.0), process))
        for folder in (tmp_path / "nowhere", empty, results / "predictions.jsonl"):
            wish = {"name": "mine", "validation": str(folder)}
            refused = client.ask("POST", "/api/adapt", json=wish)

            assert refused.status_code == 422
            assert f"{folder}: expected" in refused.json()["message"]
            assert not process.course.running


def test_learning_is_judged_on_the_folder_that_was_named_on_the_page(results, tmp_path):
    process, pairs = AdaptProcess(tmp_path), draw_set(tmp_path / "pairs")
    with Desk(results) as desk, Clerk(desk) as clerk:
        client = Client(application(desk, clerk, lambda: summarise([], 4.0), process))
        plan = Plan("models/red", "digest", learned=8, judged=4, epochs=2, rate=0.1)
        plan.write(tmp_path / "results" / "adapt" / "mine")

        client.ask("POST", "/api/adapt", json={"name": "mine", "how": "resume", "validation": str(pairs)})

    assert f"`validation` is not given, expected {pairs}" in ended(process).error


def test_learning_waits_for_the_files_of_what_was_accepted_and_says_what_keeps_them(results, tmp_path):
    process = AdaptProcess(tmp_path)
    with Desk(results) as desk, Clerk(desk) as clerk:
        client = Client(application(desk, clerk, lambda: summarise([], 4.0), process))
        (photo, _other) = desk.photos()
        desk.edit(photo, 0, Stroke(True, 30, 0.5, ((10, 10), (60, 70))))
        desk.decide(photo, 1, "accepted")
        photo.photo.unlink()

        refused = client.ask("POST", "/api/adapt", json={"name": "mine", "how": "new"})

        assert refused.status_code == 422
        assert "1 accepted photo not written yet" in refused.json()["message"]
        assert "bring the photo back" in refused.json()["message"]
        assert not process.course.running


def test_learning_that_is_stopped_can_be_gone_on_with_once_it_has_begun(results, tmp_path):
    process, options = AdaptProcess(tmp_path), AdaptOptions.of(from_=results, name="mine")
    process.start(options)
    process.close()
    course = ended(process)
    assert (course.stopped, course.error) == (False, "")
    assert course.outcome == "Stopped before anything was learned."

    plan = Plan("models/red", "digest", learned=8, judged=4, epochs=2, rate=0.1)
    plan.write(tmp_path / "results" / "adapt" / "mine")
    assert process.start(options)
    process.close()
    course = ended(process)
    assert (course.stopped, course.error, course.outcome) == (True, "", "")


def test_a_page_without_learning_offers_none(results):
    with Desk(results) as desk, Clerk(desk) as clerk:
        client = Client(application(desk, clerk, lambda: summarise([], 4.0)))
        assert client.ask("GET", "/api/adapt").status_code == 404
