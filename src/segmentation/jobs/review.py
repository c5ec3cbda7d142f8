"""The job `review`: the results of predict on the desk of a person who accepts and corrects them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle, find_by_digest
from segmentation.config.jobs.review import ReviewOptions
from segmentation.core.errors import DataError
from segmentation.core.events import Caution
from segmentation.core.file_kinds import MANIFEST
from segmentation.jobs.context import Context
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.results_folder import left_behind
from segmentation.retouch.desk import Desk
from segmentation.retouch.network import Network, digests_of
from segmentation.retouch.summary import Summary, summarise


@contextmanager
def review(options: ReviewOptions, context: Context) -> Iterator[Desk]:
    """Yield the review of a folder of results, open.

    Damaged lines of its journal are told as a Caution. Raises DataError for a folder of other contents, and
    where another review is at work in it. A `model` that was named raises what `find_bundle` raises.
    """
    results = options.results or latest_results(context.workspace.results)
    models = context.workspace.models
    if options.model:
        find_bundle(options.model, models)  # an error is better reported now than at the first stroke

    def find() -> ModelBundle:
        return model_of(desk, options.model, models)

    desk = Desk(results, options.max_pixels, Network(find))
    with desk:
        if desk.left_out:
            context.tell(Caution(f"{desk.left_out} damaged lines of {desk.journal} are left out"))
        for text in left_behind(Manifest.reading(results).renamed()):
            context.tell(Caution(text))
        yield desk


def model_of(desk: Desk, name: str | None, models: Path) -> ModelBundle:
    """Return the model that is named, or the one that most masks of a review are of.

    Raises what `find_bundle` raises, and DataError where the model of the masks is not there.
    """
    if name:
        return find_bundle(name, models)
    known = Counter(tuple(digests_of(photo)) for photo in desk.photos())
    (digests, _count), *_others = known.most_common(1)
    found = find_by_digest(digests, models, likely=desk.results.absolute().parent.name)
    if found is None:
        raise DataError(
            f"smart strokes need the model that the masks are of, which is not in {models}; start review "
            "with another as `model`"
        )
    return found


def latest_results(folder: Path) -> Path:
    """Return the folder of results of predict that was written last. Raises DataError where there is none."""
    manifests = sorted(folder.glob(f"*/predict/{MANIFEST}"), key=lambda path: path.stat().st_mtime_ns)
    if not manifests:
        raise DataError(
            f"{folder}: expected what predict wrote, found nothing; name the folder of results as `results`"
        )
    return manifests[-1].parent


def summary_of(desk: Desk, options: ReviewOptions) -> Summary:
    """Return the figures of a review up to now."""
    reviewed = ((photo, desk.state_of(photo.stem)) for photo in desk.photos())
    return summarise(reviewed, options.minutes_by_hand)
