"""Photos as they are received: as the body of a request, or as the files of a form."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from segmentation.service.refusal import Refusal, busy, faults_refused

_MOST_FILES, _MOST_FIELDS = 1000, 40
_BATCH_S = 30  # in which one of many batches is likely to be done


@dataclass(frozen=True)
class Upload:
    """A photo that a client sent: the bytes of its file, and how the client calls it, perhaps not at all."""

    content: bytes
    name: str


class Uploads:
    """The requests that are being received, of which there are at most `most`, each for at most `seconds`.

    Of batches, whose photos lie on the disk until each has had its turn, no more are there at a time either.
    `now` is the number of the ones, `batches` that of the others.
    """

    def __init__(self, most: int, seconds: float):
        self._most = most
        self._seconds = seconds
        self.now = self.batches = 0

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Count a batch until its answer has ended. Raises a Refusal: 429 for one too many."""
        if self.batches >= self._most:
            raise busy(f"{self.batches} batches are being answered already", _BATCH_S)
        self.batches += 1
        try:
            yield
        finally:
            self.batches -= 1

    @asynccontextmanager
    async def received(
        self, request: Request
    ) -> AsyncIterator[tuple[list[tuple[str, str]], list[UploadFile]]]:
        """Yield the parameters and the files of a request that has arrived as a whole.

        Raises a Refusal: 429 where too many are on their way, 408 for one that takes too long, 400 for a form
        that is none, 503 where the disk is full, and what the reading of the body raises.
        """
        if self.now >= self._most:
            raise busy(f"{self.now} requests are being received already", 1)
        self.now += 1
        try:
            async with asyncio.timeout(self._seconds):
                with faults_refused():  # of large photos, which are received on the disk
                    parameters, files = await _read(request)
        except TimeoutError:
            raise Refusal(
                408, f"expected the request within {self._seconds:g} s", {"connection": "close"}
            ) from None
        finally:
            self.now -= 1
        try:
            yield parameters, files
        finally:
            for file in files:
                await file.close()


async def _read(request: Request) -> tuple[list[tuple[str, str]], list[UploadFile]]:
    parameters = list(request.query_params.multi_items())
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        try:
            form = await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS)
        except MultiPartException as error:
            raise Refusal(
                400, f"expected a form with photos, received another body ({error.message})"
            ) from error
        items = form.multi_items()
        parameters += [(name, value) for name, value in items if isinstance(value, str)]
        return parameters, [value for _name, value in items if isinstance(value, UploadFile)]
    # whatever it is called: curl says of every body that it is a form
    body = io.BytesIO(await request.body())
    return parameters, [UploadFile(body, filename="")] if body.getbuffer().nbytes else []


async def content_of(file: UploadFile) -> Upload:
    """Return the whole of a file. Raises a Refusal for an empty one, and for one that cannot be read."""
    with faults_refused():
        await file.seek(0)
        content = await file.read()
    if not content:
        raise Refusal(400, "expected a photo, received no bytes")
    return Upload(content, file.filename or "")
