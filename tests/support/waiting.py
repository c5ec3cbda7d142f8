"""Waiting for what another process or thread does, however slow or busy the machine is."""

import time
from collections.abc import Callable

PATIENCE_S = 900
"""After which something will never come: many times what a slow machine with other work needs for it."""


def wait_until(holds: Callable[[], object], what: str = "") -> None:
    """Wait until `holds()` is true. Raises AssertionError with `what` was waited for when it never is."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.02)  # and leave the processor to the others
