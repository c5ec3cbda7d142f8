"""The command `deliver`."""

from segmentation.cli.changed_files import changed_lines
from segmentation.cli.display import Display, warn
from segmentation.cli.wording import as_typed
from segmentation.confidence.promise import in_words
from segmentation.config.files import DECISIONS
from segmentation.config.jobs.deliver import DeliverOptions
from segmentation.core.counting import counted
from segmentation.jobs.context import Context
from segmentation.jobs.deliver import Delivered, deliver
from segmentation.jobs.delivery_review import BY_HAND
from segmentation.outputs.delivery import UNDECIDED
from segmentation.retouch.state import ACCEPTED


def run(options: DeliverOptions, context: Context) -> int:
    """Deliver every photo. Status 1 when some failed, 2 when all did."""
    display = Display()
    with display:
        done = deliver(options, display.shown(context))
    for error in done.errors:
        warn(f"error: {error}")
    for line in _lines(done):
        print(as_typed(line))
    if not done.errors:
        return 0
    return 1 if len(done.errors) < len(done.results) else 2


def _lines(done: Delivered) -> list[str]:
    delivered = len(done.results) - len(done.errors)
    counts = [(done.predicted[name], name) for name in (ACCEPTED, *DECISIONS, UNDECIDED)]
    predicted = ", ".join(f"{count} {name}" for count, name in counts if count)
    parts = [f"{done.corrected} corrected"] if done.corrected else []
    parts += [f"{done.predicted.total()} as predicted ({predicted})"] if predicted else []
    parts += [f"{done.left_out} left out"] if done.left_out else []
    parts += [f"{done.by_hand} left out, {BY_HAND}"] if done.by_hand else []
    parts += [f"{len(done.errors)} failed"] if done.errors else []
    parts += [f"{done.removed} of an earlier delivery removed"] if done.removed else []
    lines = [f"{counted(delivered, 'cutout')} in {done.output}: {', '.join(parts)}"]
    lines += [f"promise: {words}" for words in in_words(done.promises)]
    kept = [output for result in done.results for output in result.kept]
    replaced = [output for result in done.results for output in result.replaced]
    outdated = [output for result in done.results for output in result.outdated]
    lines += changed_lines(kept, replaced, outdated)
    return lines
