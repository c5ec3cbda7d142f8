"""The command `audit`."""

from segmentation.cli.display import warn
from segmentation.cli.patience import STEPS_KEPT, seconds_left
from segmentation.cli.training_display import TrainingDisplay
from segmentation.config.jobs.audit import AuditOptions
from segmentation.core.errors import printable
from segmentation.core.signals import exit_status
from segmentation.datasets.exclusion import EXCLUDE
from segmentation.evaluation.audit import words_on_quality
from segmentation.jobs.audit import audit
from segmentation.jobs.context import Context
from segmentation.reports.audit_report import PAGE, TABLE, print_findings


def run(options: AuditOptions, context: Context) -> int:
    """Audit the pairs and print the most suspicious. Status 130 or 143 when it was stopped."""
    with seconds_left(STEPS_KEPT), TrainingDisplay() as display:
        done = audit(options, display.shown(context))
    if done.stopped:
        warn("stopped; the same command continues from there")
        return exit_status()
    print_findings(done.findings, display.console)
    print(words_on_quality(done.findings))
    if done.kept:
        print(f"decisions kept from the earlier table: {done.kept}")
    if done.lapsed:
        names = ", ".join(map(printable, done.lapsed))
        print(f"decisions that no longer count, of other photos or ground truth of these names: {names}")
    print(f"table: {done.output / TABLE}; decide in its column {EXCLUDE}, which `train --exclude` reads")
    print(f"report: {done.output / PAGE}")
    return 0
