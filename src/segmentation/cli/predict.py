"""Cut the garments out of photos, or tell their classes apart."""

import argparse
import time
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation.cli.arguments import (
    add_engine,
    add_input,
    add_models,
    add_workers,
    given_of_masks,
    path_argument,
    warn,
)
from segmentation.cli.deliverables import add_deliverables, chosen_deliverables, given_deliverables
from segmentation.cli.triage import add_triage, given_triage

if TYPE_CHECKING:
    from segmentation.bundle.bundle import ModelBundle
    from segmentation.core.signals import Interruption
    from segmentation.inference.ensemble import Ensemble
    from segmentation.outputs.cutout_writer import CutoutWriter
    from segmentation.outputs.folder_job import Tally
    from segmentation.outputs.label_writer import LabelWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input(parser)
    add_models(parser)
    add_engine(parser)
    parser.add_argument(
        "--save",
        action="store_true",
        help="write masks and cutouts, or label maps and overlays of a model of several classes, and go on "
        "where an earlier run was stopped (default: only show a line a photo)",
    )
    parser.add_argument("--binary", action="store_true", help="masks with hard edges (default: soft)")
    add_deliverables(parser)
    add_triage(parser)
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="DIR",
        help="results (default: results/MODEL/predict, of several models results/MODEL+MODEL/predict)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="make again what is done (default: skip photos whose results were made from the same file with "
        "the same models and options)",
    )
    add_workers(parser)
    parser.add_argument(
        "--profile", action="store_true", help="say at the end where the time of a photo went (default: no)"
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="with --save: no progress and no summary, errors only (default: both)",
    )


def run(options: argparse.Namespace) -> int:
    """Predict every photo.

    Status 1 when some failed; 2 when all did, or when nothing more could be written; 130 or 143 when Ctrl-C
    or SIGTERM stopped it in good order.
    """
    from segmentation.core.errors import ConfigError
    from segmentation.core.signals import Interruption

    if not options.save and (unwritten := _about_files(options)):
        raise ConfigError(f"{' '.join(unwritten)}: about files, which only --save writes; add --save")
    with Interruption() as interruption:
        return _run(options, interruption)


def _about_files(options: argparse.Namespace) -> list[str]:
    """The options that were given and do nothing without --save."""
    given = {"--output": options.output, "--binary": options.binary, "--overwrite": options.overwrite}
    return [*(name for name, value in given.items() if value), *given_deliverables(options)]


def _about_cutouts(options: argparse.Namespace) -> list[str]:
    """The options that were given and mean nothing where classes are told apart."""
    files = [name for name in given_deliverables(options) if name != "--overlay"]  # which is written anyway
    binary = ["--binary"] if options.binary else []
    return [*given_of_masks(options), *binary, *files, *given_triage(options)]


