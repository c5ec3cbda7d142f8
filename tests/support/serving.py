"""The service with a cheap score function in the place of a network, as a server of this process."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np

from segmentation.confidence.drift import DriftAlarm
from segmentation.confidence.verdict import Limits, PhotoTriage
from segmentation.config.jobs.serve import ServeOptions
from segmentation.core.predictions import ScoreFn
from segmentation.jobs.context import Context
from segmentation.jobs.serving import ServedModel
from segmentation.service.serve import serve
from support.bundles import CONFIDENCE_MODEL
from support.folder_job import red_score, scorer_knowing, scorer_of
from support.waiting import PATIENCE_S


class Gate:
    """A score function that waits until it is opened, as an engine that is busy or stuck."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.begun = threading.Semaphore(0)
        self.scored = 0

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        self.begun.release()
        assert self.opened.wait(PATIENCE_S)
        self.scored += 1
        return red_score(photo)

    def wait_for(self, photos: int) -> None:
        """Wait until so many photos have been begun."""
        for _ in range(photos):
            assert self.begun.acquire(timeout=PATIENCE_S)


def served(
    score: ScoreFn = red_score, *, judged: bool = False, name: str = "model", **files: Any
) -> ServedModel:
    """A model with a score function in the place of a network; one that is `judged` decides by confidence."""
    options = ServeOptions.of(**files)
    scorer, triage, alarm = scorer_of(score), None, None
    if judged:
        scorer, alarm = scorer_knowing(CONFIDENCE_MODEL, score), DriftAlarm(CONFIDENCE_MODEL, 2)
        triage = PhotoTriage(CONFIDENCE_MODEL, Limits(0.985, 0.92))
    return ServedModel(name, scorer, options.files, triage, alarm, max_pixels=options.limits.max_pixels)


@contextlib.contextmanager
def running(*models: ServedModel, **options: Any) -> Iterator["Client"]:
    """A server of this process, in a thread, while the block lasts."""
    chosen = ServeOptions.of(**{"port": 0, "quiet": True, **options})
    there, address = threading.Event(), []

    def opened(url: str) -> None:
        address.append(url)
        there.set()

    stop = threading.Event()
    known = {model.name: model for model in models or (served(),)}
    server = threading.Thread(
        target=serve, args=(chosen, Context(stop=stop.is_set), opened, known), daemon=True
    )
    server.start()
    assert there.wait(PATIENCE_S)
    client = Client(address[0])
    try:
        yield client
    finally:
        client.close()
        stop.set()
        server.join(PATIENCE_S)
        assert not server.is_alive()


class Client(httpx.Client):
    """A client of a server; `port` is where it listens."""

    def __init__(self, address: str):
        super().__init__(base_url=address, timeout=PATIENCE_S, trust_env=False)
        self.port = int(address.rpartition(":")[2])

    def cut(self, content: bytes, **query: Any) -> httpx.Response:
        """Send a photo."""
        return self.post("/v1/cutouts", content=content, params=query)
