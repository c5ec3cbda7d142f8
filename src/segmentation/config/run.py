"""The configuration of a training run in sections, as its bundle records it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from segmentation.config.adversaries import AdversarialConfig
from segmentation.config.augmentation import AugmentConfig
from segmentation.config.data import DataConfig
from segmentation.config.loss import LossConfig
from segmentation.config.matting import MatteConfig
from segmentation.config.network import ModelConfig
from segmentation.config.option_field import OptionField
from segmentation.config.options import accept, options_of, plain, replaced
from segmentation.config.preprocessing import PreprocessConfig
from segmentation.config.second_pass import SecondPassConfig
from segmentation.config.training import TrainConfig


@dataclass(frozen=True)
class RunConfig:
    """All sections of a training run; field names are unique across sections, so options stay flat."""

    data: DataConfig = DataConfig()
    preprocessing: PreprocessConfig = PreprocessConfig()
    augmentation: AugmentConfig = AugmentConfig()
    model: ModelConfig = ModelConfig()
    second_pass: SecondPassConfig = SecondPassConfig()
    matte: MatteConfig = MatteConfig()
    loss: LossConfig = LossConfig()
    adversaries: AdversarialConfig = AdversarialConfig()
    training: TrainConfig = TrainConfig()

    @property
    def guides(self) -> tuple[str, ...]:
        """Return the channels that a network of mattes sees behind the photo; none for others."""
        if self.data.target != "alpha":
            return ()
        return ("trimap",) if self.matte.prior == "none" else ("trimap", "alpha")

    @property
    def strokes(self) -> bool:
        """True for a network that sees strokes of a person in a channel of their own."""
        return self.augmentation.strokes > 0 and self.second_pass.guided

    def replace(self, **options: Any) -> "RunConfig":
        """Return a copy with flat options set: `replace(epochs=3, filters=8)`; texts are read.

        Raises ConfigError for an unknown option and for an invalid value.
        """
        return replaced(self, accept(RunConfig, options))

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Return the configuration as plain values, sections as nested dictionaries."""
        return plain(self)

    @classmethod
    def from_json(cls, saved: dict[str, dict[str, Any]]) -> "RunConfig":
        """Return the configuration that `to_json` saved; what older versions did not have keeps its default.

        Raises ValueError for an unknown section or option and for an invalid value; the message names the
        section and the option.
        """
        known: dict[str, dict[str, OptionField]] = {}
        for found in options_of(cls):
            known.setdefault(found.section[0], {})[found.name] = found
        _check_names("config", saved, known)
        values = {}
        for section, options in saved.items():
            _check_names(f"config.{section}", options, known[section])
            for name, value in options.items():
                values[name] = _read_saved(f"config.{section}.{name}", known[section][name], value)
        return replaced(cls(), values)


def _check_names(place: str, saved: Any, known: Iterable[str]) -> None:
    if not isinstance(saved, dict):
        raise ValueError(f"{place}: expected a dictionary, received {saved!r}")
    unknown = [name for name in saved if name not in known]
    if unknown:
        raise ValueError(f"{place}: expected some of {', '.join(known)}, received {unknown[0]!r}")


def _read_saved(place: str, found: OptionField, value: Any) -> Any:
    """Read the value of an option, which is saved as a number where it is one and else as a text."""
    if value is None and found.optional:
        return None
    numbers = {int: (int,), float: (int, float)}.get(found.kind, ())
    allowed = (*numbers, *(() if numbers and not found.about.parse else (str,)))
    if isinstance(value, bool) or not isinstance(value, allowed):
        names = " or ".join(sorted({kind.__name__ for kind in allowed}))
        raise ValueError(f"{place}: expected {names}, received {value!r}")
    try:
        return found.accept(value)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
