"""The page of a review in the system's Chromium, and the program that serves it."""

import json
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from support.ports import free_port
from support.prepared import Prepared
from support.waiting import PATIENCE_S, wait_until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

ON_SCREEN = """(x, y) => {
    const {view} = review, box = view.canvas.getBoundingClientRect(), ratio = view.canvas.width / box.width;
    const [across, down] = view.onScreen([x, y]);
    return [box.left + across / ratio, box.top + down / ratio];
}"""
SEEN = """(left, top, width, height) => {
    const {view} = review, {scale} = view;
    view.draw();
    const part = [view.left + left * scale, view.top + top * scale, width * scale, height * scale];
    return Array.from(view.canvas.getContext('2d').getImageData(...part).data);
}"""
COMES_BACK = "document.dispatchEvent(new Event('visibilitychange'))"  # somebody, to the tab
KEY = """(times, event) => {
    for (let time = 0; time < times; time++)
        document.body.dispatchEvent(new KeyboardEvent('keydown', {...event, repeat: time > 0}));
}"""
WHEEL = """(times, event) => {
    const canvas = review.view.cursor, box = canvas.getBoundingClientRect();
    const place = {clientX: box.left + 300, clientY: box.top + 200, cancelable: true};
    for (; times; times--) canvas.dispatchEvent(new WheelEvent('wheel', {...place, ...event}));
}"""

OWN = {"x-review": "1"}
"""The header by which the page knows that its own program has answered."""
DECIDE = ("Enter", "a", "r")
WINDOW = {"width": 1366, "height": 768}


class Page:
    """A tab that shows the page of a review."""

    def __init__(self, tab, address: str):
        self.tab = tab
        self.errors: list[str] = []
        tab.set_default_timeout(PATIENCE_S * 1000)
        self._devtools = tab.context.new_cdp_session(tab)
        tab.on("pageerror", lambda error: self.errors.append(str(error)))
        tab.goto(address)
        self.wait_for("window.review && review.work")

    def __call__(self, expression: str):
        """Return the value of an expression on the page."""
        return self.tab.evaluate(expression)

    def wait_for(self, expression: str) -> None:
        wait_until(lambda: self(f"Boolean({expression})"), expression)

    def settle(self) -> None:
        """Wait until the program has answered to all that was done, and the canvas shows it."""
        self.wait_for(
            "review.work && !review.work.active && !review.work.waiting.length && !review.view.waiting"
        )

    def press(self, *keys: str) -> None:
        """Press keys; those that decide are pressed by somebody who has seen the photo."""
        for key in keys:
            if key in DECIDE:
                self.wait_for("review.isSeen")
            self.tab.keyboard.press(key)

    def key(self, key: str, times: int = 1, **event: object) -> None:
        """Send a key with all that a keyboard says of it: held, it is sent several times."""
        self(f"({KEY})({times}, {json.dumps({'key': key, 'bubbles': True, **event})})")

    def move_to_screen(self, ratio: float) -> None:
        """Move the window to a screen with so many pixels for each of the page's.

        Without a window Chromium tells the page nothing of it.
        """
        shown = {**WINDOW, "deviceScaleFactor": ratio, "mobile": False}
        self._devtools.send("Emulation.setDeviceMetricsOverride", shown)
        self.wait_for(f"devicePixelRatio === {ratio}")

    def on_screen(self, x: float, y: float) -> tuple[float, float]:
        """Return the position in the window of a place in the photo."""
        return tuple(self(f"({ON_SCREEN})({x}, {y})"))

    def click(self, x: float, y: float) -> None:
        self.tab.mouse.move(*self.on_screen(x, y))
        self.tab.mouse.click(*self.on_screen(x, y))
        self.settle()

    def drag(self, *places: tuple[float, float], release: bool = True) -> None:
        """Press the button at the first place and lead the pointer over the others."""
        self.tab.mouse.move(*self.on_screen(*places[0]))
        self.tab.mouse.down()
        for place in places[1:]:
            self.tab.mouse.move(*self.on_screen(*place), steps=6)
        if release:
            self.tab.mouse.up()
            self.settle()

    def touch(self, what: str, **fingers: tuple[float, float]) -> None:
        """Put fingers down ("touchStart"), move them, lift all ("touchEnd"), or have them taken away.

        Whichever is not given any more is lifted. Their names are a letter and a number, their places in the
        photo.
        """
        points = [
            {"id": int(name[1:]), "x": x, "y": y}
            for name, place in fingers.items()
            for x, y in [self.on_screen(*place)]
        ]
        self._devtools.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": points})

    def turn_wheel(self, times: int, **event: object) -> None:
        """Send events of a wheel or a trackpad at one place of the stage."""
        self(f"({WHEEL})({times}, {json.dumps(event)})")

    def zoom(self, scale: float, x: float, y: float) -> None:
        """Show a place of the photo in the middle of the stage."""
        self(f"review.view.zoomTo({scale})")
        self(f"review.view.left = Math.round(review.view.canvas.width / 2 - {x * scale})")
        self(f"review.view.top = Math.round(review.view.canvas.height / 2 - {y * scale})")
        self("review.view.moved()")
        self.settle()

    def mask(self) -> np.ndarray:
        """The mask that the page holds, uint8 [H, W]."""
        width, height, values = self(
            "[review.work.layers.width, review.work.layers.height, Array.from(review.work.layers.mask)]"
        )
        return np.array(values, np.uint8).reshape(height, width)

    def seen_mask(self, left: int, top: int, width: int, height: int) -> np.ndarray:
        """Return what the canvas shows of a part in the view of the mask: uint8 [h, w], on the screen."""
        assert self("review.view.mode") == "mask"
        values = self(f"({SEEN})({left}, {top}, {width}, {height})")
        scale = round(self("review.view.scale"))
        pixels = np.array(values, np.uint8).reshape(height * scale, width * scale, 4)
        assert (pixels[..., 0] == pixels[..., 1]).all()
        assert (pixels[..., 3] == 255).all()
        return pixels[..., 0]

    @property
    def name(self) -> str:
        return self("review.queue.current.name")


@contextmanager
def browser() -> Iterator:
    """Chromium without a window; the test is skipped where it is not installed."""
    if not CHROMIUM:
        pytest.skip("no Chromium is here: `apt-get install chromium` adds one")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    with playwright.sync_playwright() as driver:
        shown = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE_S * 1000
        )
        yield shown
        shown.close()


class Server:
    """The program at `review`, as a process that can be killed and started again at the same port."""

    def __init__(self, results, *options, port: int | None = None):
        self._results = results
        self._options = [*options, "--port", str(port or free_port())]
        self.address = ""
        self.start()

    def start(self) -> None:
        self.process = Prepared("review", self._results, "--no-browser", *self._options)
        line = self.process.output.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"no address in {line!r}: {self.process.output.read()}"
        assert self.address in ("", found[0]), "another program has taken the port of the open page"
        self.address = found[0]

    def kill(self) -> None:
        self.process.end_by(signal.SIGKILL)

    def end(self) -> tuple[int, str]:
        """End it as a person does; return its status and what it printed."""
        return self.process.end_by(signal.SIGINT)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.runs:
            self.kill()
