"""Options of `serve`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.files import FileOptions, TriageOptions
from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import ScoringOptions, WorkerOptions, max_pixels_option, threshold_option


@dataclass(frozen=True, kw_only=True)
class LimitOptions:
    """Limits on what a client may take of the service."""

    queue: int = option(
        16,
        "most photos that may wait for a worker; further ones are refused with a time to retry",
        metavar="N",
    )
    uploads: int = option(
        32,
        "photos that are received at the same time at most, each held in memory, and batches that are being "
        "answered",
        minimum=1,
        metavar="N",
        common=False,
    )
    most_mb: float = option(
        64.0,
        "largest photo, or batch of photos, in megabytes",
        minimum=0.001,
        metavar="MB",
    )
    max_pixels: int | None = max_pixels_option()
    upload_s: float = option(
        60.0,
        "seconds within which a request has to arrive, and within which its answer has to be taken",
        minimum=0.1,
        metavar="SECONDS",
        common=False,
    )
    answer_s: float = option(
        120.0,
        "seconds within which a photo that has arrived is answered or given up; one that is stuck for longer "
        "makes the service unhealthy",
        minimum=0.1,
        metavar="SECONDS",
        common=False,
    )
    keep_minutes: float = option(
        10.0, "minutes for which files stay to which an answer in JSON links", metavar="N", common=False
    )
    keep_mb: float = option(
        512.0,
        "megabytes of such files at most; the oldest go first",
        metavar="MB",
        common=False,
    )
    keep_in: Path | None = option(
        None,
        "folder for such files, where they outlast the service: links stay good when it is started again",
        shown="a folder for temporary files, which ends with the service",
        metavar="DIR",
        common=False,
    )


@dataclass(frozen=True, kw_only=True)
class ServeOptions(JobOptions):
    """Answer photos that other programs send by HTTP with their cutouts."""

    model: tuple[str, ...] = option(
        (),
        "model in the models folder, or its path; can be repeated: a client chooses one of them by its name, "
        "and gets the first where it names none",
        shown="the one named default, or else the only one",
        metavar="NAME",
    )
    host: str = option(
        "127.0.0.1",
        "address to listen on; nothing encrypts what is sent, so have a proxy with TLS before anything but a "
        "loopback address",
    )
    port: int = option(8000, "port to listen on; 0 for a free one", maximum=65535, metavar="N")
    keys: Path | None = option(
        None,
        "file of API keys, a name and a key on each line, one of which every client has to send",
        shown="none: whoever reaches the address may use it",
        metavar="FILE",
    )
    allow_origin: tuple[str, ...] = option(
        (),
        "origin whose pages may use the service in a browser, such as https://shop.example; can be repeated",
        shown="none",
        metavar="ORIGIN",
        common=False,
    )
    threshold: float | None = threshold_option()
    limits: LimitOptions = LimitOptions()
    files: FileOptions = FileOptions()
    scoring: ScoringOptions = ScoringOptions()
    triage: TriageOptions = TriageOptions()
    work: WorkerOptions = WorkerOptions()
    drift_photos: int = option(
        50,
        "warn when the last so many photos differ, on average, from those that the model knows; 0 for never",
        metavar="N",
        common=False,
    )
    quiet: bool = option(False, "no line for each request", common=False)
