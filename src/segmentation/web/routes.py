"""The addresses that the page asks and sends to: each does one thing to the desk."""

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from segmentation.core.errors import SegmentationError, printable
from segmentation.images.files import read_photo
from segmentation.jobs.adapt_process import AdaptProcess
from segmentation.retouch.clerk import Clerk
from segmentation.retouch.desk import Change, Desk, StaleError
from segmentation.retouch.export import ACCEPTED as EXPORTED
from segmentation.retouch.export import export
from segmentation.retouch.operations import parse, parse_stroke
from segmentation.retouch.photos import CutPhoto
from segmentation.retouch.shown import outlined_thumbnail, thumbnail
from segmentation.retouch.state import ACCEPTED
from segmentation.retouch.summary import Summary
from segmentation.web.learning import learning
from segmentation.web.wire import NEVER_KEPT, opened, overview, state_of

STATIC = Path(__file__).parent / "static"

_FOREVER = {"cache-control": "private, max-age=86400, immutable"}  # addresses hold the version of the picture

Identity = Annotated[str, Field(max_length=64)]


class Wish(BaseModel):
    """A change of a photo as it was at a revision; `id` stands for the change where it is sent again."""

    model_config = ConfigDict(extra="forbid")

    revision: Annotated[int, Field(ge=0)]
    id: Identity = ""


class Edit(Wish):
    """An operation, see `retouch.operations`."""

    operation: dict[str, Any]


class Stroke(Wish):
    """A stroke to give to the network as a hint."""

    add: bool
    size: float
    points: list[tuple[float, float]]


class Click(Wish):
    """A click on a doubtful region, by its number among those of the photo."""

    region: Annotated[int, Field(ge=0)]


class Decision(Wish):
    """A person's decision on a photo."""

    decision: Literal["accepted", "redo"] | None


class Activity(BaseModel):
    """The seconds for which a person worked on a photo, and the number of their clicks."""

    model_config = ConfigDict(extra="forbid")

    seconds: Annotated[float, Field(ge=0, le=3600)]
    clicks: Annotated[int, Field(ge=0, le=100_000)]


