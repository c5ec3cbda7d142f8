"""The job `collect`: training pairs of cutouts that a retoucher corrected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from segmentation.config.jobs.collect import CollectOptions
from segmentation.core.errors import printable
from segmentation.core.events import Caution, counting
from segmentation.core.lock import locked
from segmentation.core.parallel import map_in_threads
from segmentation.datasets.origin import RETOUCHED, write_origin
from segmentation.evaluation.corrections import Correction
from segmentation.jobs.context import Context
from segmentation.outputs.collect import (
    Collected,
    find_predictions,
    predicted_masks,
    refuse_label_maps,
    write_report,
)
from segmentation.outputs.collect import collect as collect_one
from segmentation.outputs.manifest import MANIFEST
from segmentation.outputs.naming import Photo, find_photos
from segmentation.outputs.pairs import check_ours, count_pairs, prepare
from segmentation.outputs.results_folder import ResultsFolder
from segmentation.outputs.retouched import Match, match


@dataclass(frozen=True)
class Collection:
    """The outcome of each corrected file, the photos without one, and the number of pairs in the folder now.

    `report` is a table with a row for each pair.
    """

    collected: tuple[Collected, ...]
    missing: tuple[Photo, ...]
    pairs: int
    output: Path
    report: Path

    @property
    def taken(self) -> int:
        """The number of pairs that were made of a file."""
        return sum(collected.taken for collected in self.collected)

    @property
    def failed(self) -> int:
        return sum(collected.error is not None for collected in self.collected)

    @property
    def corrections(self) -> list[Correction]:
        """The corrections of the files that have a prediction."""
        found = (collected.correction for collected in self.collected)
        return [correction for correction in found if correction is not None]


def collect(options: CollectOptions, context: Context) -> Collection:
    """Make a pair of each corrected cutout and its photo, and measure what was corrected.

    A file that fails is in the result with its error; one without a photo is left out with a Caution. Raises
    DataError for folders with other contents than expected.
    """
    output = options.output
    check_ours(output, RETOUCHED)
    refuse_label_maps(options.input)
    predictions = find_predictions(options.input, options.predictions, MANIFEST)

    def warn(message: str) -> None:
        context.tell(Caution(message))

    photos = find_photos(options.photos, exclude=output, warn=warn, option="photos")
    matches, strays, missing = match(options.input, photos, output, warn)
    for path in strays:
        reason = f"has no photo in {options.photos}; add it, or rename the file"
        context.tell(Caution(f"left out: {printable(str(path))} {reason}"))
    with locked(output):
        # before the first pair, so that no pair is taken for one of another origin
        write_origin(output, {"origin": RETOUCHED})
        prepare(output)
        collected = make_pairs(
            matches,
            output,
            predicted_masks(predictions, (*(found.photo for found in matches), *missing)),
            ResultsFolder.around(options.input, options.predictions),
            context,
            untouched=options.untouched,
        )
        report = write_report(output, collected)
        pairs = count_pairs(output)
        write_origin(output, {"origin": RETOUCHED, "photos": pairs})
    return Collection(collected, tuple(missing), pairs, output, report)


def make_pairs(
    matches: Iterable[Match],
    output: Path,
    predictions: Mapping[str, tuple[Path, ...]],
    results: ResultsFolder | None,
    context: Context,
    *,
    untouched: bool = False,
) -> tuple[Collected, ...]:
    """Make the pair of each match in a folder of pairs; the arguments are as in `outputs.collect.collect`."""
    work = partial(collect_one, folder=output, predictions=predictions, results=results, untouched=untouched)
    return tuple(map_in_threads(work, matches, counting(context.tell, "collecting")))
