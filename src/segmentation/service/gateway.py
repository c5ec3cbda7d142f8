"""The checks before the service: keys, origins, sizes, slow readers; and what is logged of each request."""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from segmentation.service.keys import Keys
from segmentation.service.log import Log
from segmentation.service.metrics import Metrics
from segmentation.service.protocol import CUT
from segmentation.service.refusal import Refusal
from segmentation.web.asgi import Application, Message, Receive, Scope, Send, answer

OPEN = ("/healthz", "/readyz", "/metrics")
"""Addresses that need no key: they tell nothing of any photo."""

ABOUT = "cutout"
"""The key in the scope of a request under which its route notes what the log is to tell."""

_PIECE_BYTES = 65536
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


class Gateway:
    """An ASGI application that lets requests through to another one, in which a Refusal is an answer."""

    def __init__(
        self,
        application: Application,
        *,
        keys: Keys | None,
        origins: Sequence[str],
        most_bytes: int,
        seconds: float,
        metrics: Metrics,
        log: Log,
    ):
        self._application = application
        self._keys = keys
        self._origins = {origin.rstrip("/").encode() for origin in origins}
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = _Exchange(scope, receive, send, self._most_bytes, self._seconds)
        about: dict[str, Any] = {"id": exchange.id}
        scope[ABOUT] = about
        try:
            headers = {name.lower(): value for name, value in scope["headers"]}
            readable = self._readable(headers)
            exchange.headers |= readable  # first, so that the page can read a refusal too
            if scope["method"] == "OPTIONS" and readable:
                await answer(exchange.send, 204, b"", {})
            else:
                self._let_in(scope, exchange, headers)
                await self._application(scope, exchange.receive, exchange.send)
        except Refusal as refusal:
            await refuse(exchange.send, refusal)
        except TimeoutError:
            about["problem"] = "the answer was not taken in time"
            exchange.abort()
        except Exception as error:
            about["problem"] = f"{type(error).__name__}: {error}"[:300]
            if not exchange.status:
                await refuse(exchange.send, Refusal(500, "the service failed; its log tells more"))
            elif not exchange.finished:  # whoever reads it must not take a part for the whole
                exchange.abort()
        finally:
            self._note(scope, exchange, about)

    def _readable(self, headers: Mapping[bytes, bytes]) -> dict[str, str]:
        """Return the headers that let a page of another origin read the answer. Raises a Refusal."""
        origin = headers.get(b"origin")
        if origin is None:
            return {}
        if origin not in self._origins:
            raise Refusal(403, "expected no page of another origin; `allow_origin` lets one use the service")
        return {
            "access-control-allow-origin": origin.decode("latin-1"),
            "access-control-allow-headers": "authorization, content-type, x-api-key",
            "access-control-allow-methods": "GET, POST",
            "access-control-expose-headers": "x-about, x-confidence, x-decision, x-request-id, retry-after",
            "vary": "origin",
        }

    def _let_in(self, scope: Scope, exchange: "_Exchange", headers: Mapping[bytes, bytes]) -> None:
        """Raise a Refusal of a request without a key where one is needed, and of one that is too large."""
        if self._keys is not None and scope["path"] not in OPEN:
            owner = self._keys.owner(headers)
            if owner is None:
                raise Refusal(
                    401,
                    "expected an API key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`",
                    {"www-authenticate": "Bearer"},
                )
            scope[ABOUT]["key"] = owner
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 15:
            raise Refusal(400, "Content-Length: expected a number")
        if int(length) > self._most_bytes:
            raise exchange.too_large()

    def _note(self, scope: Scope, exchange: "_Exchange", about: dict[str, Any]) -> None:
        route = scope.get("route")
        path = getattr(route, "path", None) or (scope["path"] if scope["path"] in OPEN else "other")
        seconds = time.monotonic() - exchange.begun
        status = exchange.status or 499  # nobody was there to be answered
        self._metrics.requests.labels(path, str(status)).inc()
        self._metrics.latency.labels(path).observe(seconds)
        if path in OPEN and status < 400:
            return
        client = scope.get("client")
        self._log(
            "request",
            client=client[0] if client else None,
            method=scope["method"],
            path=path,
            status=status,
            seconds=round(seconds, 4),
            received=exchange.received,
            sent=exchange.sent,
            **about,
        )


async def refuse(send: Send, refusal: Refusal) -> None:
    """Answer that a request is refused, and why."""
    body = json.dumps({"message": refusal.message}).encode()
    await answer(send, refusal.status, body, {"content-type": "application/json", **refusal.headers})


class _Exchange:
    """A request and its answer, with their limits: what was received and sent, and when it began.

    `status` is 0 before the answer has begun, and `finished` becomes true with its end.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, most_bytes: int, seconds: float):
        self.begun = time.monotonic()
        self.id = secrets.token_hex(8)
        self.status = 0
        self.finished = False
        self.received = self.sent = 0
        self.headers = {**_HEADERS, "x-request-id": self.id}
        self._scope = scope
        self._receive = receive
        self._send = send
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._aborted = False

    def too_large(self) -> Refusal:
        most = f"{self._most_bytes / 1e6:g} MB"
        return Refusal(413, f"expected at most {most}; send fewer or smaller photos")

    async def receive(self) -> Message:
        message = await self._receive()
        self.received += len(message.get("body", b""))
        if self.received > self._most_bytes:
            raise self.too_large()
        return message

    async def send(self, message: Message) -> None:
        """Send an answer in pieces, so that a client that takes none is noticed. Raises TimeoutError."""
        if self._aborted or (message["type"] == "http.response.start" and self.status):
            return  # it has begun already
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = {name.lower() for name, _value in message.get("headers", [])}
            fields = [
                (k.encode(), v.encode("latin-1")) for k, v in self.headers.items() if k.encode() not in own
            ]
            await self._send({**message, "headers": [*message.get("headers", []), *fields]})
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        for start in range(0, max(len(body), 1), _PIECE_BYTES):
            piece = body[start : start + _PIECE_BYTES]
            follows = more or start + _PIECE_BYTES < len(body)
            async with asyncio.timeout(self._seconds):
                await self._send({"type": "http.response.body", "body": piece, "more_body": follows})
            self.sent += len(piece)
        self.finished = not more

    def abort(self) -> None:
        """Cut the connection to a client that does not take its answer."""
        self._aborted = True
        if cut := self._scope.get("state", {}).get(CUT):
            cut()
