"""The log of the service: a line of JSON for each event, without anything of a picture."""

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime


class Log:
    """Writes lines to the standard output; `quiet` leaves those of requests out."""

    def __init__(self, quiet: bool = False):
        self._quiet = quiet

    def __call__(self, event: str, **fields: object) -> None:
        """Write what happened; fields that are None are left out."""
        if self._quiet and event == "request":
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        known = {name: value for name, value in fields.items() if value is not None}
        with suppress(OSError):  # nobody reads it
            print(json.dumps({"time": time, "event": event, **known}), file=sys.stdout, flush=True)
