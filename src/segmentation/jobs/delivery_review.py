"""A person's decisions in a review, which a delivery follows before those of triage."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from segmentation.core.errors import printable
from segmentation.core.file_kinds import REVIEW_JOURNAL
from segmentation.outputs.delivery import Source
from segmentation.outputs.reviewed import is_as_reviewed
from segmentation.retouch.photos import find_cut_photos
from segmentation.retouch.state import ACCEPTED, REDO, PhotoState, read_states

BY_HAND = "to be redone by hand"
"""The decision on a photo that a person has given back and that nobody has changed since."""


def as_reviewed(sources: Iterable[Source], results: Path) -> Iterator[Source]:
    """Yield the sources with the decisions of a review of the folder, where there was one.

    What was accepted is ACCEPTED; it has a problem where the review could not write its files. What is to be
    made from scratch is BY_HAND until a file of it was changed elsewhere, and then only that file counts.
    """
    states = read_states(results / REVIEW_JOURNAL)
    if not states:
        yield from sources
        return
    photos = {photo.stem: photo for photo in find_cut_photos(results).values()}
    for source in sources:
        state, photo = states.get(source.photo.stem), photos.get(source.photo.stem)
        if not (state and photo and state.is_about(photo)):
            yield source
        elif state.decision == ACCEPTED:
            yield _accepted(source, state)
        elif state.decision == REDO:
            yield _given_back(source, state, results)
        else:
            yield source


def _given_back(source: Source, state: PhotoState, results: Path) -> Source:
    def is_written_by_review(path: Path) -> bool:
        if not path.is_relative_to(results):  # it may be a copy
            return is_as_reviewed(path, [*itertools.chain(*state.files.values())])
        return is_as_reviewed(path, state.files.get(path.relative_to(results).as_posix(), []))

    corrected = tuple(path for path in source.corrected if not is_written_by_review(path))
    return replace(source, corrected=corrected, decision=BY_HAND)


def _accepted(source: Source, state: PhotoState) -> Source:
    if not (state.kept and state.is_pending) or source.photo.problem:
        return replace(source, decision=ACCEPTED)
    problem = (
        f"{printable(str(source.photo.path))}: was accepted, and its files are not written yet; run review "
        "again, which writes them"
    )
    return replace(source, photo=replace(source.photo, problem=problem), decision=ACCEPTED)
