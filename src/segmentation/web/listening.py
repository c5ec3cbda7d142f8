"""The address that a server listens at, and the moment when it is there."""

import errno
import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from segmentation.core.errors import DataError, printable, system_reason

_NO_HOST = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # no address of this machine, or of a kind that it lacks


def listening(host: str, port: int | None, otherwise: Sequence[int] = ()) -> socket.socket:
    """Return a socket that listens on a host, at a port, or without one at the first of others that is free.

    Raises DataError where it cannot.
    """
    wanted = [port] if port is not None else [*otherwise]
    for number in wanted:
        try:
            return _listener(host, number)
        except (OSError, OverflowError, TypeError) as error:
            failure = error
    reason = system_reason(failure) if isinstance(failure, OSError) else str(failure)
    if isinstance(failure, TypeError | socket.gaierror) or getattr(failure, "errno", 0) in _NO_HOST:
        raise DataError(
            f"`host` {printable(host)}: cannot be had ({reason}); give an address of this machine"
        )
    raise DataError(f"`port` {wanted[-1]} of {host}: cannot be had ({reason}); choose another `port`")


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # the protocol is named so that asyncio sends answers at once
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))  # TypeError: a host that no name server can be asked for
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener


def is_loopback(host: str) -> bool:
    """Return whether nobody but this machine reaches what listens on a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_of(host: str, port: int) -> str:
    """Return the address of a server, without a slash at its end."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def tell_when_there(server: Any, opened: Callable[[], None]) -> None:
    """Wait until a server of uvicorn answers, and tell so, unless it ends before."""
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.02)
    opened()
