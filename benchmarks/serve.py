"""Is the service as fast as `predict`, how long does an answer take, and does it hold out?

    python benchmarks/serve.py [--requests N] [--clients N] [--input DIR] [--photos N] [--model NAME]
        [--quality NAME] [--other ADDRESS] [--field NAME=VALUE]

Photos go through `predict --save` and through a service in a process of its own, asked for the same mask and
cutout of each, in turn, so that a busy machine slows both. Printed are the throughput of the service against
that of `predict`; how much the memory grows from a tenth of the requests to all; and of at most 400 requests
more, the median and the 99th percentile of the time of an answer at half of that throughput, and what becomes
of requests that come at three times of it. Expected are at least 0.9 of `predict`, less than 2% more memory
over 10,000 requests, and no accepted photo lost.

`--other` is the address of another service under the same load, by turns too, which takes a form with the
photo as `file`, such as http://127.0.0.1:7000/api/remove of `rembg s`, and `--field` a further field of that
form, such as model=u2net.
"""

import argparse
import http.client
import json
import re
import statistics
import subprocess
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from cutting import seconds_of
from photos import gather
from program import PROGRAM
from project import ROOT

from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.parallel import cores
from segmentation.core.workspace import Workspace
from segmentation.inference.scorer import find_models, load_scorer
from segmentation.jobs.context import Context
from segmentation.jobs.predict import predict

