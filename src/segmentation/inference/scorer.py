"""Models that are loaded by name and ready to score photos with the options of scoring."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.confidence.estimator import ConfidenceEstimator, estimator_for
from segmentation.config.scoring import ModelOptions, ScoringOptions
from segmentation.core.events import Caution, Tell, ignore
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction, ScoreFn
from segmentation.images.lab import make_tables_of_lab
from segmentation.inference.engines import Engine
from segmentation.inference.engines.object_engine import ObjectEngine
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.predict import predict
from segmentation.inference.score_settings import EngineName, ScoreSettings
from segmentation.inference.scoring import asked_tiling, load_score, own_tiling
from segmentation.inference.suitability import check_scoring, choose_channels, choose_passes
from segmentation.metrics.threshold import doubt_about
from segmentation.scores.augmentation import averaged, cleaned, flip_averaged, scale_averaged
from segmentation.scores.channels import Channels
from segmentation.scores.tiles import Tiling


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

    def predict(self, sample_id: str, photo: np.ndarray, *, estimate: bool) -> Prediction:
        """Predict uint8 RGB [H, W, 3].

        With `estimate` the prediction has features and, where the models have a confidence model, a
        confidence.
        """
        estimator = self.estimator if estimate else None
        return predict(self.score, self.models, sample_id, photo, self.threshold, estimator)

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


def load_scorer(
    models: Ensemble,
    options: ModelOptions = ModelOptions(),
    scoring: ScoringOptions = ScoringOptions(),
    *,
    streams: int = 1,
    tell: Tell = ignore,
) -> Scorer:
    """Return models ready to score up to `streams` photos at the same time.

    Raises ConfigError for options that do not fit the models or each other, and what `load_engine` raises.
    Tells a Caution where the slow reference engine computes the scores because the model has no export, and
    where the threshold is at an end of the scores.
    """
    check_scoring(models, options, scoring)
    if models.labels.binary:
        # which the estimator needs, while the networks are compiled; a daemon in OpenCV would abort an end
        Thread(target=make_tables_of_lab).start()
    asked = asked_tiling(scoring)
    tilings = [asked or own_tiling(bundle, scoring.overlap) for bundle in models.members]
    channels = choose_channels(models, scoring)
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
    estimator = estimator_for(
        [its_engines[0] for _, its_engines in loaded], models.first_threshold, models.confidence_model
    )
    engines = [engine for _, its_engines in loaded for engine in its_engines]
    settings = ScoreSettings(
        tuple(EngineName(engine.name, engine.precision) for engine in engines),
        scoring.resolved.tta,
        "; ".join(dict.fromkeys(str(tiling) for tiling in tilings if tiling)) or None,
        str(channels) if channels else None,
        **(_limits(scoring) if models.labels.binary else {}),
        object_score=options.object_score if models.finds_objects else None,
    )
    arithmetic = "; ".join(dict.fromkeys(map(_with_reason, engines)))
    score = _augmented(score, models.labels, threshold, scoring)
    return Scorer(models, score, estimator, threshold, settings, arithmetic, asked)


def _augmented(score: ScoreFn, labels: LabelMap, threshold: float, scoring: ScoringOptions) -> ScoreFn:
    """Return the score function with the test-time augmentation and the cleaning that are asked for."""
    augmentations = scoring.resolved.tta.split("+")
    if "scales" in augmentations:
        score = scale_averaged(score)
    if "flip" in augmentations:
        score = flip_averaged(score, labels)
    limits = _limits(scoring)
    return cleaned(score, threshold, **limits) if any(limits.values()) else score


def _limits(scoring: ScoringOptions) -> dict[str, int]:
    return {"islands_px": scoring.remove_islands, "holes_px": scoring.fill_holes}


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
        precision=scoring.resolved.precision,
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
