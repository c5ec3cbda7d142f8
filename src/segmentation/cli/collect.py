"""The command `collect`."""

from segmentation.cli.display import Display, warn
from segmentation.cli.wording import as_typed
from segmentation.config.jobs.collect import CollectOptions
from segmentation.core.counting import counted
from segmentation.evaluation.corrections import NEAR_PX, SMALL_SHARE, share_near
from segmentation.jobs.collect import Collection, collect
from segmentation.jobs.context import Context
from segmentation.outputs.collect import ADDED, KEPT, LEFT_OUT, OUTLIVED, REPLACED


def run(options: CollectOptions, context: Context) -> int:
    """Collect the pairs and print how much was corrected.

    Status 1 when some failed; 2 when all did, or when there is no pair because nothing was corrected.
    """
    display = Display()
    with display:
        done = collect(options, display.shown(context))
    for collected in done.collected:
        if collected.error:
            warn(f"error: {collected.error}")
    for line in [_counts(done), *_corrections(done)]:
        print(as_typed(line))
    report = done.report.relative_to(done.output)
    print(f"{counted(done.pairs, 'pair')} in {done.output}; listed in {report}")
    if not options.untouched and (unknown := done.taken - len(done.corrections)):
        warn(
            f"{unknown} of {counted(done.taken, 'pair')} have no prediction to compare with, so uncorrected "
            "ones may be among them; name the output of predict with `predictions`"
        )
    if not (done.pairs or done.failed):
        warn(
            f"error: `input` {options.input}: expected a corrected file, received {len(done.collected)} "
            "that are as they were predicted; correct some, or add `untouched` if somebody checked them all"
        )
        return 2
    if not done.failed:
        return 0
    return 1 if done.failed < len(done.collected) else 2


def _counts(done: Collection) -> str:
    changes = (ADDED, REPLACED, KEPT, LEFT_OUT, OUTLIVED)
    counts = [(sum(collected.change == change for collected in done.collected), change) for change in changes]
    counts += [(done.failed, "failed"), (len(done.missing), "photos without a corrected file")]
    return ", ".join(f"{count} {what}" for count, what in counts if count)


def _corrections(done: Collection) -> list[str]:
    """Return lines about how much of the predictions was corrected."""
    corrections = done.corrections
    compared = len(corrections)
    if not compared:
        return []
    untouched = sum(correction.untouched for correction in corrections)
    small = sum(correction.small and not correction.untouched for correction in corrections)
    large = compared - untouched - small
    near = (
        f"{share_near(corrections):.1%} of the final outline lies within {NEAR_PX:g} px of the predicted one"
    )
    changed = [correction for correction in corrections if not correction.untouched]
    if changed and untouched:
        near += f", {share_near(changed):.1%} where it was changed"
    return [
        f"of {counted(compared, 'prediction')} {counted(untouched, 'was', 'were')} taken unchanged "
        f"({untouched / compared:.0%}), "
        f"{small} changed by less than {SMALL_SHARE:.0%} of the garment, {large} by more",
        near,
    ]
