"""The command `pseudo`."""

from segmentation.cli.display import warn
from segmentation.cli.folder_display import FolderDisplay
from segmentation.config.jobs.pseudo import PseudoOptions
from segmentation.core.counting import counted
from segmentation.core.signals import Interruption, exit_status
from segmentation.jobs.context import Context
from segmentation.jobs.folder import status_of
from segmentation.jobs.pseudo import PredictedPairs, pseudo


def run(options: PseudoOptions, context: Context) -> int:
    """Predict every photo and keep the certain ones as pairs.

    Status 1 when some failed; 2 when all did, when none was certain enough, or when nothing more could be
    written; 130 or 143 when Ctrl-C or SIGTERM stopped it in good order.
    """
    display = FolderDisplay()
    with Interruption() as interruption:
        with display:
            done = pseudo(options, display.shown(context, stop=lambda: interruption.requested))
        if done.stopped:
            warn(f"{_interrupted(done)}; the same command continues from here")
            return exit_status()
    display.say(_summary(done))
    if done.left_out and done.left_out + done.tally.failed == done.tally.photos:
        warn(_none_taken(done, options.min_confidence))
        return 2
    return status_of(done.tally)


def _interrupted(done: PredictedPairs) -> str:
    tally = done.tally
    taken = tally.made + tally.skipped - done.left_out
    photos = counted(taken, "photo")
    return f"interrupted: {photos} taken in this run, {done.left_out} left out, {tally.failed} failed"


def _summary(done: PredictedPairs) -> str:
    tally = done.tally
    taken = f"{tally.photos - done.left_out - tally.failed} of {counted(tally.photos, 'photo')} taken"
    if earlier := tally.skipped - done.before:
        taken += f" ({earlier} of them before)"
    counts = [
        (done.unsure, "not sure enough"),
        (done.noted, "with notes"),
        (done.before, "left out before"),
        (tally.failed, "failed"),
    ]
    parts = [taken, *(f"{count} {what}" for count, what in counts if count)]
    return f"{', '.join(parts)}; {counted(done.pairs, 'pair')} in {done.output}"


def _none_taken(done: PredictedPairs, limit: float) -> str:
    if done.highest is not None:
        return (
            f"error: expected predictions with a confidence of {limit} or more, the highest is "
            f"{done.highest:.4f}; lower `min_confidence`, or train a better model first"
        )
    why = "see predictions.jsonl for the reasons"
    if done.noted:
        return f"error: expected predictions without notes, received {done.noted} with some; {why}"
    return f"error: expected predictions to take, received {done.before} that were left out before; {why}"
