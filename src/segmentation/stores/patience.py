"""Calls to a store that are tried again: how often, and after which pauses."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Answer = TypeVar("Answer")

_FINAL = (FileNotFoundError, PermissionError, NotImplementedError, IsADirectoryError, TypeError, ImportError)
_FINAL_NAMES = ("NoCredentialsError", "PartialCredentialsError", "ParamValidationError", "ProfileNotFound")


@dataclass(frozen=True)
class Patience:
    """The most times that a call is made, and how long one may take, in seconds.

    The pause before the second call is `pause_s` and doubles from call to call up to `longest_pause_s`, each
    by chance between half of that and all of it, so that many readers of a store that is throttled do not
    come back together.
    """

    attempts: int = 8
    timeout_s: float = 60
    pause_s: float = 0.2
    longest_pause_s: float = 20

    def try_out(self, call: Callable[[], Answer]) -> Answer:
        """Return what the call returns. Raises its last error, or at once one that stays the same."""
        for attempt in range(1, self.attempts + 1):
            try:
                return call()
            except Exception as error:
                if attempt == self.attempts or is_final(error):
                    raise
            longest = min(self.longest_pause_s, self.pause_s * 2 ** (attempt - 1))
            time.sleep(longest * random.uniform(0.5, 1))
        raise AssertionError("a call is made at least once")


def is_final(error: Exception) -> bool:
    """Return whether an error would come again: nothing there, no right to it, no credentials.

    Whatever is not known to stay is taken for a fault of the moment, since stores and the ways to them have
    many.
    """
    return isinstance(error, _FINAL) or type(error).__name__ in _FINAL_NAMES
