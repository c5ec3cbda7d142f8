"""The job `pseudo`: training pairs of the photos that a model is sure of."""

import dataclasses
import hashlib
import json
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.config.jobs.pseudo import PseudoOptions
from segmentation.core.events import Caution
from segmentation.core.predictions import Prediction
from segmentation.images.files import Picture
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scorer import Scorer
from segmentation.inference.suitability import require_cutout
from segmentation.jobs.context import Context
from segmentation.jobs.folder import Photos, predict_photos
from segmentation.jobs.loading import Loading
from segmentation.outputs.folder_job import Tally
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo
from segmentation.outputs.pairs import MASKS
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.pseudo import NOTED, PseudoWriter
from segmentation.outputs.result import Result


@dataclass
class PredictedPairs:
    """The outcome of the photos, and the number of `pairs` in the folder `output` now.

    Of the photos in `tally`, `unsure` were not certain enough, `noted` have notes, and `before` were left out
    by an earlier run. `highest` is the highest confidence of the uncertain ones. `stopped` is whether photos
    were left for the next run.
    """

    output: Path
    tally: Tally = field(default_factory=Tally)
    unsure: int = 0
    noted: int = 0
    before: int = 0
    pairs: int = 0
    highest: float | None = None
    stopped: bool = False

    @property
    def left_out(self) -> int:
        return self.unsure + self.noted + self.before

    def add(self, result: Result) -> None:
        """Count a result."""
        self.tally.add(result)
        if result.error or result.outputs:
            return
        self.before += result.skipped
        self.noted += NOTED in result.notes
        self.unsure += not (result.skipped or NOTED in result.notes)


def pseudo(options: PseudoOptions, context: Context, scorer: Scorer | None = None) -> PredictedPairs:
    """Predict every photo, tell a PhotoDone event for each, and keep the certain ones as pairs.

    A `scorer` that is already loaded replaces the options of models and scores. Raises ConfigError for a
    model of several classes, DataError for an input without photos, for a folder that is no earlier set of
    the same settings, and when nothing more can be written.
    """
    loading = Loading(options.models, options.scoring, context, scorer)
    models = loading.models
    require_cutout(models, "pseudo")
    photos = Photos.of(options.photos, options.output)
    found = photos.found(context.tell)
    workers = photos.streams(options.work.workers)
    scorer = loading.scorer(workers)
    writer = PseudoWriter(
        options.output, _settings(scorer), options.min_confidence, overwrite=options.overwrite
    )
    manifest = Manifest(options.output, writer.settings, kinds=writer.kinds, overwrite=options.overwrite)

    def write(photo: Photo, picture: Picture, prediction: Prediction) -> PhotoOutputs:
        mask = f"{MASKS}/{photo.stem}.png"
        if manifest.files_of(photo).is_changed(mask):
            return PhotoOutputs(
                {"mask": mask}, (f"{mask} was changed since it was written and is kept",), kept=(mask,)
            )
        manifest.begin(photo, {})
        return writer.write(photo, picture, prediction)

    results = predict_photos(
        scorer,
        photos,
        write,
        context,
        found=found,
        doing="cutting out",
        workers=workers,
        manifest=manifest,
        estimate=models.confidence_model is not None,  # a second opinion takes time
    )
    done = PredictedPairs(options.output)
    with manifest, closing(results):  # the photos in progress are recorded before the manifest closes
        writer.prepare()
        for result in results:
            done.add(result)
    done.pairs, done.highest, done.stopped = writer.finish(), writer.highest, context.stop()
    if writer.stood_in:
        context.tell(
            Caution(
                f"{models.name} has no confidence model, so the Dice expected from its scores was used; "
                f"`calibrate model={models.names[0]}` fits one"
            )
        )
    return done


def _settings(scorer: Scorer) -> dict[str, Any]:
    """Return the settings that decide the predictions, by the names in the record beside the pairs."""
    models = scorer.models
    named = [
        {"name": name, "digest": member.digest}
        for name, member in zip(models.names, models.members, strict=True)
    ]
    confidence = _digest(models)
    return {
        "models": named,
        "experience": confidence,
        "threshold": scorer.threshold,
        **scorer.settings.plain(),
    }


def _digest(models: Ensemble) -> str | None:
    """Return the digest of the models' confidence model; None where there is none."""
    if models.confidence_model is None:
        return None
    fitted = json.dumps(dataclasses.asdict(models.confidence_model), sort_keys=True)
    return hashlib.sha256(fitted.encode()).hexdigest()
