"""Write the run-length encoded masks of photos as a Kaggle submission."""

import argparse
import sys
from collections import Counter
from functools import partial

from segmentation.cli.arguments import add_engine, add_input, add_models, path_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input(parser)
    add_models(parser)
    add_engine(parser)
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="FILE",
        help="the CSV, compressed when it ends in .gz (default: results/MODEL/submission.csv.gz, of "
        "several models results/MODEL+MODEL/submission.csv.gz)",
    )
    parser.add_argument(
        "--order",
        choices=("row", "column"),
        default="row",
        help="order in which pixels are counted (default: row)",
    )
    parser.add_argument(
        "--save", action="store_true", help="write the masks beside the CSV as well (default: only the CSV)"
    )


def run(options: argparse.Namespace) -> int:
    """Predict and encode every photo. No CSV is written when one fails: half a submission scores nothing."""
    from segmentation.cli.arguments import chosen_models, chosen_score, require_cutout, tuned_threshold
    from segmentation.cli.display import new_console, progress
    from segmentation.core.errors import DataError
    from segmentation.core.parallel import cores
    from segmentation.images.files import open_photo
    from segmentation.outputs.folder_job import run_folder
    from segmentation.outputs.naming import find_photos
    from segmentation.outputs.submission import SubmissionRows, write_submission

    console = new_console()
    models = chosen_models(options)
    require_cutout(models.members[0], "submit")
    output = options.output or options.home / "results" / models.name / "submission.csv.gz"
    masks = output.parent / "masks"
    photos = list(
        find_photos(
            options.input,
            exclude=masks if options.save else None,
            warn=lambda text: print(text, file=sys.stderr),
        )
    )
    names = Counter(photo.path.name for photo in photos)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise DataError(
            f"--input: expected each file name once, received several {', '.join(twice)}; rename them"
        )
    rows = SubmissionRows(options.order, masks if options.save else None)
    threshold = tuned_threshold(options.threshold, models.threshold)
    workers = cores()
    score, _decided = chosen_score(options, models, workers)
    failed = 0
    read = partial(open_photo, max_pixels=options.max_pixels)
    with progress(console, "encoding") as on_progress:
        for done, result in enumerate(
            run_folder(score, models, photos, threshold, rows.add, workers=workers, read=read), start=1
        ):
            if result.error:
                print(f"error: {result.error}", file=sys.stderr)
                failed += 1
            on_progress(done, len(photos))
    if failed:
        raise DataError(
            f"{failed} of {len(photos)} photos failed, so no submission was written; mend or remove them"
        )
    write_submission(output, rows)
    print(f"{len(photos)} masks in {output}")
    return 0
