"""A loop finds what it asks for next made while it was busy, once, and nothing else is made."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import PATIENCE_S, wait_until

from segmentation.training.ahead import Ahead


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(0, 5), st.integers(1, 3))
def test_whatever_is_asked_for_is_given_in_whatever_order(places, ahead, threads):
    kept = Ahead(threads)
    for place in places:
        assert kept.take(lambda one: -one, place, range(place + 1, place + 1 + ahead)) == -place
    kept.close()


@given(st.integers(1, 20), st.integers(0, 5), st.integers(1, 3))
def test_in_order_each_is_made_once(count, ahead, threads):
    kept, made = Ahead(threads), []

    def make(place):
        made.append(place)
        return place

    for place in range(count):
        kept.take(make, place, range(place + 1, min(count, place + 1 + ahead)))
    assert sorted(made) == [*range(count)]


def test_the_next_ones_are_made_while_nobody_asks():
    made = threading.Semaphore(0)

    def make(place):
        if place:
            made.release()
        return place

    Ahead(2).take(make, 0, [1, 2, 3])
    for _ in range(3):
        assert made.acquire(timeout=PATIENCE_S)


def test_a_failure_is_raised_for_the_place_that_it_belongs_to():
    def make(place):
        if place == 1:
            raise ValueError("one")
        return place

    kept = Ahead(2)
    assert kept.take(make, 0, [1, 2]) == 0
    with pytest.raises(ValueError, match="one"):
        kept.take(make, 1, [2])
    assert kept.take(make, 2, []) == 2


@pytest.mark.parametrize("leave", [Ahead.close, lambda kept: kept.take(lambda place: place, 9, [])])
def test_what_is_not_wanted_any_more_is_not_begun(leave):
    kept, begun, go_on, made = Ahead(1), threading.Event(), threading.Event(), []

    def make(place):
        made.append(place)
        if place == 1:
            begun.set()
            assert go_on.wait(PATIENCE_S)
        return place

    kept.take(make, 0, [1, 2, 3])
    assert begun.wait(PATIENCE_S)
    leaving = threading.Thread(target=leave, args=(kept,))  # which waits for the only thread
    leaving.start()
    wait_until(lambda: 2 not in kept._begun)
    go_on.set()
    leaving.join(PATIENCE_S)

    assert kept.take(make, 4, []) == 4
    assert made == [0, 1, 4]
