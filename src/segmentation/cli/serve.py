"""The command `serve`."""

import sys

from rich.console import Console

from segmentation.cli.display import Display, warn
from segmentation.config.jobs.serve import ServeOptions
from segmentation.jobs.context import Context
from segmentation.service.serve import is_open, require_service, serve


def run(options: ServeOptions, context: Context) -> int:
    """Answer requests until Ctrl-C or SIGTERM, which ends it well: what has arrived is answered, status 0."""
    require_service()
    if is_open(options):
        warn(f"warning: whoever reaches {options.host} may use this service; `keys` asks for a key")

    def opened(address: str) -> None:
        print(f"{address}/docs explains the service; Ctrl-C ends it", file=sys.stderr, flush=True)

    display = Display(Console(stderr=True, markup=False, highlight=False))
    with display:
        serve(options, display.shown(context), opened)
    return 0
