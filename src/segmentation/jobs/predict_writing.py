"""The writer of a photo's files in the job `predict`, and the settings of the manifest."""

from functools import partial
from pathlib import Path
from typing import Any

from segmentation.confidence.features import FEATURES_VERSION
from segmentation.config.files import FileOptions
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.matting import MattePass
from segmentation.inference.scorer import Scorer
from segmentation.jobs.trimap_lines import choose_lines
from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.label_writer import LabelWriter
from segmentation.outputs.object_writer import ObjectWriter
from segmentation.scores.tiles import Tiling


def choose_writer(
    files: FileOptions,
    models: Ensemble,
    tiling: Tiling | None,
    output: Path,
    matte: MattePass | None,
    *,
    review: bool,
) -> CutoutWriter | LabelWriter | ObjectWriter:
    """Return what writes the files of the photos that these models predict, in tiles if that is asked for."""
    lines = choose_lines(files, models)
    if models.finds_objects:
        return ObjectWriter.from_options(output, files, matte=matte)
    if not models.labels.binary:
        return LabelWriter(output, models.labels)
    enlargement = partial(models.enlargement, tiling=tiling)
    return CutoutWriter.from_options(output, enlargement, files, matte=matte, review=review, lines=lines)


def score_settings(scorer: Scorer, triaged: bool) -> dict[str, Any]:
    """Return the settings that decide the scores of a photo, by the names in the manifest."""
    settings = {"model": scorer.models.digest, **scorer.settings.plain()}
    if scorer.models.labels.binary:
        settings["threshold"] = scorer.threshold
        if scorer.tiling:
            settings["edges"] = "of tiles"  # earlier versions made them as steep as without, and too steep
    if triaged:
        settings["evidence"] = FEATURES_VERSION
    return settings
