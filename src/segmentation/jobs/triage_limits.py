"""The limits of triage: those that a person chose, or those that keep a promise."""

import dataclasses

from segmentation.bundle.bundle import ModelBundle
from segmentation.confidence.promise import make_promise
from segmentation.confidence.verdict import Limits
from segmentation.config.files import AUTO_FROM, CLEAN_FROM, REDO_BELOW, PromiseOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.serve import ServeOptions
from segmentation.config.loading import LoadOptions
from segmentation.core.errors import ConfigError
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scorer import Scorer
from segmentation.jobs.folder_triage import caution_about
from segmentation.jobs.option_checks import check_with

USUAL = Limits(AUTO_FROM, REDO_BELOW, clean=CLEAN_FROM)
"""The limits of those who choose none."""


def choose_limits(options: PredictOptions | ServeOptions | LoadOptions, models: Ensemble) -> Limits | None:
    """Return the limits that the options ask for; None for photos that nothing sorts.

    Raises ConfigError for limits that cross, for a limit of what a model does not know, for a promise about
    photos that nothing sorts or beside a limit that is given, and what `promised_limits` raises.
    """
    triage = options.triage
    usual = Limits(triage.auto_from, triage.redo_below, clean=triage.clean_from)
    check_with(options, ("certainty",), "promise")
    masks_alone = models.labels.binary and not models.finds_objects
    known = models.confidence_model if masks_alone and triage.triage else None
    if triage.promise is None:
        if known and "clean_from" in options.given and not known.knows_faults:
            raise _knows_no_faults("clean_from", models.members[0])
        return usual if known else None
    if chosen := [name for name in ("auto_from", "clean_from") if name in options.given]:
        raise ConfigError(
            f"`promise`: expected without `{chosen[0]}`, in place of which it decides, received both; leave "
            "one of them out"
        )
    if not known:
        received = "`no_triage`" if not triage.triage else f"{models.name}, which has no confidence"
        raise ConfigError(
            f"`promise`: expected photos that are sorted by confidence, received {received}; leave it out"
        )
    return promised_limits(triage, models.members[0], usual)


def promised_limits(options: PromiseOptions, bundle: ModelBundle, usual: Limits = USUAL) -> Limits:
    """Return the limits that keep a promise about the masks of a bundle.

    Raises ConfigError where the model knows no faults, and what `make_promise` raises.
    """
    assert options.promise is not None
    outcomes = bundle.confidence_model and bundle.confidence_model.outcomes
    if not outcomes:
        raise _knows_no_faults("promise", bundle)
    promise = make_promise(outcomes, options.promise, options.certainty)
    return dataclasses.replace(usual, promise=promise)


def check_promise(limits: Limits | None, models: Ensemble, scorer: Scorer) -> None:
    """Raise ConfigError where masks are made in another way than those behind a promise."""
    if limits and limits.promise and (differs := caution_about(models, scorer.threshold, scorer.settings)):
        raise ConfigError(f"`promise`: cannot be kept: {differs}; predict as it was fitted, or leave it out")


def _knows_no_faults(option: str, bundle: ModelBundle) -> ConfigError:
    return ConfigError(
        f"`{option}`: expected a model that knows which of its masks had faults, received {bundle.name}, "
        f"which does not; calibrate a copy of it on pairs of your own "
        f"(`calibrate model={bundle.name} data=DIR name=NAME`), or leave it out"
    )
