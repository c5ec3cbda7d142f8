"""The OpenAPI page on requests whose body is no JSON: photos, and the options that go with them."""

from typing import Any

from segmentation.config.files import FileOptions
from segmentation.config.option_field import OptionField
from segmentation.config.options import fields_by_name
from segmentation.jobs.serving import CHOSEN, OF_CLASSES, OF_CUTOUTS
from segmentation.service.request_options import JSON, MEDIA

_BINARY = {"type": "string", "format": "binary"}
_OTHERWISE = {
    "background": "a colour by its name, or as #RRGGBB"
}  # the service reads no picture for a client
_KINDS = {bool: "boolean", int: "integer", float: "number"}


def _parameter(name: str, about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


def _chosen(found: OptionField) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _KINDS.get(found.kind, "string")}
    if found.choices:
        schema["enum"] = list(found.choices)
    about = _OTHERWISE.get(found.name, found.about.help)
    return _parameter(found.name, about, schema)


_FORMATS = list(dict.fromkeys((*OF_CUTOUTS, *OF_CLASSES)))
_MODEL = _parameter("model", "name of a model, see /v1/models; by default the first", {"type": "string"})
_FORMAT = _parameter(
    "format",
    "what the answer is, in place of the Accept header; json tells what is known of the mask, and links to "
    "files",
    {"type": "string", "enum": [*_FORMATS, JSON]},
)
_FILES = _parameter(
    "files",
    f"files that an answer in {JSON} links to, some of {', '.join(_FORMATS)} with commas between, or none",
    {"type": "string"},
)
_OPTIONS = [_chosen(fields_by_name(FileOptions)[name]) for name in CHOSEN]


def _body(*names: str, raw: bool) -> dict[str, Any]:
    properties = dict.fromkeys(names, _BINARY)
    form = {"schema": {"type": "object", "properties": properties}}
    content: dict[str, Any] = {"multipart/form-data": form}
    if raw:
        content = {"image/*": {"schema": _BINARY}, **content}
    return {"required": True, "content": content}


_ERROR = {"application/json": {"schema": {"type": "object", "properties": {"message": {"type": "string"}}}}}

CUTOUT = {"parameters": [_MODEL, _FORMAT, _FILES, *_OPTIONS], "requestBody": _body("photo", raw=True)}
"""Of the address that takes one photo."""

BATCH = {"parameters": [_MODEL, _FILES, *_OPTIONS], "requestBody": _body("photos", raw=False)}
"""Of the address that takes many."""


_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": about, "content": _ERROR}
    for status, about in {
        400: "The request cannot be understood; the message says what was expected.",
        401: "No API key that is known.",
        404: "No such model or file.",
        406: "No answer has a media type that is accepted.",
        408: "The request took too long to arrive.",
        413: "Too many bytes.",
        422: "No photo that can be read; the message says why.",
        429: "All places are taken; Retry-After says in how many seconds to come back.",
        503: "The service cannot write its own files, as on a full disk; Retry-After says when to come back.",
        504: "The photo took too long.",
    }.items()
}

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, with x-confidence, x-decision and x-about; or JSON.",
        "content": {media: {"schema": _BINARY} for media in sorted({*MEDIA.values()})}
        | {"application/json": {}},
    },
    **_REFUSALS,
}
"""Of the addresses that answer with a file."""

LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A line of JSON for each photo: what is known of its mask, or an error.",
        "content": {"application/x-ndjson": {}},
    },
    **_REFUSALS,
}
"""Of the address that takes many."""
