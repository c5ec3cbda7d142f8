"""Models that answer single photos, with the bytes that `predict` would write."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from segmentation.confidence.drift import DriftAlarm
from segmentation.confidence.edge_distances import EdgeLines
from segmentation.confidence.verdict import PhotoTriage
from segmentation.config.files import CutoutOptions, FileOptions
from segmentation.config.jobs.serve import ServeOptions
from segmentation.config.options import accept, options_of, replaced
from segmentation.config.scoring import ModelOptions
from segmentation.core.errors import ConfigError
from segmentation.core.file_kinds import FILES, FORMATS
from segmentation.core.memory import pixels_that_fit
from segmentation.core.parallel import cores
from segmentation.images.files import open_photo
from segmentation.inference.matting import MattePass, load_matte_pass
from segmentation.inference.scorer import Scorer, find_models, load_scorer
from segmentation.inference.suitability import refuse_objects, require_cutout
from segmentation.jobs.context import Context
from segmentation.jobs.option_checks import check_with
from segmentation.jobs.predict_given import about_cutouts
from segmentation.jobs.triage_limits import check_promise, choose_limits
from segmentation.jobs.trimap_lines import choose_lines
from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.label_writer import LabelWriter
from segmentation.outputs.naming import Photo
from segmentation.outputs.photo_result import PhotoOutputs, result_of
from segmentation.outputs.result import Result

OF_CUTOUTS = {**FORMATS, "mask": "mask", "overlay": "overlay", "trimap": "trimap"}
"""The kinds of files that a client may ask a model of cutouts for, by the names of the formats."""

OF_CLASSES = {"labels": "labels", "overlay": "overlay"}
"""Those of a model that marks classes."""

CHOSEN = (*(found.name for found in options_of(CutoutOptions) if found.name != "format"), "binary")
"""The options of files that a client may choose with a photo; the others are those of the service."""

_MOST_WRITERS = 32
_PHOTO = Photo(Path("photo"), "photo")


@dataclass(frozen=True)
class Answer:
    """The answer to a photo: `files` by the names of their formats, the result, and the size in pixels."""

    files: Mapping[str, bytes]
    result: Result
    width: int
    height: int


@dataclass(frozen=True)
class ServedModel:
    """A model that is loaded and answers photos; any thread may call it."""

    name: str
    scorer: Scorer
    files: FileOptions
    triage: PhotoTriage | None
    alarm: DriftAlarm | None
    matte: MattePass | None = None
    lines: EdgeLines | None = None
    max_pixels: int | None = None
    _writers: dict[FileOptions, CutoutWriter] = field(default_factory=dict, repr=False)

    @property
    def binary(self) -> bool:
        """True for a model that cuts one thing out; else it marks classes."""
        return self.scorer.models.labels.binary

    @property
    def formats(self) -> Mapping[str, str]:
        """The kinds of files that can be asked for, by the names of the formats."""
        return OF_CUTOUTS if self.binary else OF_CLASSES

    @property
    def usual(self) -> tuple[str, ...]:
        """The formats that `predict` would write, the mask first, or the label map."""
        if not self.binary:
            return tuple(OF_CLASSES)
        besides = {"overlay": self.files.overlay, "trimap": self.files.trimap}
        return ("mask", *self.files.format, *(name for name, asked in besides.items() if asked))

    def options(self, chosen: Mapping[str, str]) -> FileOptions:
        """Return the options of files with those that a client chose, as texts.

        Raises ConfigError for what is none of CHOSEN, for an invalid value, for a picture of this machine as
        the background, and for a canvas larger than a photo may be.
        """
        if chosen and not self.binary:
            require_cutout(self.scorer.models, f"`{min(chosen)}`", "leave it out")
        if unknown := sorted(chosen.keys() - {*CHOSEN}):
            raise ConfigError(f"`{unknown[0]}`: expected one of {', '.join(CHOSEN)}; leave it out")
        accepted = accept(FileOptions, chosen)
        if isinstance(accepted.get("background"), Path):
            received = repr(chosen["background"])
            raise ConfigError(
                f"`background`: expected a colour, such as white or #ffffff, received {received}"
            )
        canvas, most = accepted.get("canvas"), self.max_pixels or pixels_that_fit()
        if canvas and canvas.area > most:
            raise ConfigError(
                f"`canvas`: expected at most {most} pixels, received {canvas}; ask for a smaller one"
            )
        return replaced(self.files, accepted)

    def check(self, files: FileOptions, formats: tuple[str, ...]) -> FileOptions:
        """Return the options of files for these formats. Raises ConfigError for what does not fit."""
        if unknown := [name for name in formats if name not in self.formats]:
            raise ConfigError(
                f"`format`: expected one of {', '.join(self.formats)} of {self.name}, received {unknown[0]!r}"
            )
        if not self.binary:
            return files
        flat = tuple(name for name in FORMATS if name in formats)
        files = replaced(files, {"format": flat or ("png",)})
        self._writer(files)
        return files

    def cut(self, content: bytes, files: FileOptions, formats: tuple[str, ...]) -> Answer:
        """Return the files of a photo, the bytes of an image file, in some `formats`; see `check`.

        Raises ImageError for what is no photo, DataError where nothing can be written.
        """
        started = time.perf_counter()
        scorer = self.scorer
        picture = open_photo(content, max_pixels=self.max_pixels, bits=files.bits, keep_gps=files.keep_gps)
        prediction = scorer.predict(_PHOTO.stem, picture.seen, estimate=self.triage is not None)
        verdict = self.triage.verdict_on(prediction) if self.triage else None
        writer = self._writer(files) if self.binary else LabelWriter(Path(), scorer.models.labels)
        made = {}
        with tempfile.TemporaryDirectory(prefix="cutout-") as folder:
            paths = {
                self.formats[name]: Path(folder) / f"{name}{FILES[self.formats[name]].suffix}"
                for name in formats
            }
            notes = writer.write(paths, picture, prediction) if paths else ()
            for name in formats:
                made[name] = paths[self.formats[name]].read_bytes()
        result = result_of(
            _PHOTO, picture, prediction, verdict, PhotoOutputs({}, notes), time.perf_counter() - started
        )
        height, width = picture.seen.shape[:2]
        return Answer(made, result, width, height)

    def _writer(self, files: FileOptions) -> CutoutWriter:
        """Return the writer for some options, which is kept: a background may be a picture that was read."""
        writer = self._writers.get(files)
        if writer is None:
            if len(self._writers) >= _MOST_WRITERS:  # clients may think of any number of options
                self._writers.clear()
            enlargement = self.scorer.enlargement
            writer = CutoutWriter.from_options(Path(), enlargement, files, matte=self.matte, lines=self.lines)
            self._writers[files] = writer
        return writer


def serve_models(options: ServeOptions, context: Context) -> dict[str, ServedModel]:
    """Load the models of a service and return them by their names, the one that is usual first.

    Raises ConfigError for options that do not fit the models or each other, and for a model of objects.
    """
    check_with(options, ("matte_band", "matte_width"), "matte")
    streams = options.work.workers or cores()
    models_folder, scoring = context.workspace.models, options.scoring
    matte = load_matte_pass(options.files, models_folder, scoring, streams=streams)
    served: dict[str, ServedModel] = {}
    for name in options.model or (None,):
        models = find_models([name] if name else [], models_folder, scoring)
        refuse_objects(models, "`model`", "choose another")
        if models.name in served:
            raise ConfigError(f"`model`: expected {models.name} once, received two; rename one of them")
        if not models.labels.binary and (unfit := about_cutouts(options)):
            require_cutout(models, " ".join(unfit), "leave it out, or serve it by itself")
        limits = choose_limits(options, models)
        scorer = load_scorer(
            models, ModelOptions(threshold=options.threshold), scoring, streams=streams, tell=context.tell
        )
        check_promise(limits, models, scorer)
        known = models.confidence_model if limits else None
        served[models.name] = ServedModel(
            models.name,
            scorer,
            options.files,
            triage=PhotoTriage.of(known, limits),
            alarm=DriftAlarm(known, options.drift_photos) if known and options.drift_photos else None,
            matte=matte,
            lines=choose_lines(options.files, models),
            max_pixels=options.limits.max_pixels,
        )
        served[models.name].check(options.files, served[models.name].usual)
    return served
