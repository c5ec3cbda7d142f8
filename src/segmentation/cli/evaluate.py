"""The command `eval`."""

from segmentation.cli.display import Display
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.evaluation.robustness import print_robustness
from segmentation.jobs.context import Context
from segmentation.jobs.evaluate import evaluate
from segmentation.jobs.evaluate_mattes import EvaluatedMattes
from segmentation.reports.matte_tables import print_mattes
from segmentation.reports.tables import print_evaluation


def run(options: EvaluateOptions, context: Context) -> int:
    """Evaluate the models, and print the tables and where the report is."""
    display = Display()
    with display:
        done = evaluate(options, display.shown(context))
    if isinstance(done, EvaluatedMattes):
        print_mattes(done.evaluation, display.console)
        print(f"report: {done.report}")
        return 0
    print_evaluation(done.evaluation, display.console)
    if done.robustness:
        print_robustness(done.robustness, display.console)
    print(f"report: {done.report}")
    return 0
