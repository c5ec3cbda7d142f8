"""The verdict on a photo: whether its mask is taken as it is, reviewed or redone, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from segmentation.confidence.cleanness import likely_fault_in_words
from segmentation.confidence.model import (
    EVERYTHING,
    LEAST_AREA,
    MOST_THICK_DISAGREEMENT,
    NOTHING,
    UNCONFIRMED,
    ConfidenceModel,
    Features,
    unlike,
)
from segmentation.confidence.parts import several_garments, words_of
from segmentation.confidence.promise import Promise
from segmentation.confidence.shot import words_of_shot
from segmentation.core.errors import ConfigError
from segmentation.core.predictions import Prediction


@dataclass(frozen=True)
class Limits:
    """The confidence from which a mask is accepted as it is, and below which it is better made by hand.

    `clean` is how likely an accepted mask has to be without a fault, where that is known; 0 asks for nothing.
    A `promise` stands in for `auto` and `clean`: accepted is what is as certain as its limit.
    """

    auto: float
    redo: float
    promise: Promise | None = None
    clean: float = 0.0

    def __post_init__(self) -> None:
        if self.redo > self.auto:
            raise ConfigError(
                f"`redo_below`: expected at most `auto_from`, {self.auto:g}, received {self.redo:g}; "
                "lower it, or raise `auto_from`"
            )

    def holds_back(self, clean: float | None) -> bool:
        """Return whether a mask, `clean` with this probability, is too likely to have a fault."""
        return self.promise is None and clean is not None and clean < self.clean


@dataclass(frozen=True)
class Verdict:
    """One of DECISIONS, why it is not `auto`, and the promise by which it was made, if any."""

    decision: str
    reasons: tuple[str, ...] = ()
    promise: Promise | None = None

    def besides(self, reason: str) -> "Verdict":
        """Return the verdict with another reason, which asks for a review at least."""
        decision = "review" if self.decision == "auto" else self.decision
        return replace(self, decision=decision, reasons=(*self.reasons, reason))


@dataclass(frozen=True)
class PhotoTriage:
    """The triage of photos one by one, by a confidence model within some limits."""

    confidence_model: ConfidenceModel
    limits: Limits

    @classmethod
    def of(cls, confidence_model: ConfidenceModel | None, limits: Limits | None) -> Self | None:
        """Return the triage by these; None where one of them is missing."""
        return cls(confidence_model, limits) if confidence_model and limits else None

    def verdict_on(self, prediction: Prediction) -> Verdict | None:
        """Return the decision on a photo; None for a prediction without a confidence."""
        if prediction.confidence is None:
            return None
        return triage_photo(prediction.features, prediction.confidence, self.confidence_model, self.limits)


def triage_photo(
    features: Features, confidence: float, confidence_model: ConfidenceModel, limits: Limits
) -> Verdict:
    """Return the decision on one photo."""
    deviations = confidence_model.deviations(features)
    clean = confidence_model.clean(confidence, features)
    verdict = first_verdict(features, confidence, clean, deviations, confidence_model, limits)
    return beside_likely_faults(verdict, confidence, clean, limits)


def is_odd(features: Features, confidence_model: ConfidenceModel) -> bool:
    """Return whether a photo is held back from `auto` however certain its mask is."""
    return triage_photo(features, 1.0, confidence_model, Limits(0.0, 0.0)).decision != "auto"


def first_verdict(
    features: Features,
    confidence: float,
    clean: float | None,
    deviations: Mapping[str, float],
    confidence_model: ConfidenceModel,
    limits: Limits,
) -> Verdict:
    """Return the verdict on a photo by itself; what its other viewpoints say has to be heard yet.

    `clean` is the probability that its mask has no fault, None where that is not known; too low a one is a
    reason of its own, which `beside_likely_faults` adds.
    """
    decision = "redo" if confidence < limits.redo else "review"
    if not confidence:
        found = NOTHING if features["area"] < LEAST_AREA else EVERYTHING
        return Verdict(decision, (found,), limits.promise)
    reasons = [*words_of(features), *words_of_shot(features)]
    if features["thick_disagreement"] > MOST_THICK_DISAGREEMENT and not several_garments(features):
        reasons.insert(0, UNCONFIRMED)
    if promise := limits.promise:
        certain = confidence_model.promise_score(confidence, features) >= promise.limit
    else:
        certain = confidence >= limits.auto
    if not certain or limits.holds_back(clean):
        reasons += confidence_model.doubts(features)
    if strange := unlike(deviations):
        reasons.append(f"unlike the photos that the model knows: {', '.join(strange)}")
    if certain:
        return Verdict("review" if reasons else "auto", tuple(reasons), promise)
    uncertain = "not certain enough for the promise" if promise else f"confidence below {limits.auto:g}"
    return Verdict(decision, tuple(reasons) or (uncertain,), promise)


def beside_likely_faults(verdict: Verdict, confidence: float, clean: float | None, limits: Limits) -> Verdict:
    """Return the verdict on a mask that is `clean` with this probability, its other viewpoints included."""
    if not confidence or clean is None or not limits.holds_back(clean):
        return verdict
    return verdict.besides(likely_fault_in_words(clean))
