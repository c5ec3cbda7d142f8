"""Is the service as fast as `predict`, how long does an answer take, and does it hold out?

    python benchmarks/serve.py [--requests N] [--clients N] [--photos N] [--model NAME] [--other ADDRESS]

Drawn photos of 1152x1728 go through `predict` and through a service in a process of its own, in turn, so that
a busy machine slows both. Printed are the throughput of the service against that of `predict`; the median and
the 99th percentile of the time of an answer at half of it; how much the memory grows from a tenth of the
requests to all; and what becomes of requests that come at three times of what it can do. Expected are at
least 0.9 of `predict`, less than 2% more memory over 10,000 requests, and no accepted photo lost.

`--other` is the address of another service under the same load, which takes a form with the photo as `file`,
such as http://127.0.0.1:7000/api/remove of `rembg s`.
"""

import argparse
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

from cutting import seconds_of
from project import ROOT

from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.parallel import cores
from segmentation.core.workspace import Workspace
from segmentation.inference.scorer import find_models, load_scorer
from segmentation.jobs.context import Context
from segmentation.jobs.predict import predict
from segmentation.synth import write_studio

_BOUNDARY = "photo-of-the-benchmark"
Sent = tuple[int, float]
"""The status of an answer, and the seconds that it took."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=400, help="of each measurement (default: 400)")
    parser.add_argument("--clients", type=int, default=32, help="at the same time (default: 32)")
    parser.add_argument("--photos", type=int, default=24, help="different photos (default: 24)")
    parser.add_argument("--model", default="default", help="(default: the one that comes with the program)")
    parser.add_argument("--other", help="address of another service (default: none)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _service(options.model, options.clients) as address:
        images = Path(folder) / "drawn" / "images"
        write_studio(images.parent, -(-options.photos // 3), 1152, 1728, 0)
        photos = [path.read_bytes() for path in sorted(images.iterdir())[: options.photos]]
        for extra in sorted(images.iterdir())[options.photos :]:
            extra.unlink()
        rate = _throughput(options, address, photos, images, Path(folder))
        _latency(options, address, photos, rate / 2)
        _overload(options, address, photos, 3 * rate)
        if options.other:
            count = options.requests // 4
            taken = seconds_of(lambda: _load(options.other, photos, count, options.clients, form=True))
            print(f"other      {count / taken:6.2f} photos/s, {rate * taken / count:.2f} times as many here")


def _throughput(
    options: argparse.Namespace, address: str, photos: Sequence[bytes], images: Path, folder: Path
) -> float:
    models = find_models([options.model], Workspace(ROOT).models)
    scorer = load_scorer(models, streams=cores())
    asked = PredictOptions.of(input=images, output=folder / "results", save=True, overwrite=True)

    def folder_of_photos() -> None:
        predict(asked, Context(), scorer)

    folder_of_photos()  # what runs first warms the machine up
    _load(address, photos, options.clients, options.clients)
    parts, sent, folder_s, memory = 4, [], 0.0, [0.0]
    started = 0.0
    for part in range(parts):
        folder_s += seconds_of(folder_of_photos)
        begun = time.perf_counter()
        tenth = max(options.clients, options.requests // 10) if part == 0 else 0
        if tenth:
            sent += _load(address, photos, tenth, options.clients)
            memory[0] = _memory(address)
        sent += _load(address, photos, options.requests // parts - tenth, options.clients)
        started += time.perf_counter() - begun
    memory.append(_memory(address))
    rate, plain = len(sent) / started, parts * len(photos) / folder_s
    growth = memory[1] / memory[0] - 1
    print(f"predict    {plain:6.2f} photos/s, {len(photos)} photos {parts} times")
    print(
        f"service    {rate:6.2f} photos/s, {rate / plain:.2f} of predict; {dict(Counter(s for s, _ in sent))}"
    )
    print(f"memory     {memory[1] / 1e6:6.0f} MB after {len(sent)} requests, {growth:+.1%} since a tenth")
    return rate


def _latency(options: argparse.Namespace, address: str, photos: Sequence[bytes], rate: float) -> None:
    sent = _load(address, photos, options.requests // 2, options.clients, rate=rate)
    seconds = [taken for _status, taken in sent]
    ninety_nine = statistics.quantiles(seconds, n=100)[98]
    print(
        f"half load  p50 {statistics.median(seconds):.2f} s, p99 {ninety_nine:.2f} s at {rate:.2f} photos/s"
    )


def _overload(options: argparse.Namespace, address: str, photos: Sequence[bytes], rate: float) -> None:
    sent = _load(address, photos, options.requests, 4 * options.clients, rate=rate)
    counts = Counter(status for status, _taken in sent)
    refused = [taken for status, taken in sent if status == 429]
    lost = sum(count for status, count in counts.items() if status not in (200, 429))
    wait = f"refused within {statistics.median(refused):.3f} s (median)" if refused else "none refused"
    print(f"overload   {counts[200]} answered, {counts[429]} {wait}, {lost} lost, at 3 times the throughput")


@contextmanager
def _service(model: str, clients: int) -> Iterator[str]:
    command = [sys.executable, str(ROOT / "main.py"), "serve", "--port", "0", "--quiet", "--model", model]
    command += ["--uploads", str(8 * clients), "--queue", str(clients)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        assert service.stdout
        yield json.loads(service.stdout.readline())["address"] + "/v1/cutouts"
        service.terminate()


def _load(
    address: str,
    photos: Sequence[bytes],
    requests: int,
    clients: int,
    *,
    rate: float | None = None,
    form: bool = False,
) -> list[Sent]:
    """Send photos, as fast as so many clients can, or so many a second; return what became of each."""
    begun = time.perf_counter()

    def send(numbered: tuple[int, bytes]) -> Sent:
        number, photo = numbered
        if rate:
            time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        started = time.perf_counter()
        try:
            status = _send(address, photo, form)
        except OSError:
            status = 0
        return status, time.perf_counter() - started

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(send, enumerate(islice(cycle(photos), requests))))


def _send(address: str, photo: bytes, form: bool) -> int:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=600)
    headers = {"content-type": f"multipart/form-data; boundary={_BOUNDARY}"} if form else {}
    connection.request("POST", place.path, _as_form(photo) if form else photo, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _as_form(photo: bytes) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return head.encode() + photo + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _memory(address: str) -> float:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    found = re.search(r"^process_resident_memory_bytes (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


if __name__ == "__main__":
    main()
