"""The answers to photos that are handed in: each waits for its turn, is cut out, counted, and told of."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from segmentation.jobs.serving import Answer
from segmentation.service.kept_files import KeptFiles
from segmentation.service.log import Log
from segmentation.service.metrics import Metrics
from segmentation.service.refusal import Refusal, faults_refused
from segmentation.service.request_options import RequestOptions
from segmentation.service.uploads import Upload, content_of
from segmentation.service.wire import described, links_of
from segmentation.service.work_queue import WorkQueue


class GoneError(Exception):
    """The client has hung up."""


@dataclass(frozen=True)
class CutoutService:
    """The things that a route needs to answer photos; `seconds` is the time that one may take."""

    queue: WorkQueue
    metrics: Metrics
    kept_files: KeptFiles
    log: Log
    seconds: float

    async def cut(self, upload: Upload, asked: RequestOptions) -> tuple[Answer, dict[str, Any]]:
        """Return the answer to a photo, and what is said of it. Raises a Refusal."""
        model = asked.model
        with faults_refused():
            answer, waited_s = await self.queue.run(
                lambda: model.cut(upload.content, asked.files, asked.formats), self.seconds
            )
        for shift in self.metrics.count(model, answer, waited_s):
            self.log("drift", model=model.name, photos=shift)
        return answer, {**described(model, answer), "waited": round(waited_s, 4)}

    async def cut_for(
        self, request: Request, upload: Upload, asked: RequestOptions
    ) -> tuple[Answer, dict[str, Any]]:
        """Do the same for a client that may hang up meanwhile: then its place is free. Raises GoneError."""
        working = asyncio.ensure_future(self.cut(upload, asked))
        gone = asyncio.ensure_future(_hung_up(request))
        try:
            await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise GoneError
            return working.result()
        finally:
            working.cancel()
            gone.cancel()

    async def kept(self, answer: Answer, told: dict[str, Any], owner: str | None) -> dict[str, Any]:
        """Keep the files of an answer; return what is said of it with links to them. Raises a Refusal."""
        if not answer.files:
            return told
        with faults_refused():
            name = await asyncio.to_thread(self.kept_files.keep, answer.files, owner)
        return {"id": name, **told, "links": links_of(name, answer.files)}

    async def batch(
        self, files: Sequence[UploadFile], asked: RequestOptions, owner: str | None, request_id: str
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield what is said of each of many photos, in their order; they wait as long as others come."""
        ahead = asyncio.Semaphore(2 * self.queue.workers)

        async def one(number: int, file: UploadFile) -> dict[str, Any]:
            try:
                upload = await content_of(file)
                await self.queue.turn()
                answer, told = await self.cut(upload, asked)
                return await self.kept(answer, told, owner)
            except Refusal as refusal:
                if refusal.problem:
                    self.log("failed", id=request_id, photo=number, problem=refusal.problem)
                return {"error": refusal.message, "status": refusal.status}
            except Exception as error:  # one odd photo must not end the answer about the others
                problem = f"{type(error).__name__}: {error}"[:300]
                self.log("failed", id=request_id, photo=number, problem=problem)
                return {"error": "the service failed; its log tells more", "status": 500}
            finally:
                ahead.release()

        waiting: list[tuple[str, asyncio.Task[dict[str, Any]]]] = []
        try:
            for number, file in enumerate(files, start=1):
                await ahead.acquire()
                waiting.append((file.filename or "", asyncio.create_task(one(number, file))))
                while waiting and waiting[0][1].done():
                    name, task = waiting.pop(0)
                    yield {"name": name, **task.result()}
            while waiting:
                name, task = waiting.pop(0)
                yield {"name": name, **(await task)}
        finally:
            for _name, task in waiting:
                task.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
