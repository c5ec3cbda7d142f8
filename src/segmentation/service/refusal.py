"""Requests that are refused: the status, why, and when to come back."""

from collections.abc import Mapping


class Refusal(Exception):
    """An answer that refuses a request: an HTTP status, a message in a line, and headers."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def busy(message: str, seconds: int) -> Refusal:
    """Return the refusal of what may be asked again after some seconds."""
    return Refusal(429, f"{message}; come back in {seconds} s", {"retry-after": str(seconds)})