_ASKED = "/v1/cutouts?format=json&files=mask,png"  # what `predict --save` writes
_BOUNDARY = b"--photo-of-the-benchmark"
_PARTS = 4
_OTHERS = 40  # requests to the other service between two parts
_ASIDE = 400  # requests of the measurements beside throughput and memory
Sent = tuple[int, float]
"""The status of an answer, and the seconds that it took."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=400, help="for the throughput (default: 400)")
    parser.add_argument("--clients", type=int, default=32, help="at the same time (default: 32)")
    parser.add_argument("--input", type=Path, help="folder of photos (default: drawn ones of 1152x1728)")
    parser.add_argument("--photos", type=int, default=24, help="of the folder (default: 24)")
    parser.add_argument("--model", default="default", help="(default: the one that comes with the program)")
    parser.add_argument("--quality", default="standard", help="as of `predict` (default: %(default)s)")
    parser.add_argument("--other", help="address of another service (default: none)")
    parser.add_argument("--field", help="of the form that the other service takes (default: none)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _service(options) as address:
        images = gather(options.input, options.photos, Path(folder))
        photos = [path.read_bytes() for path in sorted(images.iterdir())]
        rate = _throughput(options, address, photos, images, Path(folder))
        aside = min(options.requests, _ASIDE)
        _latency(_load(address, photos, aside, options.clients, rate=rate / 2), rate / 2)
        _overload(_load(address, photos, aside, 4 * options.clients, rate=3 * rate))


def _throughput(
    options: argparse.Namespace, address: str, photos: Sequence[bytes], images: Path, folder: Path
) -> float:
    asked = PredictOptions.of(
        input=images, output=folder / "results", save=True, overwrite=True, quality=options.quality
    )
    models = find_models([options.model], Workspace(ROOT).models, asked.scoring)
    scorer = load_scorer(models, scoring=asked.scoring, streams=cores())

    def folder_of_photos() -> None:
        predict(asked, Context(), scorer)

    folder_of_photos()  # what runs first warms the machine up
    _load(address, photos, options.clients, options.clients)
    forms = [_form_of(photo, options.field) for photo in photos]
    tenth = options.requests // 10
    counts = [tenth, *[(options.requests - tenth) // _PARTS] * _PARTS]
    sent: list[Sent] = []
    folder_s, service_s, other_s, memory = 0.0, 0.0, 0.0, []
    for count in counts:
        folder_s += seconds_of(folder_of_photos)
        answers, seconds = _timed_load(address, photos, count, options.clients)
        sent, service_s = [*sent, *answers], service_s + seconds
        memory.append(_memory(address))
        if options.other:
            answers, seconds = _timed_load(options.other, forms, _OTHERS, options.clients)
            if {status for status, _taken in answers} != {200}:
                raise SystemExit(f"{options.other}: expected cutouts, received {answers[-1][0]}")
            other_s += seconds
    rate, plain = len(sent) / service_s, len(counts) * len(photos) / folder_s
    statuses = dict(Counter(status for status, _taken in sent))
    print(f"predict    {plain:6.2f} photos/s, {len(photos)} photos {len(counts)} times")
    print(f"service    {rate:6.2f} photos/s, {rate / plain:.2f} of predict; answers by status {statuses}")
    print(
        f"memory     {memory[-1] / 1e6:6.0f} MB after {len(sent)} requests, "
        f"{memory[-1] / memory[0] - 1:+.1%} since {tenth}"
    )
    if options.other:
        other = len(counts) * _OTHERS / other_s
        print(f"other      {other:6.2f} photos/s, {rate / other:.2f} times as many here")
    return rate


def _latency(sent: Sequence[Sent], rate: float) -> None:
    seconds = [taken for _status, taken in sent]
    ninety_nine = statistics.quantiles(seconds, n=100)[98]
    print(
        f"half load  p50 {statistics.median(seconds):.2f} s, p99 {ninety_nine:.2f} s at {rate:.2f} photos/s"
    )


def _overload(sent: Sequence[Sent]) -> None:
    counts = Counter(status for status, _taken in sent)
    refused = [taken for status, taken in sent if status == 429]
    lost = sum(count for status, count in counts.items() if status not in (200, 429))
    wait = f"refused within {statistics.median(refused):.3f} s (median)" if refused else "none refused"
    print(f"overload   {counts[200]} answered, {counts[429]} {wait}, {lost} lost, at 3 times the throughput")


@contextmanager
def _service(options: argparse.Namespace) -> Iterator[str]:
    command = [*PROGRAM, "serve", "--port", "0", "--quiet", "--model", options.model]
    command += ["--quality", options.quality]
    command += ["--uploads", str(8 * options.clients), "--queue", str(options.clients)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        assert service.stdout
        address = json.loads(service.stdout.readline())["address"]
        reading = Thread(target=deque, args=(service.stdout, 0), daemon=True)  # a full pipe would stop it
        reading.start()
        yield address + _ASKED
        service.terminate()
        reading.join()


def _timed_load(
    address: str, bodies: Sequence[bytes], requests: int, clients: int
) -> tuple[list[Sent], float]:
    """Send photos as fast as so many clients can; return what became of each, and the seconds of all."""
    started = time.perf_counter()
    sent = _load(address, bodies, requests, clients)
    return sent, time.perf_counter() - started


def _load(
    address: str, bodies: Sequence[bytes], requests: int, clients: int, *, rate: float | None = None
) -> list[Sent]:
    """Send photos, as fast as so many clients can, or so many a second; return what became of each."""
    begun = time.perf_counter()

    def send(numbered: tuple[int, bytes]) -> Sent:
        number, body = numbered
        if rate:
            time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        started = time.perf_counter()
        try:
            status = _send(address, body)
        except OSError:
            status = 0
        return status, time.perf_counter() - started

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(send, enumerate(islice(cycle(bodies), requests))))


def _send(address: str, body: bytes) -> int:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=600)
    is_form = body.startswith(_BOUNDARY)
    kind = f"multipart/form-data; boundary={_BOUNDARY[2:].decode()}" if is_form else "image/jpeg"
    connection.request("POST", f"{place.path}?{place.query}", body, {"content-type": kind})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _form_of(photo: bytes, field: str | None) -> bytes:
    """Return a form of multipart/form-data with a photo as `file`, and a field NAME=VALUE."""
    parts = {b'name="file"; filename="a.jpg"': photo}
    if field:
        name, _, value = field.partition("=")
        parts[f'name="{name}"'.encode()] = value.encode()
    lines = [
        _BOUNDARY + b"\r\nContent-Disposition: form-data; " + about + b"\r\n\r\n" + content + b"\r\n"
        for about, content in parts.items()
    ]
    return b"".join([*lines, _BOUNDARY, b"--\r\n"])


def _memory(address: str) -> float:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    found = re.search(r"^process_resident_memory_bytes (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


if __name__ == "__main__":
    main()
