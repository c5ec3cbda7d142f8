"""The command `compare`."""

from segmentation.cli.display import Display
from segmentation.config.jobs.compare import CompareOptions
from segmentation.jobs.compare import compare
from segmentation.jobs.context import Context
from segmentation.reports.compare_tables import print_comparison


def run(options: CompareOptions, context: Context) -> int:
    """Compare the models, and print the tables and where the report is."""
    display = Display()
    with display:
        done = compare(options, display.shown(context))
    print_comparison(done.comparison, display.console)
    print(f"report: {done.report}, table: {done.table}")
    return 0
