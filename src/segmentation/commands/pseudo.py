"""Make training pairs of the photos that a model is sure of."""

import argparse
import dataclasses
import hashlib
import json
import sys
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING

from segmentation.commands.arguments import (
    add_engine,
    add_input,
    add_models,
    number_up_to,
    path_argument,
    whole_number,
)

if TYPE_CHECKING:
    from segmentation.inference.ensemble import Ensemble
    from segmentation.interruption import Interruption
    from segmentation.outputs.pseudo import PseudoWriter

_MOST_WORKERS = 256


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
    parser.add_argument(
        "--workers",
        type=whole_number(1, _MOST_WORKERS),
        metavar="N",
        help="photos in work at the same time, each in memory (default: one for each processor core that "
        "the program may use)",
    )


def run(options: argparse.Namespace) -> int:
    """Predict every photo and keep those that are sure.

    Status 1 when some failed; 2 when all did, when none was sure enough, or when nothing more could be
    written; 130 or 143 when Ctrl-C or SIGTERM stopped it in good order.
    """
    from segmentation.interruption import Interruption

    with Interruption() as interruption:
        return _run(options, interruption)


def _run(options: argparse.Namespace, interruption: "Interruption") -> int:
    from segmentation.commands.arguments import chosen_judgement, chosen_models, tuned_threshold
    from segmentation.data.parallel import cores
    from segmentation.display import FolderDisplay, new_console
    from segmentation.imageio import open_photo
    from segmentation.outputs.batch import run_folder
    from segmentation.outputs.manifest import Manifest
    from segmentation.outputs.naming import find_photos
    from segmentation.outputs.pseudo import PseudoWriter

    workers = 1 if options.input.is_file() else options.workers or cores()  # one photo takes all cores
    models = chosen_models(options)
    photos = find_photos(options.input, exclude=options.output, warn=_warn)
    threshold = tuned_threshold(options.threshold, models.threshold)
    score, judge, decided = chosen_judgement(options, models, workers)
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
        judge=judge if models.experience else None,  # whose second opinion takes time
    )
    unsure = 0
    with manifest, display, closing(results):  # the photos in hand are recorded before the manifest closes
        writer.prepare()
        for result in results:
            display.show(result)
            if result.error:
                _warn(f"error: {result.error}")
            unsure += not (result.error or result.outputs)
    tally, pairs = display.tally, writer.finish()
    if writer.stood_in:
        _warn(
            f"{models.name} tells no confidence, so the Dice to expect of its scores stood in; "
            f"`python main.py calibrate --model {models.names[0]}` teaches it to"
        )
    if interruption.requested:
        taken = tally.made + tally.skipped - unsure
        done = (
            f"interrupted: {taken} photos taken in this run, {unsure} not sure enough, {tally.failed} failed"
        )
        _warn(f"{done}; the same command goes on from here")
        return interruption.status
    failed = f", {tally.failed} failed" if tally.failed else ""
    taken = f"{tally.photos - unsure - tally.failed} of {tally.photos} photos taken"
    before = f" ({tally.skipped} of them before)" if tally.skipped else ""
    display.say(f"{taken}{before}, {unsure} not sure enough{failed}; {pairs} pairs in {options.output}")
    if unsure and unsure + tally.failed == tally.photos:
        _warn(_none_taken(writer, options.min_confidence))
        return 2
    if not tally.failed:
        return 0
    return 1 if tally.failed < tally.photos else 2


def _digest(models: "Ensemble") -> str | None:
    """What stands for how the models' confidence was learned; None where it was not."""
    if models.experience is None:
        return None
    learned = json.dumps(dataclasses.asdict(models.experience), sort_keys=True)
    return hashlib.sha256(learned.encode()).hexdigest()


def _none_taken(writer: "PseudoWriter", limit: float) -> str:
    return (
        f"error: expected predictions with a confidence of {limit} or more, the highest is "
        f"{writer.highest:.4f}; lower --min-confidence, or train a better model first"
    )


def _warn(message: str) -> None:
    with suppress(BrokenPipeError):  # nobody listens; what was asked for are the files
        print(message, file=sys.stderr)
