"""The command `train`."""

from segmentation.bundle.bundle import ModelBundle
from segmentation.cli.display import warn
from segmentation.cli.patience import EPOCHS_KEPT, seconds_left
from segmentation.cli.training_display import TrainingDisplay
from segmentation.config.jobs.train import TrainOptions
from segmentation.core.imports import import_keras_quietly
from segmentation.core.signals import exit_status
from segmentation.jobs.context import Context
from segmentation.training.run_state import EpochsKept


def run(options: TrainOptions, context: Context) -> int:
    """Train and print where the model is. Status 130 or 143 when it was ended early."""
    if options.find_rate:
        return _find_rate(options, context)
    try:
        with seconds_left(EPOCHS_KEPT), TrainingDisplay() as display:
            import_keras_quietly()
            from segmentation.jobs.train import train

            trained = train(options, display.shown(context))
    except EpochsKept:
        warn("interrupted; the finished epochs are kept: the same command with `resume` continues")
        return exit_status()
    print(trained_line(trained.bundle))
    if trained.interrupted:
        print("interrupted: this is the best epoch so far; `--resume` continues from the last one")
        return exit_status()
    return 0


def _find_rate(options: TrainOptions, context: Context) -> int:
    with seconds_left(), TrainingDisplay() as display:
        import_keras_quietly()
        from segmentation.jobs.train import find_rate

        found = find_rate(options, display.shown(context))
    search = found.search
    print(
        f"suggested learning rate: --learning-rate {search.suggested:.1e}, where the loss falls fastest; "
        f"it is lowest at {search.lowest:.1e}"
    )
    print(f"picture: {found.output / 'rates.png'}, table: {found.output / 'rates.csv'}")
    return 0


def trained_line(bundle: ModelBundle) -> str:
    """Return where a trained model is and how good it is, in a line."""
    from segmentation.reports.fault_words import faults_left

    figures = bundle.provenance["val_at_full_resolution"]
    best = f"epoch {bundle.provenance['best_epoch']}"
    if bundle.matte:
        return (
            f"{bundle.path}: held-out SAD in the unknown band {figures['band_sad']:.2f}, gradient "
            f"{figures['band_gradient']:.2f} (trimaps: {figures['trimaps']}), {best}"
        )
    if bundle.labels.binary:
        result = (
            f"Dice at full resolution {figures['dice_mean']:.4f} (median {figures['dice_median']:.4f}, "
            f"worst {figures['dice_min']:.4f}) at threshold {bundle.threshold:.3f}"
        )
    else:
        result = (
            f"pixel accuracy at full resolution {figures['pixel_accuracy']:.4f}, mean IoU of "
            f"{len(bundle.labels.names)} classes {figures['mean_iou']:.4f}"
        )
    return f"{bundle.path}: held-out {result}, {best}; {faults_left(figures)}"
