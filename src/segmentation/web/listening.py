"""The address that a server listens at, and the moment when it is there."""

import errno
import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from segmentation.core.errors import DataError, system_reason


def listening(host: str, port: int | None, otherwise: Sequence[int] = ()) -> socket.socket:
    """Return a socket that listens on a host, at a port, or without one at the first of others that is free.

    Raises DataError where it cannot.
    """
    wanted = [port] if port is not None else [*otherwise]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in wanted:
        # the protocol is named so that asyncio sends answers at once
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
            listener.listen(128)
        except (OSError, OverflowError) as error:
            listener.close()
            failure = error
            continue
        return listener
    reason = system_reason(failure) if isinstance(failure, OSError) else str(failure)
    if isinstance(failure, socket.gaierror) or getattr(failure, "errno", 0) == errno.EADDRNOTAVAIL:
        raise DataError(f"`host` {host}: cannot be had ({reason}); give an address of this machine")
    raise DataError(f"`port` {wanted[-1]} of {host}: cannot be had ({reason}); choose another `port`")


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
