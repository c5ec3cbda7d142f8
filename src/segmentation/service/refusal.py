"""Requests that are refused: the status, why, and when to come back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from segmentation.core.errors import SegmentationError, printable, system_error

_MENDED_S = 30  # in which a full disk may have been seen to


class Refusal(Exception):
    """An answer that refuses a request: an HTTP status, a message in a line, and headers.

    `problem` is what the log alone is to tell, where the service itself is at fault.
    """

    def __init__(
        self,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        problem: str | None = None,
    ):
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self.problem = problem


def busy(message: str, seconds: int) -> Refusal:
    """Return the refusal of what may be asked again after some seconds."""
    return Refusal(429, f"{message}; come back in {seconds} s", {"retry-after": str(seconds)})


@contextmanager
def faults_refused() -> Iterator[None]:
    """Raise a Refusal for what fails meanwhile.

    It is 422 where a photo is at fault, and 503 where a file of the service cannot be written or read, as on
    a full disk.
    """
    try:
        yield
    except (SegmentationError, OSError) as error:
        if not system_error(error):
            raise Refusal(422, str(error)) from error
        raise Refusal(
            503,
            f"the service cannot write or read its own files; come back in {_MENDED_S} s",
            {"retry-after": str(_MENDED_S)},
            printable(f"{type(error).__name__}: {error}")[:300],
        ) from error
