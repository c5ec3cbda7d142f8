"""The log of the service: a line of JSON for each event, without anything of a picture."""

import json
import os
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime

_MOST_LINES = 10_000  # that wait, some megabytes
_LAST_S = 5  # for which those that wait in the end are waited for


class Log:
    """Writes lines to the standard output in a thread of its own: whoever reads them may be slow, or gone.

    `most` lines wait to be written. Those that come while so many do are dropped, and a line says how many
    were. `quiet` leaves the lines of requests out. Any thread may call it.
    """

    def __init__(self, quiet: bool = False, most: int = _MOST_LINES):
        self._quiet = quiet
        self._most = most
        self._lines: list[str] = []
        self._dropped = 0
        self._ended = False
        self._changed = threading.Condition()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def __call__(self, event: str, **fields: object) -> None:
        """Write what happened; fields that are None are left out."""
        if self._quiet and event == "request":
            return
        line = _line(event, fields)
        with self._changed:
            if len(self._lines) < self._most:
                self._lines.append(line)
            else:
                self._dropped += 1
            self._changed.notify()

    def close(self) -> None:
        """End when all lines are written, or after some seconds where nobody reads them."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._writer.join(_LAST_S)

    def _write(self) -> None:
        ended = False
        while not ended:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._ended)
                ended = self._ended
                lines, self._lines = self._lines, []
                dropped, self._dropped = self._dropped, 0
            if dropped:  # after these, and before all that come from now on
                lines.append(_line("dropped", {"lines": dropped}))
            content = "".join(lines).encode()
            with suppress(OSError):  # nobody reads it
                while content:  # past sys.stdout, whose lock would not let the process end while this waits
                    content = content[os.write(sys.stdout.fileno(), content) :]


def _line(event: str, fields: dict[str, object]) -> str:
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    known = {name: value for name, value in fields.items() if value is not None}
    return json.dumps({"time": time, "event": event, **known}) + "\n"