def _run(options: argparse.Namespace, interruption: "Interruption") -> int:
    from segmentation.cli.arguments import chosen_judgement, chosen_models, require_cutout, tuned_threshold
    from segmentation.cli.display import FolderDisplay, new_console, profile
    from segmentation.cli.triage import caution_about, chosen_limits, sort_folder
    from segmentation.confidence.features import FEATURES_VERSION
    from segmentation.confidence.triage import judge
    from segmentation.core.parallel import cores
    from segmentation.images.files import open_photo
    from segmentation.outputs.folder_job import Delivery, run_folder
    from segmentation.outputs.label_writer import refuse_other_labels
    from segmentation.outputs.manifest import Manifest
    from segmentation.outputs.naming import find_photos
    from segmentation.outputs.pairs import refuse_pairs
    from segmentation.reports.review import remove_review

    workers = 1 if options.input.is_file() else options.workers or cores()  # one photo takes all cores
    models = chosen_models(options)
    cutting = models.labels.binary
    if unfit := _about_cutouts(options):
        require_cutout(models.members[0], " ".join(unfit), "leave it out")
    confidence_model = models.confidence_model if cutting and not options.no_triage else None
    limits = chosen_limits(options) if confidence_model else None
    output = options.output or options.home / "results" / models.name / "predict"
    writer = _chosen_writer(options, models, output, review=confidence_model is not None)
    excluded = output if options.save else None
    photos = find_photos(options.input, exclude=excluded, warn=warn)
    threshold = tuned_threshold(options.threshold, models.threshold)
    score, estimator, decided = chosen_judgement(options, models, workers)
    score_settings = {"model": models.digest, **decided}
    if cutting:
        score_settings["threshold"] = threshold
    if confidence_model:
        score_settings["evidence"] = FEATURES_VERSION
    settings = {**score_settings, **writer.settings}
    manifest = None
    if options.save:
        if cutting:
            refuse_pairs(output)
        else:
            refuse_other_labels(output, models.labels)
        manifest = Manifest(output, settings, kinds=writer.kinds, overwrite=options.overwrite)
    display = FolderDisplay(
        new_console(),
        rows=not options.save,
        quiet=options.quiet,
        doing="cutting" if cutting else "telling apart",
        count=lambda: sum(1 for _ in find_photos(options.input, exclude=excluded)),
    )
    results = run_folder(
        score,
        models,
        photos,
        threshold,
        writer.write if manifest else lambda *_prediction: Delivery({}),
        workers=workers,
        stop=lambda: interruption.requested,
        manifest=manifest,
        read=partial(open_photo, max_pixels=options.max_pixels, bits=options.bits),
        judge=estimator if confidence_model else None,
        decide=partial(judge, confidence_model=confidence_model, limits=limits) if confidence_model else None,
    )
    started = time.perf_counter()
    # whatever stops us, the photos in hand are recorded before the manifest closes
    with manifest or nullcontext(), display, closing(results):
        if manifest:
            writer.prepare()
            if manifest.left_out:
                warn(f"{manifest.left_out} damaged or foreign lines of {manifest.path} are left out")
        for result in results:
            display.show(result)
            if result.error:
                warn(f"error: {result.error}")
        sorted_out = ""
        if manifest and confidence_model:
            caution = caution_about(options, models, threshold)
            sorted_out = sort_folder(
                manifest, output, confidence_model, limits, models.name, score_settings, caution
            )
        elif manifest:
            remove_review(output)
    tally = display.tally
    if options.profile and tally.made:
        display.say(profile(tally.made, time.perf_counter() - started, workers))
    if interruption.requested:
        done = f"interrupted: {tally.made + tally.skipped} photos are done in this run, {tally.failed} failed"
        warn(f"{done}; the same command goes on from here" if manifest else done)
        return interruption.status
    if not options.quiet:
        what = "masks and cutouts" if cutting else "label maps and overlays"
        display.say(_summary(tally, what, output) if manifest else str(display))
        if sorted_out:
            display.say(sorted_out)
        if cutting and not (confidence_model or options.no_triage):
            display.say(_never_judged(models.members[0]))
    if not tally.failed:
        return 0
    return 1 if tally.failed < tally.photos else 2


def _chosen_writer(
    options: argparse.Namespace, models: "Ensemble", output: Path, review: bool
) -> "CutoutWriter | LabelWriter":
    from segmentation.outputs.cutout_writer import CutoutWriter
    from segmentation.outputs.label_writer import LabelWriter

    if not models.labels.binary:
        return LabelWriter(output, models.labels)
    wanted = chosen_deliverables(options, review)
    return CutoutWriter(output, models.enlargement, binary=options.binary, wanted=wanted)


def _never_judged(model: "ModelBundle") -> str:
    nothing = "so nothing is sorted into auto, review and redo"
    if model.first_of:
        return f"of {model.first_of.name} both passes were judged together, {nothing}"
    return (
        f"{model.name} was never judged, {nothing}; `python main.py calibrate --model {model.name}` does it"
    )


def _summary(tally: "Tally", what: str, output: Path) -> str:
    parts = [(tally.skipped, "skipped as done"), (tally.failed, "failed"), (tally.noted, "with notes")]
    details = ", ".join(f"{count} {what}" for count, what in parts if count)
    made = f"{tally.made + tally.skipped} {what} in {output}"
    return f"{made} ({details}; see predictions.jsonl)" if details else made