def application(
    desk: Desk, clerk: Clerk, summary: Callable[[], Summary], adapting: AdaptProcess | None = None
) -> FastAPI:
    """Return the page and its addresses, without the guard that belongs in front of them.

    `adapting` trains a model on the corrections; without it the page offers no learning.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.exception_handler(StaleError)
    def _stale(_request: Request, error: StaleError) -> JSONResponse:
        return JSONResponse({"message": str(error)}, 409, NEVER_KEPT)

    @app.exception_handler(SegmentationError)
    def _refused(_request: Request, error: SegmentationError) -> JSONResponse:
        return JSONResponse({"message": str(error)}, 422, NEVER_KEPT)

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, _error: RequestValidationError) -> JSONResponse:
        message = "expected a request of this page, received another; load the page again"
        return JSONResponse({"message": message}, 422, NEVER_KEPT)

    @app.get("/api/overview")
    def _overview() -> JSONResponse:
        desk.refresh()
        if desk.writing.pending():  # predict was asked for more files
            clerk.wake()
        return JSONResponse(overview(desk, summary()) | {"problem": clerk.problem}, headers=NEVER_KEPT)

    @app.get("/api/summary")
    def _summary() -> JSONResponse:
        return JSONResponse(summary().plain() | {"lines": summary().lines()}, headers=NEVER_KEPT)

    @app.get("/api/photos/{identity}")
    def _photo(identity: Identity) -> JSONResponse:
        return JSONResponse(opened(desk, _find(desk, identity)), headers=NEVER_KEPT)

    @app.get("/api/photos/{identity}/state")
    def _state(identity: Identity) -> JSONResponse:
        return JSONResponse(state_of(desk, _find(desk, identity)), headers=NEVER_KEPT)

    @app.get("/api/photos/{identity}/mask")
    def _mask(identity: Identity, of: Literal["now", "predicted"] = "now") -> Response:
        photo = _find(desk, identity)
        return _raw(desk, photo, desk.alpha(photo, predicted=of == "predicted"))

    @app.get("/api/photos/{identity}/tiles/{level}/{column}/{row}")
    def _tile(identity: Identity, level: int, column: int, row: int) -> Response:
        content = desk.shown(_find(desk, identity)).tile(level, column, row)
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="image/jpeg", headers=_FOREVER)

    @app.get("/api/photos/{identity}/thumbnail")
    def _thumbnail(identity: Identity) -> Response:
        photo = _find(desk, identity)
        if desk.state_of(photo.stem).done:  # predict has drawn the mask before
            with desk.ready(photo) as loaded:
                shown, alpha = loaded.shown, loaded.sheet.alpha.copy()
            content = outlined_thumbnail(shown, alpha)
            return Response(content, media_type="image/jpeg", headers=_FOREVER)
        drawn = desk.results / photo.outputs.get("review", "")
        path = drawn if drawn.is_file() else photo.photo
        return Response(
            thumbnail(read_photo(path, max_pixels=desk.max_pixels)), media_type="image/jpeg", headers=_FOREVER
        )

    @app.post("/api/photos/{identity}/edit")
    def _edit(identity: Identity, edit: Edit) -> Response:
        operation = parse(edit.operation)
        return _changed(desk, identity, lambda photo: desk.edit(photo, edit.revision, operation, edit.id))

    @app.post("/api/photos/{identity}/toggle")
    def _toggle(identity: Identity, click: Click) -> Response:
        return _changed(
            desk, identity, lambda photo: desk.toggle(photo, click.revision, click.region, click.id)
        )

    @app.get("/api/network")
    def _network() -> JSONResponse:
        desk.hints.check()
        return JSONResponse({}, headers=NEVER_KEPT)

    @app.post("/api/photos/{identity}/hints")
    def _hints(identity: Identity) -> JSONResponse:
        desk.hints.prepare(_find(desk, identity))
        return JSONResponse({}, headers=NEVER_KEPT)

    @app.post("/api/photos/{identity}/hint")
    def _hint(identity: Identity, stroke: Stroke) -> Response:
        told = parse_stroke(stroke.model_dump(include={"add", "size", "points"}))
        return _changed(
            desk, identity, lambda photo: desk.hints.hint(photo, stroke.revision, told, stroke.id)
        )

    @app.post("/api/photos/{identity}/undo")
    def _undo(identity: Identity, wish: Wish) -> Response:
        return _changed(desk, identity, lambda photo: desk.undo(photo, wish.revision, wish.id))

    @app.post("/api/photos/{identity}/redo")
    def _redo(identity: Identity, wish: Wish) -> Response:
        return _changed(desk, identity, lambda photo: desk.redo(photo, wish.revision, wish.id))

    @app.post("/api/photos/{identity}/restart")
    def _restart(identity: Identity, wish: Wish) -> JSONResponse:
        photo = _find(desk, identity)
        desk.restart(photo, wish.revision)
        return JSONResponse(state_of(desk, photo), headers=NEVER_KEPT)

    @app.post("/api/photos/{identity}/decide")
    def _decide(identity: Identity, decision: Decision) -> JSONResponse:
        photo = _find(desk, identity)
        desk.decide(photo, decision.revision, decision.decision, decision.id)
        clerk.wake()
        return JSONResponse(state_of(desk, photo), headers=NEVER_KEPT)

    @app.post("/api/photos/{identity}/active")
    def _active(identity: Identity, activity: Activity) -> JSONResponse:
        desk.note_activity(_find(desk, identity), activity.seconds, activity.clicks)
        clerk.wake()
        return JSONResponse({}, headers=NEVER_KEPT)

    @app.post("/api/export")
    def _export(form: Annotated[Literal["zip", "folder"], Body(embed=True)]) -> JSONResponse:
        clerk.finish()
        accepted = [photo for photo in desk.photos() if desk.state_of(photo.stem).decision == ACCEPTED]
        path = export(desk.results, accepted, form)
        return JSONResponse(
            {"path": printable(str(path.absolute())), "photos": len(accepted)}, headers=NEVER_KEPT
        )

    @app.get("/api/export.zip")
    def _download(_version: Annotated[str, Query(alias="v", max_length=64)] = "") -> FileResponse:
        path = desk.results / f"{EXPORTED}.zip"
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, media_type="application/zip", filename=path.name, headers=NEVER_KEPT)

    if adapting:
        app.include_router(learning(desk.results, clerk, adapting))
    app.mount("/", _Static(directory=STATIC, html=True))
    return app


class _Static(StaticFiles):
    """The files of the page, which are asked for anew each time: the next version has others."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["cache-control"] = "no-cache"
        return response


def _find(desk: Desk, identity: str) -> CutPhoto:
    with suppress(SegmentationError):
        return desk.photo(identity)
    raise HTTPException(404)


def _changed(desk: Desk, identity: str, change: Callable[[CutPhoto], Change]) -> Response:
    """Make a change; answer with the part of the alpha that it may have changed."""
    photo = _find(desk, identity)
    return _raw(desk, photo, change(photo))


def _raw(desk: Desk, photo: CutPhoto, change: Change) -> Response:
    """Return bytes of an alpha; their box and the state of the photo are in a header."""
    about = json.dumps({**state_of(desk, photo), "revision": change.revision, "box": change.box})
    headers = {**NEVER_KEPT, "content-encoding": "gzip", "x-about": about}
    content = b"" if change.alpha is None else change.alpha.tobytes()
    return Response(gzip.compress(content, 1), media_type="application/octet-stream", headers=headers)
