"""A plan of what `predict` would do, without doing it."""

from collections.abc import Callable, Iterable, Iterator

from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo
from segmentation.outputs.publishing import Publisher
from segmentation.outputs.result import Result


def planned_results(
    photos: Iterable[Photo], publisher: Publisher, manifest: Manifest, stop: Callable[[], bool]
) -> Iterator[Result]:
    """Yield the results that a run would have, without an area where a photo would be cut out."""
    for photo in photos:
        if stop():
            return
        key = None if manifest.will_be_read(photo) else manifest.key(photo)
        if not photo.problem and manifest.is_done(photo, key):
            yield manifest.earlier(photo)
        elif error := photo.problem or manifest.conflict(photo):
            yield Result(photo.name, photo.stem, error=error)
        else:
            plan = publisher.planned(photo)
            yield Result(
                photo.name,
                photo.stem,
                plan.outputs,
                kept=plan.kept,
                replaced=plan.replaced,
                outdated=plan.outdated,
            )
