"""The page's requests for learning: begin an adaptation, watch its progress, stop it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.datasets.discover import discover
from segmentation.jobs.adapt_process import AdaptProcess
from segmentation.retouch.clerk import Clerk
from segmentation.web.wire import NEVER_KEPT


class Beginning(BaseModel):
    """The name of the new model, and whether an interrupted adaptation goes on or its model is replaced.

    `validation` is a folder of pairs on which it must not be worse; empty for those of the old model.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    how: Literal["new", "resume", "overwrite"] = "new"
    validation: Annotated[str, Field(max_length=4096)] = ""


def learning(results: Path, clerk: Clerk, process: AdaptProcess) -> APIRouter:
    """Return the addresses that begin an adaptation to what was corrected in `results`, and follow it."""
    router = APIRouter(prefix="/api/adapt")

    @router.get("")
    def _course() -> JSONResponse:
        return JSONResponse(_told(process), headers=NEVER_KEPT)

    @router.post("")
    def _begin(beginning: Beginning) -> JSONResponse:
        chosen: dict[str, Any] = {"from_": results.absolute(), "name": beginning.name}
        if beginning.validation:
            chosen["validation"] = Path(beginning.validation).expanduser().absolute()
            discover(chosen["validation"], check=False)  # an error is better told now than after the start
        if beginning.how != "resume":
            clerk.finish()  # else accepted photos would be left out
        if beginning.how != "new":
            chosen[beginning.how] = True
        process.start(AdaptOptions.of(**chosen))
        return JSONResponse(_told(process), headers=NEVER_KEPT)

    @router.post("/stop")
    def _stop() -> JSONResponse:
        process.stop()
        return JSONResponse(_told(process), headers=NEVER_KEPT)

    return router


def _told(process: AdaptProcess) -> dict[str, Any]:
    return asdict(process.course)
