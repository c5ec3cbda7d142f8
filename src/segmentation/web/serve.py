"""The server of a review: where it listens, and how long."""

import json
import os
import re
import secrets
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from segmentation.core.errors import SegmentationError, system_reason
from segmentation.core.imports import require
from segmentation.jobs.adapt_process import AdaptProcess
from segmentation.retouch.clerk import Clerk
from segmentation.retouch.desk import Desk
from segmentation.retouch.summary import Summary
from segmentation.web.guard import Guard
from segmentation.web.listening import listening, tell_when_there, url_of

ADDRESS = ".review-address.json"
"""The file in a folder of results that holds the port and the token of its page, which stays the same."""

_FIRST_PORT = 8420
_GRACE_S = 5
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")


def require_server() -> None:
    """Raise MissingExtraError where what serves the page is not installed."""
    require("fastapi", "review")
    require("uvicorn", "review")


def serve(
    desk: Desk,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    summary: Callable[[], Summary],
    opened: Callable[[str], None] = lambda _address: None,
    adapting: AdaptProcess | None = None,
) -> bool:
    """Serve the page of a review until Ctrl-C or SIGTERM; `opened` is told its address once it is there.

    `adapting` trains a model on the corrections, and is ended with the page.

    Without a `port` the one of the last time is taken, so that a page that is still open goes on, else the
    first free one. Returns whether a signal ended it. Raises DataError where the port cannot be had,
    and MissingExtraError.
    """
    require_server()
    import uvicorn

    from segmentation.web.routes import application

    remembered = _remembered(desk.results)
    token = remembered.get("token") or secrets.token_urlsafe(18)
    before = [remembered["port"]] if remembered else []
    with listening(host, port, [*before, _FIRST_PORT, 0]) as listener, Clerk(desk) as clerk:
        taken: int = listener.getsockname()[1]
        _remember(desk.results, {"port": taken, "token": token})
        guarded = Guard(application(desk, clerk, summary, adapting), token, host, taken)
        config = uvicorn.Config(
            guarded,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        server = uvicorn.Server(config)
        address = f"{url_of(host, taken)}/{token}/"
        threading.Thread(target=tell_when_there, args=(server, lambda: opened(address)), daemon=True).start()
        threading.Thread(target=desk.prepare_first).start()  # no daemon: in OpenCV one would abort the end
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn raises the signal again once it has ended in good order
            return True
        finally:
            if adapting:
                adapting.close()
        return False


def open_browser(address: str) -> None:
    """Open the page in the person's browser, where there is a screen to show one on."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.name != "posix":
        with suppress(webbrowser.Error):
            webbrowser.open(address)


def _remembered(results: Path) -> dict[str, Any]:
    try:
        with open(results / ADDRESS, opener=_private) as file:
            found = json.load(file)
        token, port = found["token"], found["port"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    sound = isinstance(token, str) and _TOKEN.fullmatch(token) and isinstance(port, int)
    return {"token": token, "port": port} if sound and 0 < port < 65536 else {}


def _private(path: str, flags: int) -> int:
    """Open a file that nobody but its owner, this user, can have written or read."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW)
    status = os.fstat(descriptor)
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        os.close(descriptor)
        raise PermissionError(path)
    return descriptor


def _remember(results: Path, address: dict[str, Any]) -> None:
    """Keep the address where only its owner can read it."""
    path = results / ADDRESS
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(address, file)
    except OSError as error:
        raise SegmentationError(f"{path}: cannot be written ({system_reason(error)})") from error
