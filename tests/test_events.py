"""The events that a job sends to whoever watches it."""

import dataclasses

import pytest

from segmentation.core.events import Caution, Note, Progress, counting, ignore


def test_events_are_values():
    assert Progress("scoring", 2, 5) == Progress("scoring", 2, 5)
    assert Note("3 photos") != Caution("3 photos")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Note("3 photos").text = "4 photos"


def test_counting_tells_of_the_progress_in_the_words_given():
    told = []
    count = counting(told.append, "scoring")
    for done in range(3):
        count(done, 2)

    assert told == [Progress("scoring", 0, 2), Progress("scoring", 1, 2), Progress("scoring", 2, 2)]


@pytest.mark.parametrize("event", [Progress("scoring", 1, 2), Note("done"), Caution("slow"), object()])
def test_any_event_may_pass(event):
    assert ignore(event) is None
