"""The command `calibrate`."""

from segmentation.bundle.bundle import ModelBundle
from segmentation.cli.display import Display
from segmentation.cli.patience import seconds_left
from segmentation.cli.wording import as_typed
from segmentation.confidence.promise import least_share
from segmentation.config.faults import FaultOptions
from segmentation.config.files import CERTAINTY
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.core.counting import counted
from segmentation.jobs.calibrate import calibrate
from segmentation.jobs.context import Context


def run(options: CalibrateOptions, context: Context) -> int:
    """Fit the confidence and print how good it is."""
    with seconds_left(), Display() as display:
        bundle = calibrate(options, display.shown(context))
    print(confidence_line(bundle))
    print(faults_line(bundle, options.faults))
    print(places_line(bundle))
    return 0


def faults_line(bundle: ModelBundle, faults: FaultOptions) -> str:
    """Return how many photos of the calibration had a fault, and what can be promised of them, in a line."""
    assert bundle.confidence_model
    outcomes = bundle.confidence_model.outcomes
    assert outcomes
    found = f"{outcomes.faults} of {counted(len(outcomes.faulty), 'mask')} have a fault ({faults})"
    least = least_share(outcomes, CERTAINTY)
    if least is None:
        return f"{found}; that is too many for a promise, or they are too few"
    return as_typed(
        f"{found}; the least that can be promised with {CERTAINTY:.0%} certainty: `predict promise={least:g}`"
    )


def places_line(bundle: ModelBundle) -> str:
    """Return what a calibrated model knows of where faults are likely, in a line."""
    assert bundle.confidence_model
    places = bundle.confidence_model.places
    if places is None:
        return "too few faults to learn where they are likely: give `calibrate` more photos"
    return (
        f"where faults are likely was learned from {counted(places.candidates, 'doubtful region')}, "
        f"{places.planted} of them planted; cross-validated, one that is a fault is found more likely than "
        f"one that is none in {places.ranking:.0%} of the pairs"
    )


def confidence_line(bundle: ModelBundle) -> str:
    """Return how good the confidence of a calibrated model is, in a line."""
    model = bundle.confidence_model
    assert model
    return (
        f"{bundle.name}: fitted on {counted(model.photos, 'photo')} that it was not trained on; "
        f"cross-validated, confidence differs from Dice by {model.error:.4f} on average (rank correlation "
        f"{model.correlation:.2f})"
    )
