"""The addresses of the service: each address does one thing."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from segmentation import __version__
from segmentation.jobs.serving import ServedModel
from segmentation.service.cutout_service import CutoutService, GoneError
from segmentation.service.described import ANSWERS, BATCH, CUTOUT, LINES
from segmentation.service.gateway import ABOUT
from segmentation.service.health import Health, Probe
from segmentation.service.log import Log
from segmentation.service.metrics import Metrics
from segmentation.service.page import api_page
from segmentation.service.refusal import Refusal, faults_refused
from segmentation.service.request_options import MEDIA, options_of_request
from segmentation.service.uploads import Uploads, content_of
from segmentation.service.wire import about, modelled
from segmentation.web.asgi import Receive, Scope, Send


def application(
    models: Mapping[str, ServedModel],
    service: CutoutService,
    uploads: Uploads,
    health: Health,
    disk: Probe,
    draining: Callable[[], bool] = lambda: False,
) -> FastAPI:
    """Return the service without the gateway that belongs before it."""
    app = FastAPI(
        title="Garment cutout",
        version=__version__,
        summary="Photos in, cutouts out: the bytes that predict would write.",
        docs_url=None,
        redoc_url=None,
    )
    _answer_errors(app, service.log)
    app.include_router(_cutouts(models, service, uploads))
    app.include_router(_state(models, service.metrics, health, disk, draining))

    @app.get("/docs", include_in_schema=False)
    async def _docs() -> HTMLResponse:
        return HTMLResponse(api_page(app.openapi()))

    return app


def _answer_errors(app: FastAPI, log: Log) -> None:
    """Have the errors that routes raise answered in JSON."""

    @app.exception_handler(Refusal)
    async def _refused(request: Request, refusal: Refusal) -> JSONResponse:
        if refusal.problem:
            log("failed", id=request.scope[ABOUT]["id"], problem=refusal.problem)
        return JSONResponse({"message": refusal.message}, refusal.status, refusal.headers)

    @app.exception_handler(GoneError)
    async def _gone(request: Request, _error: GoneError) -> Response:
        request.scope[ABOUT]["problem"] = "the client hung up"
        return Response(status_code=499)

    @app.exception_handler(StarletteHTTPException)
    async def _missing(_request: Request, error: HTTPException) -> JSONResponse:
        message = (
            "nothing here; /docs explains the service" if error.status_code == 404 else str(error.detail)
        )
        return JSONResponse({"message": message}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def _failed(_request: Request, _error: Exception) -> JSONResponse:
        return JSONResponse({"message": "the service failed; its log tells more"}, 500)


def _cutouts(models: Mapping[str, ServedModel], service: CutoutService, uploads: Uploads) -> APIRouter:
    """Return the addresses that take photos, and the one at which files are fetched."""
    router = APIRouter()

    @router.post("/v1/cutouts", openapi_extra=CUTOUT, responses=ANSWERS, summary="Cut out a photo")
    async def _cutout(request: Request) -> Response:
        """Answer a photo with its cutout, or with JSON: how good it is likely to be, and links to files."""
        service.queue.check()
        accept = request.headers.get("accept", "")
        options_of_request(request.query_params.multi_items(), accept, models)  # before the photo is received
        async with uploads.received(request) as (parameters, files):
            asked = options_of_request(parameters, accept, models)
            if len(files) != 1:
                raise Refusal(400, f"expected one photo, received {len(files)}; /v1/batches takes several")
            upload = await content_of(files[0])
        answer, told = await service.cut_for(request, upload, asked)
        _note(request, told)
        if asked.as_json:
            return JSONResponse(await service.kept(answer, told, _owner(request)))
        (name,) = asked.formats
        return Response(answer.files[name], media_type=MEDIA[name], headers=about(told))

    @router.get(
        "/v1/cutouts/{identity}/{format}", responses=ANSWERS, summary="Fetch a file that an answer links to"
    )
    async def _file(request: Request, identity: str, format: str) -> Response:
        """Answer with a file for some minutes after it was made."""
        with faults_refused():
            content = await asyncio.to_thread(service.kept_files.find, identity, format, _owner(request))
        if content is None or format not in MEDIA:
            raise Refusal(404, "no such file, or no more: links are good for some minutes")
        return Response(content, media_type=MEDIA[format])

    @router.post("/v1/batches", openapi_extra=BATCH, responses=LINES, summary="Cut out many photos")
    async def _batch(request: Request) -> Response:
        """Answer a form of photos with a line of JSON for each, in their order, as soon as it is there."""
        options_of_request(request.query_params.multi_items(), "", models, as_json=True)

        async with AsyncExitStack() as stack:
            stack.enter_context(uploads.batch())
            parameters, files = await stack.enter_async_context(uploads.received(request))
            asked = options_of_request(parameters, "", models, as_json=True)
            if not files or not all(file.filename for file in files):
                raise Refusal(400, "expected photos in a form of multipart/form-data, received none")
            held = stack.pop_all()

        async def lines() -> AsyncGenerator[bytes, None]:
            batch = service.batch(files, asked, _owner(request), request.scope[ABOUT]["id"])
            async with aclosing(batch):
                async for told in batch:
                    yield json.dumps(told).encode() + b"\n"

        return _Lines(lines(), held)

    return router


def _state(
    models: Mapping[str, ServedModel],
    metrics: Metrics,
    health: Health,
    disk: Probe,
    draining: Callable[[], bool],
) -> APIRouter:
    """Return the addresses that tell of the service itself."""
    router = APIRouter()

    @router.get("/v1/models", summary="List the models")
    async def _models() -> JSONResponse:
        """List the models that can be named, the one that is usual first."""
        return JSONResponse({"models": [modelled(one, n == 0) for n, one in enumerate(models.values())]})

    @router.get("/healthz", summary="Is it well?")
    async def _health() -> JSONResponse:
        """Score a tiny photo; 503 where that fails or hangs, or a photo is stuck."""
        problem = await health.problem()
        return JSONResponse({"status": problem or "well"}, 503 if problem else 200)

    @router.get("/readyz", summary="Does it take photos?")
    async def _ready() -> JSONResponse:
        """Answer 503 once the service is about to end, and while it cannot keep files."""
        problem = "ending" if draining() else await disk.problem()
        return JSONResponse({"status": problem or "ready"}, 503 if problem else 200)

    @router.get("/metrics", summary="Figures for Prometheus")
    async def _metrics() -> Response:
        """List what was counted and measured."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


class _Lines(StreamingResponse):
    """An answer in lines, with what is `held` until its end, whether or not anybody reads it."""

    def __init__(self, lines: AsyncGenerator[bytes, None], held: AsyncExitStack):
        super().__init__(lines, media_type="application/x-ndjson")
        self._lines = lines
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held, aclosing(self._lines):
            await super().__call__(scope, receive, send)


def _owner(request: Request) -> str | None:
    owner: str | None = request.scope[ABOUT].get("key")
    return owner


def _note(request: Request, told: Mapping[str, Any]) -> None:
    """Have the log tell of the photo of a request, but nothing of its picture."""
    names = ("model", "decision", "confidence", "waited", "width", "height")
    request.scope[ABOUT].update({name: told[name] for name in names if name in told})
