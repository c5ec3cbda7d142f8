"""Drift: how photos as a whole differ from those that a model was fitted on, and an alarm about it."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from segmentation.confidence.model import DRIFT, ConfidenceModel, Features

SHIFTED = 1.0
"""The number of standard deviations from which photos, on average, are reported as different."""


@dataclass
class Drift:
    """The mean deviation of photos from the known ones, in standard deviations, by features of DRIFT."""

    _sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(DRIFT, 0.0))
    _counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DRIFT, 0))

    @classmethod
    def of(cls, photos: Iterable[Mapping[str, float]]) -> "Drift":
        """Return the drift of photos, each by its deviations."""
        drift = cls()
        for deviations in photos:
            drift.add(deviations)
        return drift

    def add(self, deviations: Mapping[str, float]) -> None:
        """Take in the deviations of a photo, see `ConfidenceModel.deviations`."""
        for name, deviation in deviations.items():
            self._sums[name] += deviation
            self._counts[name] += 1

    @property
    def mean(self) -> dict[str, float]:
        """The mean of each feature that any photo had."""
        return {name: self._sums[name] / self._counts[name] for name in DRIFT if self._counts[name]}


def shifts_of(drift: Mapping[str, float]) -> list[str]:
    """Return in words what a mean deviation says, the largest first; nothing below SHIFTED."""
    far = {name: value for name, value in drift.items() if abs(value) >= SHIFTED}
    ordered = sorted(far, key=lambda name: -abs(far[name]))
    return [f"{DRIFT[name][far[name] > 0]} ({far[name]:+.1f} standard deviations)" for name in ordered]


class DriftAlarm:
    """Tells once when the last `photos` differ, on average, from those that a model knows.

    It tells again when they differ in another way as well, and after they were as usual in between.
    """

    def __init__(self, confidence_model: ConfidenceModel, photos: int):
        self._model = confidence_model
        self._latest: deque[Mapping[str, float]] = deque(maxlen=photos)
        self._told: set[str] = set()

    def add(self, features: Features) -> list[str]:
        """Take in a photo by its features; return in words what is to be told, nothing as a rule."""
        self._latest.append(self._model.deviations(features))
        mean = self.mean
        now = {name for name, value in mean.items() if abs(value) >= SHIFTED}
        news = now - self._told
        self._told = self._told | now if now else set()
        return shifts_of(mean) if news else []

    @property
    def mean(self) -> dict[str, float]:
        """The mean deviation of the latest photos; empty until there are as many as it looks at."""
        if len(self._latest) < (self._latest.maxlen or 0):
            return {}
        return Drift.of(self._latest).mean
