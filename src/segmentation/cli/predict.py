"""The command `predict`."""

import sys
from pathlib import Path

from rich.console import Console

from segmentation.cli.changed_files import changed_lines
from segmentation.cli.display import Display, warn
from segmentation.cli.folder_display import FolderDisplay, profile
from segmentation.cli.wording import as_typed
from segmentation.config.files import AUTO
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.scoring import STREAM
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError
from segmentation.core.file_kinds import MANIFEST
from segmentation.core.signals import Interruption, exit_status
from segmentation.jobs.context import Context
from segmentation.jobs.delivery_promise import DRIFT_REMEDY
from segmentation.jobs.folder import status_of
from segmentation.jobs.predict import FolderPrediction, predict
from segmentation.jobs.predict_stream import check_stream, is_stream, predict_stream
from segmentation.outputs.shard_names import SHARDS
from segmentation.reports.review import REVIEW


def run(options: PredictOptions, context: Context) -> int:
    """Predict every photo.

    Status 1 when some failed; 2 when all did, or when nothing more could be written; 130 or 143 when Ctrl-C
    or SIGTERM stopped it in good order.
    """
    if is_stream(options):
        return _run_stream(options, context)
    if options.review:
        # the page and what stands behind it, which takes as long to import as all else
        from segmentation.cli.review import require_review

        require_review(options)
    saved = options.save and not options.dry_run
    display = FolderDisplay(rows=not saved, quiet=options.quiet, json=options.json, saved=saved)
    with Interruption() as interruption:
        with display:
            done = predict(options, display.shown(context, stop=lambda: interruption.requested))
        tally = done.tally
        if options.profile and tally.made:
            display.say(profile(tally.made, display.seconds, done.workers))
        if done.stopped:
            photos = counted(tally.made + tally.skipped, "photo is", "photos are")
            stopped = f"interrupted: {photos} done in this run, {tally.failed} failed"
            warn(f"{stopped}; the same command continues from here" if done.output else stopped)
            return exit_status()
    if not options.quiet:
        for line in _lines(done, str(display)):
            display.say(line)
    if options.review and isinstance(done.output, Path) and tally.photos > tally.failed:
        from segmentation.cli.review import review_results

        return max(review_results(done.output, options, context), status_of(tally))
    return status_of(tally)


def _run_stream(options: PredictOptions, context: Context) -> int:
    check_stream(options)
    if sys.stdout.isatty():
        raise ConfigError("`output=-`: expected a file or a pipe as the standard output, received a terminal")
    content = sys.stdin.buffer.read() if options.photos.input == (STREAM,) else None
    display = Display(Console(stderr=True, markup=False, highlight=False))
    with display:
        cutout = predict_stream(options, display.shown(context), content)
    sys.stdout.buffer.write(cutout)
    sys.stdout.buffer.flush()
    return 0


def _lines(done: FolderPrediction, counts: str) -> list[str]:
    """Return the lines of the summary at the end."""
    if done.options.dry_run:
        return [_dry(done)]
    binary = done.models.labels.binary
    objects = done.models.finds_objects
    what = ("mask", "cutout") if binary else ("label map", "overlay")
    lines = [_objects(done) if objects else _summary(done, what)]
    if not done.output:
        lines = [counts]
    if done.tally.made:
        lines.append(f"scored by {done.arithmetic}")
    lines += changed_lines(done.kept, done.replaced, done.outdated)
    if done.triage:
        lines += _triage_lines(done)
    elif binary and not objects and done.options.triage.triage and not done.limits:
        lines.append(_never_calibrated(done))
    return [as_typed(line) for line in lines]


def _dry(done: FolderPrediction) -> str:
    tally = done.tally
    parts = [f"{counted(tally.made, 'photo')} to do", f"{tally.skipped} done before"]
    parts += [f"{tally.failed} cannot be done"] if tally.failed else []
    return f"{', '.join(parts)}; nothing was written"


def _objects(done: FolderPrediction) -> str:
    photos = counted(done.tally.made + done.tally.skipped, "photo")
    return _details(done, f"the objects of {photos} in {done.output}")


def _summary(done: FolderPrediction, what: tuple[str, str]) -> str:
    count = done.tally.made + done.tally.skipped
    plural = "" if count == 1 else "s"
    return _details(done, f"{count} {what[0]}{plural} and {what[1]}{plural} in {done.output}")


def _details(done: FolderPrediction, made: str) -> str:
    tally = done.tally
    parts = [(tally.skipped, "skipped as done"), (tally.failed, "failed"), (tally.noted, "with notes")]
    details = ", ".join(f"{count} {kind}" for count, kind in parts if count)
    manifest = MANIFEST if isinstance(done.output, Path) else f"{SHARDS}/"
    return f"{made} ({details}; see {manifest})" if details else made


def _triage_lines(done: FolderPrediction) -> list[str]:
    assert done.triage
    assert done.output
    counts = ", ".join(f"{count} {name}" for name, count in reversed(done.triage.counts.items()))
    before = sum(done.triage.counts.values()) > done.tally.photos
    counts += ", with those of earlier runs" if before else ""
    lines = [f"{counts}: the least certain first in {done.output / REVIEW}"]
    if done.limits and done.limits.promise:
        lines.append(f"promise: {done.limits.promise.sentence(done.triage.counts[AUTO])}")
    if done.caution:
        lines.append(f"confidence is a rough guide here: {done.caution}")
    if done.triage.shifts:
        lines.append(f"unlike the photos that {done.models.name} knows: {', '.join(done.triage.shifts)}")
        if done.limits and done.limits.promise:
            lines.append(f"so the promise may not hold here: {DRIFT_REMEDY}")
    return lines


def _never_calibrated(done: FolderPrediction) -> str:
    model = done.models.members[0]
    nothing = "so nothing is sorted into auto, review and redo"
    if model.first_of:
        return f"the confidence of {model.first_of.name} is that of both passes together, {nothing}"
    return f"{model.name} has no confidence model, {nothing}; `calibrate model={model.name}` fits one"
