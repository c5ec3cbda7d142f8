"""The lines of the record of a folder: what is written of a photo is read again, and nothing else is."""

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from segmentation.outputs.manifest_lines import encode, parse
from segmentation.outputs.result import Result, line_of, result_of_line
from segmentation.stores.address import located

names = st.text(st.characters(), max_size=8)  # also such as stand for bytes that are not UTF-8
whole = st.integers(-(2**63), 2**63 - 1)  # sizes, and times in nanoseconds
figures = st.none() | st.booleans() | whole | st.floats() | names
values = st.recursive(
    figures, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)
lines = st.fixed_dictionaries(
    {
        "stem": names,
        "input": names,
        "key": st.none() | st.dictionaries(names, values, max_size=3),
        "error": st.none() | names,
        "evidence": st.dictionaries(names, st.floats(), max_size=4),
    },
    optional={"files": st.dictionaries(names, st.dictionaries(names, values, max_size=2), max_size=2)},
)


@given(lines)
def test_a_line_is_read_as_it_was_written_whatever_its_names_and_figures(fields):
    line = encode(fields)

    assert line.count(b"\n") == 1
    assert repr(parse(line)) == repr(json.loads(line)) == repr(fields)  # where nan equals nan


shares = st.floats(0, 1)
objects = st.lists(st.dictionaries(names, values, max_size=2), max_size=2)
results = st.builds(
    Result,
    input=names.map("/".__add__),
    stem=names,
    outputs=st.dictionaries(names, names, max_size=2),
    area=st.none() | shares,
    seconds=st.none() | shares,
    notes=st.lists(names, max_size=2).map(tuple),
    reasons=st.lists(names, max_size=2).map(tuple),
    features=st.dictionaries(names, st.floats(), max_size=2),
    error=st.none() | names,
    key=st.none() | st.dictionaries(names, values, max_size=2),
    classes=st.none() | st.dictionaries(names, shares, max_size=2),
    objects=st.none() | objects.map(tuple),
    clean=st.none() | shares,
    likely_faults=st.none() | objects.map(tuple),
    size=st.none() | st.tuples(whole, whole),
    promise=st.none() | st.dictionaries(names, values, max_size=2),
)


@given(results)
def test_a_result_is_read_from_its_line_as_it_was_with_the_place_of_its_photo(result):
    read = result_of_line(parse(encode(line_of(result))))

    assert repr(read) == repr(dataclasses.replace(result, input=located(result.input)))


@given(
    st.binary(max_size=60)
    | st.recursive(figures, lambda inner: st.lists(inner)).map(lambda one: json.dumps(one).encode())
)
def test_whatever_else_stands_there_is_no_line(line):
    assert parse(line) is None


def test_a_line_that_was_cut_off_at_any_byte_is_none():
    line = encode({"stem": "ü\udcfc", "input": "a.jpg", "key": None, "error": None, "area": 0.25})

    assert parse(line)
    assert all(parse(line[:end]) is None for end in range(len(line) - 1))
