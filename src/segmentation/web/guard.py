"""The guard of the page: only those who know its address get in, and no other site can act for them.

The token in the address is a secret. The Host header has to be the server's own, not a name that someone
else's name server has bound to this machine. Whatever changes something has to come from the page itself, by
its Origin.
"""

import ipaddress
import secrets
import socket
from collections.abc import Mapping

from segmentation.web.asgi import Application, Message, Receive, Scope, Send, answer
from segmentation.web.listening import is_loopback

MOST_BYTES = 4_000_000
"""The most that a request may send."""

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_OWN = {"x-review": "1"}
"""The mark by which the page knows its own program, since any other may answer at its port later."""
_SAFE = ("GET", "HEAD")


class Guard:
    """An ASGI application that lets requests to `/TOKEN/...` through to another one, as `/...`.

    `host` and `port` are what the server listens on, and are its own; beyond loopback addresses, any address
    of the machine and its name are taken for it as well.
    """

    def __init__(self, application: Application, token: str, host: str, port: int):
        self._application = application
        self._token = token.encode()
        self._host = host
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not is_own_host(host, self._host, self._port):
            await refuse(send, 403, "expected the address that `review` printed")
            return
        if scope["method"] not in _SAFE and headers.get(b"origin") != f"http://{host}":
            await refuse(send, 403, "expected a request of the page of `review` itself")
            return
        path: str = scope["path"]
        given, slash, rest = path.removeprefix("/").partition("/")
        if not secrets.compare_digest(given.encode("utf-8", "surrogatepass"), self._token):
            await refuse(send, 404, "nothing here; open the whole address that `review` printed")
            return
        if not slash:
            await answer(send, 307, b"", {**_HEADERS, "location": f"{path}/"})
            return
        send = _with_headers(send, _OWN)
        length = headers.get(b"content-length", "0")
        if not length.isdigit() or int(length) > MOST_BYTES:
            await refuse(send, 413, f"expected at most {MOST_BYTES} bytes")
            return
        inner = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode("utf-8", "surrogatepass")}
        await self._application(inner, _limited(receive), _with_headers(send, _HEADERS))


def is_own_host(given: str, host: str, port: int) -> bool:
    """Return whether the Host header of a request is this server's, and no name that only leads to it."""
    name, _colon, number = given.rpartition(":")
    if not name or number.endswith("]"):  # browsers leave the usual port out
        name, number = given, "80"
    if number != str(port):
        return False
    name = name.removeprefix("[").removesuffix("]").lower()
    if name in ("localhost", "127.0.0.1", "::1", host.lower()):
        return True
    return not is_loopback(host) and (name == socket.gethostname().lower() or _is_address(name))


async def refuse(send: Send, status: int, reason: str) -> None:
    """Answer that a request is refused, and why."""
    headers = {**_HEADERS, "content-type": "text/plain; charset=utf-8"}
    await answer(send, status, f"{reason}\n".encode(), headers)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _limited(receive: Receive) -> Receive:
    """Return the body of a request, cut short where it is too long: then it is no longer valid."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MOST_BYTES:
            return {"type": "http.disconnect"}
        return message

    return limited


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            fields = [(name.encode(), value.encode()) for name, value in headers.items()]
            message = {**message, "headers": [*message.get("headers", []), *fields]}
        await send(message)

    return wrapped
