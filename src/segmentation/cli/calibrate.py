"""Find out how far a model's predictions can be trusted, from pairs that it has not learned."""

import argparse
import dataclasses

from segmentation.cli.arguments import DRAWN, add_model_name, path_argument, whole_number

_SEED = 900  # of the drawn garments: training draws other ones


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_model_name(parser)
    parser.add_argument(
        "--data",
        type=path_argument,
        action="append",
        default=[],
        metavar="DIR",
        help="folder of pairs; can be repeated (default: the one that the model was trained from, unless "
        "--synthetic is given)",
    )
    parser.add_argument(
        "--fold-model",
        action="append",
        default=[],
        metavar="NAME",
        help="trained as the model was, but on a fold (train --folds K --fold N): predicts in its place what "
        "it has not learned; can be repeated (default: none, so that what the model learned is left out)",
    )
    parser.add_argument(
        "--synthetic",
        type=whole_number(0),
        default=0,
        metavar="N",
        help="drawn garments to judge by as well, from three viewpoints each (default: 0)",
    )


def run(options: argparse.Namespace) -> int:
    """Predict, compare with the ground truth, and record in the model what was found."""
    from segmentation.bundle.bundle import check_own, find_bundle, save_description
    from segmentation.bundle.provenance import provenance
    from segmentation.cli.arguments import find_dataset, require_cutout, trained_from
    from segmentation.cli.display import new_console, progress
    from segmentation.core.size import Size
    from segmentation.datasets.discover import discover
    from segmentation.evaluation.calibration import fit_confidence

    console, models = new_console(), options.home / "models"
    bundle = check_own(find_bundle(options.model, models))
    others = [find_bundle(name, models) for name in options.fold_model]
    for model in (bundle, *others):
        require_cutout(model, "calibrate")
    folders = options.data or ([] if options.synthetic else [trained_from(bundle, options.home)])
    samples = [sample for folder in folders for sample in find_dataset(folder, console).samples]
    if options.synthetic:
        from segmentation.core.imports import import_keras_quietly

        import_keras_quietly()
        from segmentation.jobs.workflow import drawn_set

        with progress(console, "drawing") as on_photo:
            size = Size(864, 576)
            drawn = drawn_set(options.home / DRAWN, options.synthetic, size, _SEED, on_photo)
        samples += discover(drawn, check=False).samples
    with progress(console, "judging") as on_photo:
        confidence_model = fit_confidence(bundle, samples, others, on_photo)
    record = {**bundle.provenance, "calibrated": provenance()["command"]}
    save_description(dataclasses.replace(bundle, confidence_model=confidence_model, provenance=record))
    print(
        f"{bundle.name}: judged by {confidence_model.photos} photos that were not learned; cross-validated, "
        f"confidence differs from Dice by {confidence_model.error:.4f} on average (rank correlation "
        f"{confidence_model.correlation:.2f})"
    )
    return 0
