"""The settings that decide scores besides the models: engines, augmentation and cleaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from segmentation.inference.engines.precision import IN_WORDS as PRECISIONS_IN_WORDS

_IN_WORDS = {"openvino": "OpenVINO", "keras": "Keras", **PRECISIONS_IN_WORDS}


class EngineName(NamedTuple):
    """The engine of one pass: `name` openvino or keras, `precision` f32 or bf16."""

    name: str
    precision: str

    def __str__(self) -> str:
        name, precision = (_IN_WORDS.get(part, part) for part in self)
        return f"{name} in {precision}"


@dataclass(frozen=True)
class ScoreSettings:
    """The settings that decide the scores besides the models: each pass's engine, augmentation and cleaning.

    The limits of the cleaning are in pixels, and None where classes are marked.
    """

    engines: tuple[EngineName, ...] = ()
    tta: str = "none"
    tiles: str | None = None
    channels: str | None = None
    islands_px: int | None = None
    holes_px: int | None = None
    object_score: float | None = None

    @property
    def computed_by(self) -> str:
        """Engine and precision, named once where several passes share them."""
        return ", ".join(dict.fromkeys(map(str, self.engines)))

    def plain(self) -> dict[str, Any]:
        """Return them as JSON, with an engine and a precision for each pass."""
        saved = {
            "engine": ", ".join(engine.name for engine in self.engines),
            "precision": ", ".join(engine.precision for engine in self.engines),
            "tta": self.tta,
            "tiles": self.tiles,
            "channels": self.channels,
            "islands_px": self.islands_px,
            "holes_px": self.holes_px,
            "object_score": self.object_score,
        }
        return {name: value for name, value in saved.items() if value is not None}


_UNCALIBRATED = {
    "tta": "tta",
    "tiles": "tiles",
    "channels": "channels",
    "islands_px": "remove_islands",
    "holes_px": "fill_holes",
}


def uncalibrated(plain: Mapping[str, Any]) -> list[str]:
    """Return the options that make other masks than those that a confidence is fitted to, made without them.

    `plain` are settings as `ScoreSettings.plain` has them and a manifest records them.
    """
    return [name for key, name in _UNCALIBRATED.items() if plain.get(key) not in (None, "none", 0)]
