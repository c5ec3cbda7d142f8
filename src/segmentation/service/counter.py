"""The counter at which photos are handed in: each waits for its turn, is cut out, counted, and told of."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from segmentation.core.errors import SegmentationError
from segmentation.jobs.serving import Answer
from segmentation.service.asking import Wish
from segmentation.service.log import Log
from segmentation.service.metrics import Metrics
from segmentation.service.places import Places
from segmentation.service.refusal import Refusal
from segmentation.service.store import Store
from segmentation.service.uploads import Upload, content_of
from segmentation.service.wire import described, links_of


class GoneError(Exception):
    """The client has hung up."""


@dataclass(frozen=True)
class Counter:
    """The things that a route needs to answer photos; `seconds` is the time that one may take."""

    places: Places
    metrics: Metrics
    store: Store
    log: Log
    seconds: float

    async def cut(self, upload: Upload, wish: Wish) -> tuple[Answer, dict[str, Any]]:
        """Return the answer to a photo, and what is said of it. Raises a Refusal."""
        model = wish.model
        try:
            answer, waited_s = await self.places.run(
                lambda: model.cut(upload.content, wish.files, wish.formats), self.seconds
            )
        except SegmentationError as error:
            raise Refusal(422, str(error)) from error
        for shift in self.metrics.count(model, answer, waited_s):
            self.log("drift", model=model.name, photos=shift)
        return answer, {**described(model, answer), "waited": round(waited_s, 4)}

    async def cut_for(self, request: Request, upload: Upload, wish: Wish) -> tuple[Answer, dict[str, Any]]:
        """Do the same for a client that may hang up meanwhile: then its place is free. Raises GoneError."""
        working = asyncio.ensure_future(self.cut(upload, wish))
        gone = asyncio.ensure_future(_hung_up(request))
        try:
            await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise GoneError
            return working.result()
        finally:
            working.cancel()
            gone.cancel()

    def kept(self, answer: Answer, told: dict[str, Any], owner: str | None) -> dict[str, Any]:
        """Keep the files of an answer; return what is said of it with links to them. Raises a Refusal."""
        if not answer.files:
            return told
        try:
            name = self.store.keep(answer.files, owner)
        except SegmentationError as error:
            raise Refusal(422, str(error)) from error
        return {"id": name, **told, "links": links_of(name, tuple(answer.files))}

    async def batch(
        self, files: Sequence[UploadFile], wish: Wish, owner: str | None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield what is said of each of many photos, in their order; they wait as long as others come."""
        ahead = asyncio.Semaphore(2 * self.places.workers)

        async def one(file: UploadFile) -> dict[str, Any]:
            try:
                upload = await content_of(file)
                await self.places.turn()
                answer, told = await self.cut(upload, wish)
                return self.kept(answer, told, owner)
            except Refusal as refusal:
                return {"error": refusal.message, "status": refusal.status}
            except Exception as error:  # one odd photo must not end the answer about the others
                self.log("failed", photo=file.filename, problem=f"{type(error).__name__}: {error}"[:300])
                return {"error": "the service failed; its log tells more", "status": 500}
            finally:
                ahead.release()

        waiting: list[tuple[str, asyncio.Task[dict[str, Any]]]] = []
        try:
            for file in files:
                await ahead.acquire()
                waiting.append((file.filename or "", asyncio.create_task(one(file))))
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
