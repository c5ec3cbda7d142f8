"""A folder that is watched in a time of its own: what happens in it is told beforehand, and nobody waits."""

import dataclasses
import sys
import threading
from collections.abc import Callable
from functools import partial
from json import loads
from pathlib import Path

from segmentation.config.jobs.watch import WatchOptions
from segmentation.core.events import Caution
from segmentation.inference.scorer import Scorer
from segmentation.jobs.context import Context
from segmentation.jobs.folder import PhotoDone
from segmentation.jobs.watch import Watch
from segmentation.outputs.result import Result
from support.folder_job import draw, kill_at, red_score, scorer_of


@dataclasses.dataclass
class Day:
    """The events in a folder, by the second, and what a watch tells; it is stopped at the second `end`.

    Time stands still while photos are being cut out.
    """

    happens: dict[float, Callable[[], object]]
    end: float
    now: float = 0.0
    every_s: float = 30.0
    events: list[object] = dataclasses.field(default_factory=list)
    watch: Watch | None = None

    def wait(self, seconds: float) -> bool:
        if self.watch and self.watch.in_hand:
            threading.Event().wait(0.001)
            return False
        self.now += seconds
        due = sorted(second for second in self.happens if second <= self.now)
        for second in due:
            self.happens.pop(second)()
        return bool(due)

    @property
    def results(self) -> list[Result]:
        return [event.result for event in self.events if isinstance(event, PhotoDone)]

    @property
    def cautions(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Caution)]


def watch_for(
    end: float,
    source: Path,
    output: Path,
    happens: dict[float, Callable[[], object]] | None = None,
    scorer: Scorer | None = None,
    **options: object,
) -> Day:
    """Watch a folder for so many seconds, in which `happens` what it says, with a cheap score function."""
    day = Day(dict(happens or {}), end)
    context = Context(tell=day.events.append, stop=lambda: day.now >= end)
    chosen = WatchOptions.of(**{"input": source, "output": output, "workers": 2, **options})
    day.watch = Watch(chosen, context, scorer or scorer_of(red_score), changes=day, clock=lambda: day.now)
    day.watch.run()
    return day


def arriving(folder: Path, *names: str) -> dict[float, Callable[[], object]]:
    """A photo every three seconds."""
    return {3.0 * number: partial(draw, folder / name, number) for number, name in enumerate(names, start=1)}


if __name__ == "__main__":
    folder, results, step = loads(sys.argv[1])
    if step:
        kill_at(step, Path(results))
    watch_for(60, Path(folder), Path(results), arriving(Path(folder), "late1.png", "late2.png"))
