"""Models that are loaded by name and ready to score photos with the options of scoring."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.confidence.estimator import ConfidenceEstimator, estimator_for
from segmentation.config.scoring import ModelOptions, ScoringOptions
from segmentation.core.errors import ConfigError
from segmentation.core.events import Caution, Tell, ignore
from segmentation.core.types import ScoreFn
from segmentation.inference.engines import Engine
from segmentation.inference.engines.object_engine import ObjectEngine
from segmentation.inference.engines.precision import IN_WORDS as PRECISIONS_IN_WORDS
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scoring import asked_tiling, load_score, own_tiling
from segmentation.metrics.threshold import doubt_about
from segmentation.scores.augmentation import averaged, cleaned, flipped, rescaled
from segmentation.scores.channels import Channels
from segmentation.scores.tiles import Tiling

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


@dataclass(frozen=True)
class Scorer:
    """Models that work as one, ready to score photos.

    `score` includes the test-time augmentation and cleaning that were asked for; `estimator` adds features
    and confidence to its predictions; `threshold` turns the scores of a cutout into a mask; `arithmetic` says
    what computes the scores, and why in that precision. `tiling` are the tiles that were asked for, if any.
    """

    models: Ensemble
    score: ScoreFn
    estimator: ConfidenceEstimator
    threshold: float
    settings: ScoreSettings
    arithmetic: str = ""
    tiling: Tiling | None = None

    def enlargement(self, scores: np.ndarray) -> float:
        """Return how many times, 1 or more, the scores of a photo, float32 [H, W, C], were enlarged."""
        return self.models.enlargement(scores, self.tiling)


def find_models(
    names: Sequence[str], models_folder: Path, scoring: ScoringOptions = ScoringOptions()
) -> Ensemble:
    """Return the ensemble of some models by name or path, by default of the one that `find_bundle` takes.

    The passes are those of `scoring`. Raises what `find_bundle` and `choose_passes` raise.
    """
    wanted: Sequence[str | None] = names or [None]
    bundles = [find_bundle(name, models_folder) for name in wanted]
    return Ensemble(tuple(choose_passes(bundle, scoring) for bundle in bundles))


def choose_passes(bundle: ModelBundle, scoring: ScoringOptions) -> ModelBundle:
    """Return the bundle, or its first pass alone where `scoring` is for that.

    Raises ConfigError where both passes are asked for but the model has one, where passes are chosen for a
    model of classes, and for a matte; a quality is for every model.
    """
    if bundle.matte:
        raise _no_mask(bundle, "leave it out of `model`")
    double_pass = scoring.double_pass
    if double_pass is not None:
        require_cutout(bundle, "`double_pass`" if double_pass else "`no_double_pass`", "leave it out")
    if double_pass and not bundle.first:
        raise ConfigError(
            f"`double_pass`: expected a model with two passes, received {bundle.name}, which has one; "
            f"`train second_pass={bundle.name}` adds the second"
        )
    return bundle.first if bundle.first and not scoring.way.double_pass else bundle


def load_scorer(
    models: Ensemble,
    options: ModelOptions = ModelOptions(),
    scoring: ScoringOptions = ScoringOptions(),
    *,
    streams: int = 1,
    tell: Tell = ignore,
) -> Scorer:
    """Return models ready to score up to `streams` photos at the same time.

    Raises what `load_engine` raises. Tells a Caution where the slow reference engine computes the scores
    because the model has no export, and where the threshold is at an end of the scores.
    """
    if models.finds_objects:
        _check_objects(models, scoring)
    _check_parts(models, options, scoring)
    asked = asked_tiling(scoring)
    tilings = [asked or own_tiling(bundle, scoring.overlap) for bundle in models.members]
    channels = _channels(scoring, models)
    loaded = [
        _load_score(bundle, scoring, tiling, channels, streams, tell)
        for bundle, tiling in zip(models.members, tilings, strict=True)
    ]
    threshold = models.threshold if options.threshold is None else options.threshold
    if models.labels.binary and (doubt := doubt_about(threshold)):
        tell(Caution(doubt))
    score = averaged([score for score, _ in loaded])
    if isinstance(score, ObjectEngine):
        score = dataclasses.replace(score, least_score=options.object_score)
    augmentations = scoring.way.tta.split("+")
    if "scales" in augmentations:
        score = rescaled(score)
    if "flip" in augmentations:
        score = flipped(score, models.labels)
    limits = {"islands_px": scoring.remove_islands, "holes_px": scoring.fill_holes}
    if any(limits.values()):
        score = cleaned(score, threshold, **limits)
    estimator = estimator_for(
        [its_engines[0] for _, its_engines in loaded], models.first_threshold, models.confidence_model
    )
    engines = [engine for _, its_engines in loaded for engine in its_engines]
    settings = ScoreSettings(
        tuple(EngineName(engine.name, engine.precision) for engine in engines),
        scoring.way.tta,
        "; ".join(dict.fromkeys(str(tiling) for tiling in tilings if tiling)) or None,
        str(channels) if channels else None,
        **(limits if models.labels.binary else {}),
        object_score=options.object_score if models.finds_objects else None,
    )
    arithmetic = "; ".join(dict.fromkeys(map(_with_reason, engines)))
    return Scorer(models, score, estimator, threshold, settings, arithmetic, asked)


def require_cutout(bundle: ModelBundle, what: str, remedy: str = "choose another `model`") -> None:
    """Raise ConfigError for a bundle that does not cut one thing out, but marks several classes.

    `what` names the job or the options that can do nothing with it. A matte is refused as well, since it cuts
    nothing out.
    """
    if bundle.matte:
        raise _no_mask(bundle, remedy)
    if not bundle.labels.binary:
        raise ConfigError(
            f"{what}: expected a model that cuts one thing out, received {bundle.name}, which marks "
            f"{len(bundle.labels.names)} classes; {remedy}"
        )


def refuse_objects(bundle: ModelBundle, what: str, remedy: str) -> None:
    """Raise ConfigError for a bundle that finds objects one by one; `what` can do nothing with them."""
    if bundle.finds_objects:
        raise ConfigError(
            f"{what}: expected a model of scores, received {bundle.name}, which finds objects; {remedy}"
        )


def _no_mask(bundle: ModelBundle, remedy: str) -> ConfigError:
    return ConfigError(
        f"`model`: expected a model that makes masks, received {bundle.name}, which finds the alpha in a "
        f"trimap; {remedy}, and give it to `predict matte={bundle.name}`, or to `eval`"
    )


def options_of_masks(given: frozenset[str]) -> list[str]:
    """Return those of the given options that mean nothing where classes are marked, as messages name them."""
    return [f"`{name}`" for name in ("threshold", "remove_islands", "fill_holes") if name in given]


def _check_objects(models: Ensemble, scoring: ScoringOptions) -> None:
    """Raise ConfigError for what would lose the objects among the scores that they make."""
    if len(models.members) > 1:
        raise ConfigError(f"`model`: expected one model that finds objects, received {models.name}; take one")
    given = {
        "tta": scoring.way.tta != "none",
        "tiles": scoring.tiles,
        "channels": scoring.channels != "rgb",
        "remove_islands": scoring.remove_islands,
        "fill_holes": scoring.fill_holes,
    }
    for option in (option for option, value in given.items() if value):
        cause = "`quality=best`" if option == "tta" and not scoring.tta else f"`{option}`"
        refuse_objects(models.members[0], cause, "leave it out")


def _check_parts(models: Ensemble, options: ModelOptions, scoring: ScoringOptions) -> None:
    """Raise ConfigError for an option of what is not done, which would be without effect."""
    usual, own_tiles = ScoringOptions(), any(own_tiling(bundle, 0.0) for bundle in models.members)
    without = {}
    if not scoring.tiles:
        without["tiles_on"] = "with `tiles`"
    if not (scoring.tiles or own_tiles):
        without["overlap"] = "with `tiles`, or of a model that sees tiles"
    if scoring.channels == usual.channels:
        without |= dict.fromkeys(("channel_names", "channel_merge"), "with `channels`")
    for name, expected in without.items():
        if getattr(scoring, name) != getattr(usual, name):
            raise ConfigError(f"`{name}`: expected {expected}, received alone; add that, or leave it out")
    if not models.finds_objects and options.object_score != ModelOptions().object_score:
        raise ConfigError(
            f"`object_score`: expected of a model that finds objects, received {models.name}, which finds "
            "none; leave it out"
        )


def _channels(scoring: ScoringOptions, models: Ensemble) -> Channels | None:
    """Return the channels. Raises ConfigError for models without passes to cross, or not one weight each."""
    if scoring.channels == "rgb":
        return None
    cross = scoring.channels == "cross"
    if cross and (single := [bundle.name for bundle in models.members if not bundle.first]):
        raise ConfigError(
            f"`channels=cross`: expected a model with two passes, received {single[0]}, which has one; "
            "use `channels=each`"
        )
    channels = Channels(scoring.channel_names, cross, scoring.channel_merge)
    pairs = len(channels.pairs())
    if not pairs:
        raise ConfigError(
            "`channels=cross`: expected two `channel_names` at least, received one; add another"
        )
    if not isinstance(channels.merge, str) and len(channels.merge) != pairs:
        raise ConfigError(
            f"`channel_merge`: expected {pairs} weights, one for each picture that is scored, received "
            f"{len(channels.merge)}"
        )
    return channels


def _with_reason(engine: Engine) -> str:
    name = str(EngineName(engine.name, engine.precision))
    return f"{name}, since {engine.reason}" if engine.reason else name


def _load_score(
    bundle: ModelBundle,
    scoring: ScoringOptions,
    tiling: Tiling | None,
    channels: Channels | None,
    streams: int,
    tell: Tell,
) -> tuple[ScoreFn, list[Engine]]:
    score, engines = load_score(
        bundle,
        engine=scoring.engine,
        precision=scoring.way.precision,
        streams=streams,
        tiling=tiling,
        channels=channels,
    )
    if scoring.engine == "auto" and any(engine.name == "keras" for engine in engines):
        tell(
            Caution(
                f"{bundle.name} has no OpenVINO export, so Keras computes the scores, slowly; "
                f"`export model={bundle.name}` adds one"
            )
        )
    return score, engines
