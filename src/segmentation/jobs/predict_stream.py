"""The job `predict` between streams: the bytes of one photo in, the bytes of its cutout out."""

import tempfile
from pathlib import Path

from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.options import replaced
from segmentation.config.scoring import STREAM
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.file_kinds import FORMATS
from segmentation.jobs.context import Context
from segmentation.jobs.predict import FolderPrediction

_NAME = "standard input"
_OF_FOLDERS = (
    "review",
    "overlay",
    "trimap",
    "profile",
    "overwrite",
    "promise",
)  # options that a stream ignores


def is_stream(options: PredictOptions) -> bool:
    """Return whether the photo comes from the standard input, or the cutout goes to the standard output."""
    return STREAM in (*options.photos.input, options.output)


def check_stream(options: PredictOptions) -> None:
    """Raise ConfigError for options that do not fit one photo and one cutout."""
    if len(options.photos.input) != 1 or options.photos.files_from:
        raise ConfigError("`input=-`: expected one photo, received others too; `files_from=-` reads paths")
    if options.output != STREAM or options.dry_run or options.json:
        raise ConfigError(
            "`input=-`: expected `output=-`, and neither `dry_run` nor `json`; give a file instead"
        )
    if idle := [name for name in _OF_FOLDERS if name in options.given]:
        raise ConfigError(
            f"`{idle[0]}`: expected a folder as `output`, since a stream has the cutout alone, received "
            f"`output={STREAM}`; leave one of them out"
        )
    if len(options.files.format) != 1:
        raise ConfigError(f"`output=-`: expected one `format`, received {','.join(options.files.format)}")


def predict_stream(options: PredictOptions, context: Context, content: bytes | None) -> bytes:
    """Return the file that `predict` would write for a photo, in the one `format` of the options.

    `content` is the photo, or None where `input` is its path. Raises ConfigError for options that do not fit,
    DataError when the photo cannot be cut out.
    """
    check_stream(options)
    with tempfile.TemporaryDirectory() as folder:
        (source,) = options.photos.input
        if content is not None:
            source = Path(folder) / _NAME
            source.write_bytes(content)
        elif not (isinstance(source, Path) and source.is_file()):
            raise ConfigError(f"`output=-`: expected a photo as `input`, received {source}; check the path")
        output = Path(folder) / "results"
        changes = {"input": (source,), "output": output, "save": True, "triage": False}
        prediction = FolderPrediction(replaced(options, changes), context)
        if prediction.models.finds_objects:
            raise ConfigError(
                f"`output=-`: expected a model of one cutout, received {prediction.models.name}, which makes "
                "one of each object; give a folder as `output`"
            )
        (result,) = prediction
        if result.error:
            raise DataError(result.error.replace(str(source), _NAME if content is not None else str(source)))
        kind = FORMATS[options.files.format[0]] if "mask" in result.outputs else "labels"
        return (output / result.outputs[kind]).read_bytes()
