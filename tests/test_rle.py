"""Run-length masks: what is encoded comes back, and what is not a mask is refused."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmentation.core.errors import DataError
from segmentation.datasets.rle import decode, encode

MASKS = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))
ORDERS = st.sampled_from(["row", "column"])


def encode_slowly(mask, order):
    pixels = [bool(v) for line in (mask if order == "row" else mask.T) for v in line]
    runs, start = [], None
    for number, pixel in enumerate([*pixels, False], start=1):
        if pixel and start is None:
            start = number
        elif not pixel and start is not None:
            runs += [start, number - start]
            start = None
    return " ".join(str(value) for value in runs)


@settings(deadline=None)
@given(MASKS, ORDERS)
@example(np.zeros((3, 4), bool), "row")
@example(np.ones((3, 4), bool), "column")
def test_encoding_agrees_with_a_walk_over_the_pixels(mask, order):
    assert encode(mask, order) == encode_slowly(mask, order)


@settings(deadline=None)
@given(MASKS, ORDERS)
@example(np.zeros((3, 4), bool), "column")
@example(np.ones((3, 4), bool), "row")
def test_a_mask_comes_back_as_it_was(mask, order):
    back = decode(encode(mask, order), *mask.shape, order)

    assert back.dtype == bool
    np.testing.assert_array_equal(back, mask)


@pytest.mark.parametrize(
    ("mask", "row", "column"),
    [
        ([[1, 0, 0], [0, 0, 0]], "1 1", "1 1"),
        ([[0, 0, 0], [0, 0, 1]], "6 1", "6 1"),
        ([[0, 1, 1], [1, 0, 0]], "2 3", "2 2 5 1"),
        ([[1, 1, 1], [1, 1, 1]], "1 6", "1 6"),
        ([[0, 0, 0], [0, 0, 0]], "", ""),
    ],
)
def test_pixels_are_numbered_from_one_along_rows_or_down_columns(mask, row, column):
    mask = np.array(mask, bool)

    assert (encode(mask, "row"), encode(mask, "column")) == (row, column)


def test_a_mask_need_not_be_contiguous_in_memory():
    mask = np.arange(40).reshape(5, 8)[::2, ::3] % 2 == 0

    assert encode(mask) == encode_slowly(mask, "row")


def test_any_white_space_separates_and_touching_runs_join():
    np.testing.assert_array_equal(decode(" 1 2\n3\t1 ", 2, 3), [[1, 1, 1], [0, 0, 0]])


@pytest.mark.parametrize(
    ("text", "expected", "received"),
    [
        ("1 2 3", "pairs", "3 numbers"),
        ("1 two", "whole numbers", "'two'"),
        ("1.0 2", "whole numbers", "'1.0'"),
        ("-1 2", "whole numbers", "'-1'"),
        ("1_0 2", "whole numbers", "'1_0'"),
        ("1 " + "9" * 5000, "whole numbers", "9999"),
        ("0 2", "1 or more", "0 2"),
        ("3 0", "1 or more", "3 0"),
        ("1 3 3 2", "do not overlap", "pixel 3 after one that ends at pixel 3"),
        ("5 1 1 1", "ascending", "pixel 1 after one that ends at pixel 5"),
        ("20 2", "up to 20", "pixel 21"),
        ("21 1", "up to 20", "pixel 21"),
        ("1 999999999999999999", "up to 20", "pixel 999999999999999999"),
    ],
)
def test_malformed_text_is_refused_with_what_was_expected_and_what_came(text, expected, received):
    with pytest.raises(DataError) as caught:
        decode(text, 4, 5)

    assert expected in str(caught.value)
    assert received in str(caught.value)
    assert "check that" in str(caught.value)


@settings(deadline=None)
@given(st.text(alphabet="0123456789 -x", max_size=12))
def test_any_text_either_is_a_mask_or_is_refused(text):
    try:
        mask = decode(text, 3, 4)
    except DataError:
        return
    assert mask.sum() == sum(map(int, text.split()[1::2]))
