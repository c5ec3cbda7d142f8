"""Does the page of a review keep up with a person? Seconds until what was asked for is on the screen.

    python benchmarks/review_page.py [--photos N] [--photo FILE] [--large WxH] [--rounds N] [--model NAME]

`review` serves the results of one photo under many names, and of one photo of a large size. Chromium, without
a window, opens the first photo in a fresh tab, goes on to the next ones, and draws strokes that the network
follows; seconds are those of the page's own clock, until the canvas is drawn. It needs Chromium, playwright
and pytest, as the tests of the page do.
"""

import argparse
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
from many import many_photos, many_results
from program import predict
from project import ROOT

from segmentation.core.size import Size
from segmentation.images.files import open_photo, write_image

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # the tests have the page's hands and eyes

OPENED = """const look = () => {
    if (window.review?.work && !review.view.waiting) window.shownAt = performance.now() / 1000;
    else requestAnimationFrame(look);
};
requestAnimationFrame(look);"""
NEXT = """async () => {
    const before = review.work, started = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
    do await new Promise(requestAnimationFrame);
    while (!review.work || review.work === before || review.view.waiting);
    return (performance.now() - started) / 1000;
}"""
LET_GO = """() => {
    window.followed = new Promise(resolve => document.addEventListener("pointerup", async event => {
        do await new Promise(requestAnimationFrame); while (review.work.active || review.view.waiting);
        resolve((performance.now() - event.timeStamp) / 1000);
    }, {once: true, capture: true}));
}"""
LOOKS_MS = 1000  # a person looks at a photo, while the next one is opened ahead


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=2000, help="names of the photo (default: 2000)")
    parser.add_argument("--photo", type=Path, help="(default: a drawn one of 1152x1728)")
    parser.add_argument(
        "--large",
        type=Size.parse,
        default=Size(9000, 6000),
        help="size of the large one (default: 6000x9000)",
    )
    parser.add_argument("--rounds", type=int, default=7, help="of each measurement (default: 7)")
    parser.add_argument("--model", default="default", help="name or path of a model (default: default)")
    options = parser.parse_args()
    if missing := _missing():
        print(f"review page: skipped, {missing}")
        return
    from support.browser import browser

    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        work = Path(folder)
        first = many_photos(options.photo, work / "photos", options.photos)
        many_results(first, work / "results", options.photos, options.model)
        print(f"{options.photos} photos, medians of {options.rounds}")
        _review(chromium, work / "results", options)
        large = work / "large" / "photo.jpg"
        size = options.large.width, options.large.height
        pixels = cv2.resize(open_photo(first).pixels, size, interpolation=cv2.INTER_CUBIC)
        write_image(large, pixels, quality=92)
        del pixels
        predict(large.parent, work / "large-results", "--model", options.model)
        print(f"a photo of {options.large}")
        _review_large(chromium, work / "large-results")


def _missing() -> str:
    for package in ("playwright", "pytest"):
        if not find_spec(package):
            return f"it needs {package}: pip install {package}"
    from support.browser import CHROMIUM

    return "" if CHROMIUM else "it needs Chromium: `apt-get install chromium` adds one"


def _review(chromium: Any, results: Path, options: argparse.Namespace) -> None:
    from support.browser import Server

    started = time.perf_counter()
    with Server(results, "--model", options.model) as server:
        _say("page served, from the command on", time.perf_counter() - started)
        opened = []
        for _ in range(options.rounds):
            page, seconds = _opened(chromium, server.address)
            opened.append(seconds)
            page.tab.context.close()
        _say("first photo, in the first tab", opened[0], 1.5)
        _say("first photo", statistics.median(opened), 1.5)
        page, _seconds = _opened(chromium, server.address)
        passed = []
        for _ in range(options.rounds):
            page.tab.wait_for_timeout(LOOKS_MS)
            passed.append(page(f"({NEXT})()"))
        _say("next photo", statistics.median(passed), 0.15)
        _say("stroke of the network", statistics.median(_strokes(page, options.rounds)), 0.4)
        _say_memory(chromium, server)
        page.tab.context.close()


def _review_large(chromium: Any, results: Path) -> None:
    from support.browser import Server

    with Server(results) as server:
        page, seconds = _opened(chromium, server.address)
        _say("opened", seconds)
        _say_memory(chromium, server)
        page.tab.context.close()


def _opened(chromium: Any, address: str) -> tuple[Any, float]:
    """Return a page in a fresh tab, and the seconds until its photo is on the screen."""
    from support.browser import WINDOW, Page

    tab = chromium.new_context(viewport=WINDOW).new_page()
    tab.add_init_script(OPENED)
    page = Page(tab, address)
    page.wait_for("window.shownAt")
    return page, page("shownAt")


def _strokes(page: Any, count: int) -> list[float]:
    """Lead strokes through the garment, as if it did not belong to it, and return the seconds of each."""
    with page.tab.expect_response(lambda answer: answer.url.endswith("/hints")):  # the network is loaded
        page.press("q")
    page("review.tools.settings.size = 14; review.tools.settings.add = false; review.tools.settle()")
    width, height = page("[review.work.layers.width, review.work.layers.height]")
    seconds = []
    for stroke in range(count):
        down = height * (0.35 + 0.3 * stroke / count)
        page.drag((0.45 * width, down), (0.55 * width, down + 0.02 * height), release=False)
        page(f"({LET_GO})()")
        page.tab.mouse.up()
        seconds.append(page("window.followed"))
        page.settle()
    return seconds


def _say(what: str, seconds: float, target: float | None = None) -> None:
    print(f"  {what:34}{seconds:6.2f} s{f', at most {target:g} expected' if target else ''}", flush=True)


def _say_memory(chromium: Any, server: Any) -> None:
    processes = chromium.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    tab = max(_megabytes(one["id"], "RSS") for one in processes if one["type"] == "renderer")
    peak = _megabytes(server.process.pid, "HWM")
    print(
        f"  {'memory of the server, at its peak':34}{peak:6.0f} MB\n  {'memory of the tab':34}{tab:6.0f} MB"
    )


def _megabytes(process: int, what: str) -> float:
    """Return the resident memory of a process, now (RSS) or at its peak (HWM), by Linux."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"Vm{what}:")) / 1024


if __name__ == "__main__":
    main()
