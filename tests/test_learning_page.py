"""The page of a review offers learning: it begins, says how it goes, and says in words why it cannot."""

import asyncio
import time

import httpx
import pytest
from support.corrected import context
from support.desk import draw_results

from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.jobs.adapt_process import AdaptProcess
from segmentation.retouch.clerk import Clerk
from segmentation.retouch.desk import Desk
from segmentation.retouch.summary import summarise
from segmentation.web.routes import application

PATIENCE_S = 300


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
    end = time.monotonic() + PATIENCE_S
    while process.course.running:
        assert time.monotonic() < end
        time.sleep(0.1)
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


def test_learning_that_is_stopped_can_be_gone_on_with(results, tmp_path):
    process = AdaptProcess(tmp_path)
    process.start(AdaptOptions.of(from_=results, name="mine"))
    process.close()

    course = ended(process)
    assert course.stopped or course.error
    assert process.start(AdaptOptions.of(from_=results, name="mine"))
    process.close()


def test_a_page_without_learning_offers_none(results):
    with Desk(results) as desk, Clerk(desk) as clerk:
        client = Client(application(desk, clerk, lambda: summarise([], 4.0)))
        assert client.ask("GET", "/api/adapt").status_code == 404
