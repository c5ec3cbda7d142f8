"""The options of a request: the model, the formats of the answer, and the options of its files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from segmentation.config.files import FileOptions
from segmentation.core.errors import ConfigError
from segmentation.jobs.serving import ServedModel
from segmentation.service.refusal import Refusal

MEDIA = {
    "png": "image/png",
    "webp": "image/webp",
    "jpg": "image/jpeg",
    "tiff": "image/tiff",
    "psd": "image/vnd.adobe.photoshop",
    "mask": "image/png",
    "trimap": "image/png",
    "labels": "image/png",
    "overlay": "image/jpeg",
}
"""The media type of each format."""

JSON = "json"
"""The name of the answer in JSON, which links to files."""

_JSON_MEDIA = "application/json"
_OWN = ("model", "format", "files")  # what a request says besides the options of files


@dataclass(frozen=True)
class RequestOptions:
    """A request to a model for files in `formats`, and whether the answer is JSON that links to them."""

    model: ServedModel
    formats: tuple[str, ...]
    files: FileOptions
    as_json: bool


def options_of_request(
    asked: Iterable[tuple[str, str]], accept: str, models: Mapping[str, ServedModel], *, as_json: bool = False
) -> RequestOptions:
    """Return what a request asks for by its parameters and its Accept header.

    Raises a Refusal: 400 for what cannot be asked for, 404 for an unknown model, 406 for a media type that no
    answer has.
    """
    given: dict[str, str] = {}
    for name, value in asked:
        if name in given:
            raise Refusal(400, f"`{name}`: expected once, received twice; leave one of them out")
        given[name] = value
    own = {name: given.pop(name) for name in _OWN if name in given}
    model = _model(own.get("model"), models)
    name = JSON if as_json else own.get("format") or _format_of(accept, model)
    if "files" in own and name != JSON:
        raise Refusal(
            400, f"`files`: expected with `format={JSON}`, whose answer links to them; leave it out"
        )
    try:
        formats = _listed(own.get("files"), model) if name == JSON else (name,)
        return RequestOptions(model, formats, model.check(model.options(given), formats), name == JSON)
    except ConfigError as error:
        raise Refusal(400, str(error)) from error


def _model(name: str | None, models: Mapping[str, ServedModel]) -> ServedModel:
    if name is None:
        return next(iter(models.values()))
    if name not in models:
        raise Refusal(404, f"`model`: expected one of {', '.join(models)}, received {name[:100]!r}")
    return models[name]


def _listed(files: str | None, model: ServedModel) -> tuple[str, ...]:
    if files is None:
        return model.usual
    names = tuple(dict.fromkeys(name.strip() for name in files.split(",") if name.strip()))
    return () if names == ("none",) else names


def _format_of(accept: str, model: ServedModel) -> str:
    """Return the format of the best media type of an Accept header that an answer can have."""
    usual = next(name for name in model.usual if name != "mask")
    offered = {MEDIA[name]: name for name in reversed([*model.formats])}  # cutouts before masks and overlays
    offered[MEDIA[usual]] = usual
    ranked = []
    for place, part in enumerate(accept.lower().split(",")):
        media, *parameters = (word.strip() for word in part.split(";"))
        quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        try:
            ranked.append((-float(quality), place, media))
        except ValueError:
            raise Refusal(400, f"Accept: expected a number as q, received {quality[:20]!r}") from None
    for worth, _place, media in sorted(ranked):
        if not worth:
            continue
        if media in ("", "*/*", "image/*"):
            return usual
        if media in (_JSON_MEDIA, "application/*"):
            return JSON
        if media in offered:
            return offered[media]
    raise Refusal(
        406,
        f"Accept: expected one of {', '.join(sorted({*offered, _JSON_MEDIA}))}, received {accept[:200]!r}",
    )
