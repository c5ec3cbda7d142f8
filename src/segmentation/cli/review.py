"""The command `review`."""

from pathlib import Path

from segmentation.cli.display import Display
from segmentation.cli.wording import as_typed
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.review import ReviewOptions
from segmentation.core.errors import ConfigError
from segmentation.core.events import Caution
from segmentation.core.signals import exit_status
from segmentation.jobs.adapt_process import AdaptProcess
from segmentation.jobs.context import Context
from segmentation.jobs.review import review, summary_of
from segmentation.retouch.summary import TABLE
from segmentation.web.serve import open_browser, require_server, serve

_STOPPED_BY_HAND = 130


def run(options: ReviewOptions, context: Context) -> int:
    """Serve the page until Ctrl-C, which is how a review ends: status 0. SIGTERM ends it with 143.

    The status is 1 where files of accepted photos could not be written.
    """
    require_server()
    context = Display().shown(context)
    with review(options, context) as desk:

        def opened(address: str) -> None:
            print(f"reviewing {desk.results}: open {address}", flush=True)
            print("Ctrl-C ends it; everything is kept as you do it", flush=True)
            if options.browser:
                open_browser(address)

        stopped = serve(
            desk,
            host=options.host,
            port=options.port,
            summary=lambda: summary_of(desk, options),
            opened=opened,
            adapting=AdaptProcess(context.workspace.home.absolute()),
        )
        summary = summary_of(desk, options)
        if summary.decided:
            for line in summary.lines():
                print(as_typed(line))
            print(f"photo by photo: {desk.results / TABLE}")
        if saved := desk.writing.saved:
            others = f", and {len(saved) - 1} more" if saved[1:] else ""
            context.tell(Caution(f"what was accepted replaced a person's files: {saved[0]}{others}"))
        if left := desk.writing.unwritten():
            context.tell(Caution(f"{left}; the next review of this folder writes them"))
    if stopped and exit_status() != _STOPPED_BY_HAND:
        return exit_status()
    return 1 if left else 0


def require_review(options: PredictOptions) -> None:
    """Raise what would keep a review from beginning after predict, before hours are spent on it."""
    if not options.save or options.dry_run:
        raise ConfigError("`review`: expected with `save` and without `dry_run`; change that")
    require_server()


def review_results(results: Path, options: PredictOptions, context: Context) -> int:
    """Review what predict has just written by its options."""
    named = {"model": options.models.model[0]} if options.models.model else {}
    return run(ReviewOptions.of(results=results, **named), context)
