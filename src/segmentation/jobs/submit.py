"""The job `submit`: the run-length encoded masks of photos as a Kaggle submission."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from segmentation.config.jobs.submit import SubmitOptions
from segmentation.core.counting import counted
from segmentation.core.errors import DataError
from segmentation.core.lock import locked, locked_file
from segmentation.inference.scorer import Scorer
from segmentation.inference.suitability import require_cutout
from segmentation.jobs.context import Context
from segmentation.jobs.folder import Photos, predict_photos
from segmentation.jobs.loading import Loading
from segmentation.outputs.folder_job import Tally
from segmentation.outputs.naming import Photo
from segmentation.outputs.submission import SubmissionRows, write_submission
from segmentation.outputs.submission_masks import SubmissionMasks


@dataclass(frozen=True)
class Submission:
    """The CSV with the masks of the photos in `tally`; `output` is None where the job was stopped."""

    output: Path | None
    tally: Tally


def submit(options: SubmitOptions, context: Context, scorer: Scorer | None = None) -> Submission:
    """Predict and encode every photo, and write the CSV once all are done.

    A `scorer` that is already loaded replaces the options of models and scores. Raises DataError where two
    photos share a name, where masks would take the place of files that no submission wrote, and when a photo
    fails, since an incomplete submission is worth nothing.
    """
    loading = Loading(options.models, options.scoring, context, scorer)
    models = loading.models
    require_cutout(models, "submit")
    output = options.output or context.workspace.results / models.name / "submission.csv.gz"
    masks = output.parent / "masks" if options.save else None
    source = Photos.of(options.photos, masks)
    photos = list(source.found(context.tell))
    names = Counter(photo.path.name for photo in photos)
    repeated = [name for name, count in names.items() if count > 1]
    if repeated:
        raise DataError(
            f"`input`: expected each file name once, received several {', '.join(repeated)}; rename them"
        )
    workers = source.streams()
    kept = SubmissionMasks(masks) if masks else None
    with locked_file(output), locked(masks) if masks else nullcontext():
        if kept:
            kept.check()
        scorer = loading.scorer(workers)
        return _encode(scorer, source, photos, kept, output, workers, options, context)


def _encode(
    scorer: Scorer,
    source: Photos,
    photos: list[Photo],
    masks: SubmissionMasks | None,
    output: Path,
    workers: int,
    options: SubmitOptions,
    context: Context,
) -> Submission:
    rows, tally = SubmissionRows("column" if options.order == "column" else "row", masks), Tally()
    for result in predict_photos(
        scorer,
        source,
        rows.add,
        context,
        found=photos,
        doing="encoding",
        workers=workers,
    ):
        tally.add(result)
    if tally.failed:
        raise DataError(
            f"{tally.failed} of {counted(len(photos), 'photo')} failed, so no submission was written; mend "
            "or remove them"
        )
    if tally.photos < len(photos):
        return Submission(None, tally)
    write_submission(output, rows)
    return Submission(output, tally)
