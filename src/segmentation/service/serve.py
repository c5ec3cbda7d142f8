"""The server of the service: where it listens, and how it ends."""

import functools
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from segmentation.config.jobs.serve import ServeOptions
from segmentation.core.imports import require
from segmentation.core.parallel import cores
from segmentation.jobs.context import Context
from segmentation.jobs.serving import ServedModel, serve_models
from segmentation.web.listening import is_loopback, listening, tell_when_there, url_of

_KEEP_ALIVE_S = 30
_MOST_CONNECTIONS = 1024
_GRACE_S = 5  # besides the time that a photo may take; batches go on no longer


def require_service() -> None:
    """Raise MissingExtraError where what the service is made of is not installed."""
    for module, package in (
        ("fastapi", ""),
        ("uvicorn", ""),
        ("prometheus_client", "prometheus-client"),
        ("python_multipart", "python-multipart"),
    ):
        require(module, "service", package)


def serve(
    options: ServeOptions,
    context: Context,
    opened: Callable[[str], None] = lambda _address: None,
    models: dict[str, ServedModel] | None = None,
) -> None:
    """Answer requests until Ctrl-C, SIGTERM or `stop()`; then those that have arrived are answered.

    `opened` is told the address once it is there; `models` that are loaded replace those of the options.
    Raises MissingExtraError, ConfigError for options that do not fit, and DataError where the port cannot be
    had.
    """
    require_service()
    import uvicorn

    from segmentation.service.application import application
    from segmentation.service.cutout_service import CutoutService
    from segmentation.service.draining import DrainingServer
    from segmentation.service.gateway import Gateway
    from segmentation.service.health import Health, Probe, score_tiny
    from segmentation.service.kept_files import KeptFiles
    from segmentation.service.keys import read_keys
    from segmentation.service.log import Log
    from segmentation.service.metrics import Metrics
    from segmentation.service.protocol import PatientProtocol
    from segmentation.service.uploads import Uploads
    from segmentation.service.work_queue import WorkQueue

    limits = options.limits
    keys = read_keys(options.keys) if options.keys else None
    with (
        listening(options.host, options.port) as listener,  # before models are loaded in vain
        closing(Log(options.quiet)) as log,
    ):
        models = models or serve_models(options, context)
        queue = WorkQueue(options.work.workers or cores(), limits.queue)
        uploads = Uploads(limits.uploads, limits.upload_s)
        metrics = Metrics(queue, uploads)
        kept_files = KeptFiles(limits.keep_minutes * 60, limits.keep_mb * 1e6, limits.keep_in)
        scoring = Probe(functools.partial(score_tiny, models.values()), "a tiny photo", "scored")
        health = Health(scoring, queue, limits.answer_s)
        disk = Probe(kept_files.try_out, "a file", "kept")
        service = CutoutService(queue, metrics, kept_files, log, limits.answer_s)
        server: Any = None
        app = application(
            models,
            service,
            uploads,
            health,
            disk,
            draining=lambda: bool(server and (server.draining or server.should_exit)),
        )
        gateway = Gateway(
            app,
            keys=keys,
            origins=options.allow_origin,
            most_bytes=int(limits.most_mb * 1e6),
            seconds=limits.upload_s,
            metrics=metrics,
            log=log,
        )
        config = uvicorn.Config(
            gateway,
            http=PatientProtocol,
            ws="none",
            log_level="critical",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=int(limits.answer_s) + _GRACE_S,
            limit_concurrency=_MOST_CONNECTIONS,
            proxy_headers=False,
        )
        server = DrainingServer(config)
        address = url_of(options.host, listener.getsockname()[1])

        def there() -> None:
            log("listening", address=address, models=list(models or ()), workers=queue.workers)
            opened(address)

        threading.Thread(target=tell_when_there, args=(server, there), daemon=True).start()
        threading.Thread(target=_end_on, args=(context.stop, server), daemon=True).start()
        try:
            with suppress(
                KeyboardInterrupt
            ):  # which uvicorn has raised again once it has ended in good order
                server.run(sockets=[listener])
        finally:
            queue.close()
            kept_files.close()
        log("ended")


def _end_on(stop: Callable[[], bool], server: Any) -> None:
    while not server.should_exit:
        if stop():
            server.should_exit = True
        time.sleep(0.1)


def is_open(options: ServeOptions) -> bool:
    """Return whether others than this machine reach a service that asks for no key."""
    return options.keys is None and not is_loopback(options.host)
