"""The job `deliver`: shop files of predicted and corrected cutouts."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from segmentation.confidence.promise import Promise, taken_by
from segmentation.config.files import AUTO, DECISIONS, REVIEW
from segmentation.config.jobs.deliver import DeliverOptions
from segmentation.core.errors import ConfigError, DataError, SegmentationError
from segmentation.core.events import Caution, counting
from segmentation.core.lock import locked
from segmentation.core.parallel import map_in_threads
from segmentation.images.files import open_photo
from segmentation.jobs.context import Context
from segmentation.jobs.delivery_promise import promised_stems
from segmentation.jobs.delivery_review import BY_HAND, as_reviewed
from segmentation.jobs.option_checks import check_cutouts, check_with
from segmentation.outputs.cutout_style import CutoutStyle
from segmentation.outputs.delivery import (
    UNDECIDED,
    DeliveryWriter,
    Source,
    find_sources,
    refuse_output,
    says_nothing,
)
from segmentation.outputs.folder_job import stop_if_full
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.publishing import Publisher
from segmentation.outputs.result import Result
from segmentation.retouch.state import ACCEPTED

DELIVERY = "delivery"  # folder in that of the results


@dataclass(frozen=True)
class Delivered:
    """The outcome: a result for each photo, and the folder of the files.

    `corrected` counts photos of which a person changed the mask, `predicted` the others by decision,
    `left_out` those whose decision was not asked for, `by_hand` those that a person has given back, and
    `removed` those that an earlier delivery held and this one does not. `promises` are those that photos were
    sorted as auto by, where such are asked for, and how many by each, whatever people decided since.
    """

    output: Path
    results: tuple[Result, ...]
    corrected: int
    predicted: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    by_hand: int = 0
    removed: int = 0
    promises: Mapping[Promise, int] = field(default_factory=dict)

    @property
    def errors(self) -> list[str]:
        """Return the reasons for which photos failed."""
        return [result.error for result in self.results if result.error]


def deliver(options: DeliverOptions, context: Context) -> Delivered:
    """Write the cutouts of every photo that predict cut out in the formats and the style of the options.

    The mask is the corrected one where a person changed a file of the photo, else the predicted one; the
    colours are the photo's. What was accepted in a review is delivered whatever triage decided, and what was
    given back to be redone is not before somebody has changed it. What an earlier delivery holds of a photo
    that is not delivered now is removed, unless a person changed it or a fault of the system is why. A photo
    that fails is a result with its error. Raises DataError for a folder of other contents, when another
    process is at work in it or in the output, and when nothing more can be written; for a promise what
    `promised_stems` raises.
    """
    check_with(options, ("certainty",), "promise")
    check_cutouts(options, options.files)
    if options.triage.promise is not None and "decisions" in options.given:
        raise ConfigError(
            "`promise`: expected without `decisions`, since it decides, received both; leave one of them out"
        )
    style = CutoutStyle.from_options(options.files)
    writable = os.access(options.results, os.W_OK)  # else nobody can be changing it
    with locked(options.results, "") if writable else nullcontext():
        return _deliver_all(options, style, context)


def _deliver_all(options: DeliverOptions, style: CutoutStyle, context: Context) -> Delivered:
    output = options.output or options.results / DELIVERY

    def warn(text: str) -> None:
        context.tell(Caution(text))

    sources = list(find_sources(options.results, options.corrected, warn))
    decisions = options.decisions
    if options.triage.promise is not None:
        stems, promise = promised_stems(options.results, options.triage, context)
        sources = [_promised(source, stems, promise) for source in sources]
        decisions = (AUTO,)
    promises = taken_by((source.decision, source.promise) for source in sources) if AUTO in decisions else {}
    sources = list(as_reviewed(sources, options.results))
    refuse_output(output, options.results, sources)
    chosen = [source for source in sources if source.corrected or _is_wanted(source, decisions)]
    by_hand = sum(source.decision == BY_HAND and not source.corrected for source in sources)
    if not chosen:
        raise DataError(
            f"{options.results}: expected cutouts to deliver, found none of {len(sources)} that is "
            f"corrected, accepted or decided as {', '.join(decisions)}; an earlier delivery stays as it is"
        )
    writer = DeliveryWriter(style)
    manifest = Manifest(output, style.settings, kinds=style.kinds, overwrite=options.overwrite)
    with manifest:
        publisher = Publisher(output, writer, manifest, overwrite=options.overwrite)
        # of these nothing says that their files are not right any more
        unknown = {source.photo.stem for source in sources if source.unknown}

        def work(source: Source) -> Result:
            photo = source.photo
            try:
                result = _deliver(source, publisher, manifest, options)
            except SegmentationError as failure:
                stop_if_full(failure)
                if says_nothing(failure):
                    unknown.add(photo.stem)
                return Result(str(photo.path), photo.stem, error=str(failure))
            if not result.skipped:
                manifest.append(result)
            return result

        results = tuple(map_in_threads(work, chosen, counting(context.tell, "delivering")))
        failed = {result.stem for result in results if result.error}
        stays = {source.photo.stem for source in chosen} - failed | unknown
        others = (source.photo for source in sources if source.photo.stem not in stays)
        # nor does anything where a photo is out of reach
        removed = sum(manifest.withdraw(photo) for photo in others if os.path.lexists(photo.path))
    delivered = [source for source, result in zip(chosen, results, strict=True) if not result.error]
    return Delivered(
        output,
        results,
        corrected=sum(bool(source.corrected) for source in delivered),
        predicted=Counter(source.decision for source in delivered if not source.corrected),
        left_out=len(sources) - len(chosen) - by_hand,
        by_hand=by_hand,
        removed=removed,
        promises=promises,
    )


def _promised(source: Source, stems: Collection[str], promise: Promise) -> Source:
    """Return a source with the decision that a promise makes, whatever it went by before."""
    decision = AUTO if source.photo.stem in stems else REVIEW
    return replace(source, decision=decision, promise=promise)


def _is_wanted(source: Source, decisions: Sequence[str]) -> bool:
    if source.decision == UNDECIDED:
        return {*decisions} == {*DECISIONS}
    return source.decision in (ACCEPTED, *decisions)


def _deliver(source: Source, publisher: Publisher, manifest: Manifest, options: DeliverOptions) -> Result:
    """Deliver a photo, unless that was done before. Raises the SegmentationError with which it fails."""
    photo, files = source.photo, options.files
    if photo.problem:
        raise DataError(photo.problem)
    key = manifest.key(photo)
    if key is not None:
        key |= {"alpha": source.key()}
    if manifest.is_done(photo, key):
        return manifest.earlier(photo)
    if conflict := manifest.conflict(photo):
        raise DataError(conflict)
    picture = open_photo(photo.path, max_pixels=options.max_pixels, bits=files.bits, keep_gps=files.keep_gps)
    delivery = publisher(photo, picture, source.alpha(options.max_pixels, files.bits))
    return Result(
        str(photo.path),
        photo.stem,
        delivery.outputs,
        notes=(*picture.notes, *delivery.notes),
        files=delivery.files,
        kept=delivery.kept,
        replaced=delivery.replaced,
        outdated=delivery.outdated,
        key=key,
    )
