"""Write a trained network in the file format of another program."""

import argparse

from segmentation.cli.arguments import DRAWN, add_model_name, path_argument
from segmentation.inference.choices import EXPORT_FORMATS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_model_name(parser)
    parser.add_argument(
        "--format",
        choices=EXPORT_FORMATS,
        default="openvino",
        help="of the file (default: openvino)",
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="PATH",
        help="the file, or the folder of a saved-model (default: results/MODEL/export/MODEL.SUFFIX; "
        "openvino: into the model, where predict and eval find it)",
    )
    parser.add_argument(
        "--check",
        type=path_argument,
        metavar="DIR",
        help="photos on which the file must score as Keras does (default: those that the model is judged on, "
        "or drawn ones)",
    )


def run(options: argparse.Namespace) -> int:
    """Export, check, and print where the file is and how far its scores are from those of Keras."""
    from segmentation.core.imports import import_keras_quietly

    import_keras_quietly()
    from segmentation.bundle.bundle import check_own, find_bundle, save_description
    from segmentation.images.files import read_photo
    from segmentation.inference.export import FORMATS, export
    from segmentation.jobs.openvino_export import drawn_photos, held_out_photos, with_openvino
    from segmentation.outputs.naming import find_photos

    bundle = find_bundle(options.model, options.home / "models")
    held_out = held_out_photos(bundle, options.home)
    if options.check:
        photos = [photo.path for photo in find_photos(options.check)]
    else:
        photos = held_out or drawn_photos(options.home / DRAWN)
    if options.format == "openvino" and not options.output:
        bundle, difference = with_openvino(check_own(bundle), photos, held_out)
        path = save_description(bundle).openvino
    else:
        name = bundle.name + FORMATS[options.format].suffix
        path = options.output or options.home / "results" / bundle.name / "export" / name
        difference = export(bundle, options.format, path, map(read_photo, photos))
    if difference is None:
        print(f"{path}: not checked, since the runtime of {options.format} is not installed")
    else:
        print(f"{path}: of a thousand scores 999 are within {difference:.1g} of those of Keras")
    return 0
