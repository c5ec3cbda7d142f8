"""Make training pairs of cutouts that a retoucher corrected."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from segmentation.cli.arguments import path_argument

if TYPE_CHECKING:
    from segmentation.outputs.collect import Collected


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--input",
        type=path_argument,
        required=True,
        metavar="DIR",
        help="corrected cutouts, such as `cutouts` of a predict: PSD (layer mask), TIFF, PNG and WebP "
        "(transparency, or a mask in black and white), called as the photos are (required)",
    )
    parser.add_argument(
        "--photos", type=path_argument, required=True, metavar="DIR", help="folder of the photos (required)"
    )
    parser.add_argument(
        "--predictions",
        type=path_argument,
        metavar="DIR",
        help="what predict wrote, to tell how much was corrected (default: the output of predict that "
        "--input lies in, if it does)",
    )
    parser.add_argument(
        "--untouched",
        action="store_true",
        help="take files that are as they were predicted as well, for somebody looked at all of them "
        "(default: leave them out)",
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        required=True,
        metavar="DIR",
        help="folder of pairs, for `train --data DIR`; to an earlier one is added what is new (required)",
    )


def run(options: argparse.Namespace) -> int:
    """Collect the pairs and say how much was corrected.

    Status 1 when some failed; 2 when all did, or when there is no pair, for nobody corrected anything.
    """
    from functools import partial

    from segmentation.cli.display import new_console, progress
    from segmentation.core.errors import DataError, printable
    from segmentation.core.parallel import map_in_threads
    from segmentation.datasets.origin import RETOUCHED, write_origin
    from segmentation.outputs.collect import collect, find_predictions, refuse_label_maps, write_report
    from segmentation.outputs.manifest import MANIFEST
    from segmentation.outputs.naming import find_photos
    from segmentation.outputs.pairs import check_ours, count_pairs, prepare
    from segmentation.outputs.retouched import match

    output = options.output
    check_ours(output, RETOUCHED)
    refuse_label_maps(options.input)
    predictions = find_predictions(options.input, options.predictions, MANIFEST)
    try:
        photos = find_photos(options.photos, exclude=output)
    except DataError as error:
        raise DataError(str(error).replace("--input", "--photos", 1)) from error
    matches, strays, missing = match(options.input, photos, exclude=output)
    for path in strays:
        reason = f"has no photo in {options.photos}; add it, or rename the file"
        print(f"left out: {printable(str(path))} {reason}", file=sys.stderr)
    write_origin(output, {"origin": RETOUCHED})  # before the first pair, so that none is taken for another's
    prepare(output)
    with progress(new_console(), "collecting") as on_progress:
        work = partial(collect, folder=output, predictions=predictions, untouched=options.untouched)
        collected = map_in_threads(work, matches, on_progress)
    for one in collected:
        if one.error:
            print(f"error: {one.error}", file=sys.stderr)
    report = write_report(output, collected)
    pairs = count_pairs(output)
    write_origin(output, {"origin": RETOUCHED, "photos": pairs})
    for line in _summary(collected, len(missing)):
        print(line)
    print(f"{pairs} pairs in {output}; a row a photo in {report.relative_to(output)}")
    taken = sum(one.taken for one in collected)
    compared = sum(one.correction is not None for one in collected)
    if compared < taken and not options.untouched:
        print(
            f"{taken - compared} of {taken} pairs have no prediction to compare with, so that what nobody "
            "corrected is among them; name what predict wrote with --predictions",
            file=sys.stderr,
        )
    failed = sum(one.error is not None for one in collected)
    if not (pairs or failed):
        print(
            f"error: --input {options.input}: expected a corrected file, received {len(collected)} that are "
            "as predicted; correct some, or add --untouched if somebody looked at all of them",
            file=sys.stderr,
        )
        return 2
    if not failed:
        return 0
    return 1 if failed < len(collected) else 2


def _summary(collected: Sequence["Collected"], missing: int) -> list[str]:
    from segmentation.evaluation.corrections import NEAR_PX, SMALL_SHARE, share_near
    from segmentation.outputs.collect import ADDED, KEPT, LEFT_OUT, OUTLIVED, REPLACED

    changes = (ADDED, REPLACED, KEPT, LEFT_OUT, OUTLIVED)
    counts = [(sum(one.change == change for one in collected), change) for change in changes]
    counts += [
        (sum(one.error is not None for one in collected), "failed"),
        (missing, "photos without a corrected file"),
    ]
    lines = [", ".join(f"{count} {what}" for count, what in counts if count)]
    corrections = [one.correction for one in collected if one.correction]
    compared = len(corrections)
    if not compared:
        return lines
    untouched = sum(one.untouched for one in corrections)
    small = sum(one.small and not one.untouched for one in corrections)
    large = compared - untouched - small
    lines.append(
        f"of {compared} predictions {untouched} were taken as they were ({untouched / compared:.0%}), "
        f"{small} changed by less than {SMALL_SHARE:.0%} of the garment, {large} by more"
    )
    near = (
        f"within {NEAR_PX:g} px of the predicted outline lies {share_near(corrections):.1%} of the final one"
    )
    changed = [one for one in corrections if not one.untouched]
    if changed and untouched:
        near += f", {share_near(changed):.1%} where something was changed"
    return [*lines, near]
