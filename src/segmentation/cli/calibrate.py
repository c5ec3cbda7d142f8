"""The command `calibrate`."""

from segmentation.bundle.bundle import ModelBundle
from segmentation.cli.display import Display
from segmentation.cli.patience import seconds_left
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.core.counting import counted
from segmentation.jobs.calibrate import calibrate
from segmentation.jobs.context import Context


def run(options: CalibrateOptions, context: Context) -> int:
    """Fit the confidence and print how good it is."""
    with seconds_left(), Display() as display:
        bundle = calibrate(options, display.shown(context))
    print(confidence_line(bundle))
    return 0


def confidence_line(bundle: ModelBundle) -> str:
    """Return how good the confidence of a calibrated model is, in a line."""
    model = bundle.confidence_model
    assert model
    return (
        f"{bundle.name}: fitted on {counted(model.photos, 'photo')} that it was not trained on; "
        f"cross-validated, confidence differs from Dice by {model.error:.4f} on average (rank correlation "
        f"{model.correlation:.2f})"
    )
