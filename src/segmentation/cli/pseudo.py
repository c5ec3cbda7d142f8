"""Make training pairs of the photos that a model is sure of."""

import argparse
import dataclasses
import hashlib
import json
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from segmentation.cli.arguments import (
    add_engine,
    add_input,
    add_models,
    add_workers,
    number_up_to,
    path_argument,
    warn,
)

if TYPE_CHECKING:
    from segmentation.core.signals import Interruption
    from segmentation.inference.ensemble import Ensemble
    from segmentation.outputs.pseudo import PseudoWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input(parser)
    add_models(parser)
    add_engine(parser)
    parser.add_argument(
        "--output",
        type=path_argument,
        required=True,
        metavar="DIR",
        help="folder of pairs, for `train --data REAL --data DIR`; an earlier one is gone on with (required)",
    )
    parser.add_argument(
        "--min-confidence",
        type=partial(number_up_to, maximum=1.0, expected="a number from 0 to 1"),
        default=0.985,
        metavar="X",
        help="Dice that a prediction must be thought to reach, 0 to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="make an earlier set of predicted pairs anew (default: add to it what is missing)",
    )
    add_workers(parser)


def run(options: argparse.Namespace) -> int:
    """Predict every photo and keep those that are sure.

    Status 1 when some failed; 2 when all did, when none was sure enough, or when nothing more could be
    written; 130 or 143 when Ctrl-C or SIGTERM stopped it in good order.
    """
    from segmentation.core.signals import Interruption

    with Interruption() as interruption:
        return _run(options, interruption)


def _run(options: argparse.Namespace, interruption: "Interruption") -> int:
    from segmentation.cli.arguments import chosen_judgement, chosen_models, require_cutout, tuned_threshold
    from segmentation.cli.display import FolderDisplay, new_console
    from segmentation.core.parallel import cores
    from segmentation.images.files import open_photo
    from segmentation.outputs.folder_job import run_folder
    from segmentation.outputs.manifest import Manifest
    from segmentation.outputs.naming import find_photos
    from segmentation.outputs.pseudo import NOTED, PseudoWriter

    workers = 1 if options.input.is_file() else options.workers or cores()  # one photo takes all cores
    models = chosen_models(options)
    require_cutout(models.members[0], "pseudo")
    photos = find_photos(options.input, exclude=options.output, warn=warn)
    threshold = tuned_threshold(options.threshold, models.threshold)
    score, estimator, decided = chosen_judgement(options, models, workers)
    named = [
        {"name": name, "digest": member.digest}
        for name, member in zip(models.names, models.members, strict=True)
    ]
    settings = {"models": named, "experience": _digest(models), "threshold": threshold, **decided}
    writer = PseudoWriter(options.output, settings, options.min_confidence, overwrite=options.overwrite)
    manifest = Manifest(options.output, writer.settings, kinds=writer.kinds, overwrite=options.overwrite)
    display = FolderDisplay(
        new_console(),
        rows=False,
        quiet=False,
        count=lambda: sum(1 for _ in find_photos(options.input, exclude=options.output)),
    )
    results = run_folder(
        score,
        models,
        photos,
        threshold,
        writer.write,
        workers=workers,
        stop=lambda: interruption.requested,
        manifest=manifest,
        read=partial(open_photo, max_pixels=options.max_pixels),
        estimator=estimator if models.confidence_model else None,  # whose second opinion takes time
    )
    unsure = noted = before = 0
    with manifest, display, closing(results):  # the photos in hand are recorded before the manifest closes
        writer.prepare()
        for result in results:
            display.show(result)
            if result.error:
                warn(f"error: {result.error}")
            elif not result.outputs:
                before += result.skipped
                noted += NOTED in result.notes
                unsure += not (result.skipped or NOTED in result.notes)
    tally, pairs = display.tally, writer.finish()
    left_out = unsure + noted + before
    if writer.stood_in:
        warn(
            f"{models.name} tells no confidence, so the Dice to expect of its scores stood in; "
            f"`python main.py calibrate --model {models.names[0]}` teaches it to"
        )
    if interruption.requested:
        taken = tally.made + tally.skipped - left_out
        done = f"interrupted: {taken} photos taken in this run, {left_out} left out, {tally.failed} failed"
        warn(f"{done}; the same command goes on from here")
        return interruption.status
    counts = [
        (unsure, "not sure enough"),
        (noted, "with notes"),
        (before, "left out before"),
        (tally.failed, "failed"),
    ]
    taken = f"{tally.photos - left_out - tally.failed} of {tally.photos} photos taken"
    if earlier := tally.skipped - before:
        taken += f" ({earlier} of them before)"
    parts = [taken, *(f"{count} {what}" for count, what in counts if count)]
    display.say(f"{', '.join(parts)}; {pairs} pairs in {options.output}")
    if left_out and left_out + tally.failed == tally.photos:
        warn(_none_taken(writer, options.min_confidence, noted, before))
        return 2
    if not tally.failed:
        return 0
    return 1 if tally.failed < tally.photos else 2


def _digest(models: "Ensemble") -> str | None:
    """What stands for how the models' confidence was learned; None where it was not."""
    if models.confidence_model is None:
        return None
    learned = json.dumps(dataclasses.asdict(models.confidence_model), sort_keys=True)
    return hashlib.sha256(learned.encode()).hexdigest()


def _none_taken(writer: "PseudoWriter", limit: float, noted: int, before: int) -> str:
    if writer.highest is not None:
        return (
            f"error: expected predictions with a confidence of {limit} or more, the highest is "
            f"{writer.highest:.4f}; lower --min-confidence, or train a better model first"
        )
    why = "see predictions.jsonl for the reasons"
    if noted:
        return f"error: expected predictions without notes, received {noted} with some; {why}"
    return f"error: expected predictions to take, received {before} that were left out before; {why}"
