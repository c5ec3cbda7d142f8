"""Cut the garments out of photos."""

import argparse
import sys
from pathlib import Path

from segmentation.commands.arguments import add_input, add_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input(parser)
    add_model(parser)
    parser.add_argument(
        "--save", action="store_true", help="write masks and cutouts (default: only the table)"
    )
    parser.add_argument("--binary", action="store_true", help="masks with hard edges (default: soft)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="results (default: results/MODEL/predict)")


def run(options: argparse.Namespace) -> int:
    """Predict every photo. Status 1 when some failed, 2 when all did."""
    from segmentation.quiet import import_keras_quietly

    import_keras_quietly()
    from segmentation.bundle import find_bundle
    from segmentation.commands.arguments import tuned_threshold
    from segmentation.display import new_console, print_results, progress
    from segmentation.errors import ConfigError
    from segmentation.inference.engines import load_engine
    from segmentation.outputs.batch import run_folder, write_manifest
    from segmentation.outputs.naming import find_photos
    from segmentation.outputs.writers import CutoutWriter

    if not options.save and (options.output or options.binary):
        raise ConfigError("--output and --binary are about files, which only --save writes; add --save")
    console = new_console()
    bundle = find_bundle(options.model, options.home / "models")
    output = options.output or options.home / "results" / bundle.name / "predict"
    photos = find_photos(options.input, exclude=output)
    threshold = tuned_threshold(options.threshold, bundle.threshold)
    writer = CutoutWriter(output, bundle.input_size, binary=options.binary)
    deliver = writer.write if options.save else lambda *_prediction: {}
    score, results = load_engine(bundle), []
    try:
        with progress(console, "cutting") as on_progress:
            for result in run_folder(score, bundle, photos, threshold, deliver):
                results.append(result)
                on_progress(len(results), len(photos))
    finally:  # an interrupted job still says what it did
        if options.save and results:
            write_manifest(output, results)
    failed = [result for result in results if result.error]
    print_results(results, console)
    for result in failed:
        print(f"error: {result.error}", file=sys.stderr)
    if options.save:
        print(f"{len(results) - len(failed)} masks and cutouts in {output}")
    if not failed:
        return 0
    return 1 if len(failed) < len(results) else 2
