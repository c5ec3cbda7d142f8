"""A table of an experiment or a study that holds something odd is refused in words, not with a traceback."""

import copy
from contextlib import suppress
from datetime import date

import pytest
import tomli_w

from segmentation.config.experiment_file import experiment_of
from segmentation.config.study import read_questions
from segmentation.core.errors import ConfigError

ODD = ([], ["x"], [[1]], [{}], {}, {"a": 1}, {"a": []}, "x", "", "false", True, 3, -1, 0.5, float("nan"))
ODD = (*ODD, float("inf"), date(2026, 1, 1))

EXPERIMENT = {
    "about": "What helps.",
    "design": "grid",
    "seeds": [0, 1],
    "folds": 2,
    "margin": 0.002,
    "halving": True,
    "base": {"epochs": 2, "tta": "flip"},
    "factors": {
        "colour": ["grey"],
        "rate": {
            "option": "learning_rate",
            "levels": [0.1],
            "claims": {"0.1": {"says": "faster", "expected": "better", "by": 0.1}},
        },
        "mix": {"levels": {"a": {"average_with": ["base"], "epochs": 3}}},
    },
    "quick": {"about": "soon", "seeds": [0], "base": {"epochs": 1}, "without": ["mix"], "factors": {}},
}
QUESTION = {
    "title": "Mirrors",
    "asks": "Do they help?",
    "advice": "They do.",
    "measures": ["dice"],
    "curves": True,
    "usual": {"train": {"epochs": 2}, "eval": {"tta": "flip"}},
    "steps": {"model": {"job": "train", "fold": "each", "folds": 2, "data": "{data}"}},
    "ways": {"plain": {"model": "model-1"}, "mirrored": {"model": "model-2", "against": "plain"}},
    "parts": {"faint": {"file": "photos.csv", "column": "contrast", "lowest": 0.5}},
    "quick": {"usual": {"train": {"epochs": 1}}},
}


def places(tables):
    """The way to each value of tables, tables among them."""
    for name, value in tables.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *way) for way in places(value))


def with_odd(tables, way, odd):
    changed = copy.deepcopy(tables)
    *above, name = way
    holder = changed
    for step in above:
        holder = holder[step]
    holder[name] = odd
    return changed


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("way", [*places(EXPERIMENT), ("quick", "factors", "colour")], ids=".".join)
def test_an_experiment_is_read_or_refused_whatever_stands_at_a_place(way, quick):
    assert len(experiment_of(EXPERIMENT, "drawn", quick=quick).variants) > 1
    for odd in ODD:
        with suppress(ConfigError):
            assert experiment_of(with_odd(EXPERIMENT, way, odd), "drawn", quick=quick).variants


@pytest.mark.parametrize("way", [*places(QUESTION)], ids=".".join)
def test_a_question_is_read_or_refused_whatever_stands_at_a_place(tmp_path, way):
    path = tmp_path / "question.toml"
    for quick in (False, True):
        for odd in ODD:
            path.write_text(tomli_w.dumps(with_odd(QUESTION, way, odd)))
            with suppress(ConfigError):
                assert read_questions((str(path),), quick=quick)


@pytest.mark.parametrize(
    ("way", "odd", "message"),
    [
        (("halving",), "false", "halving: expected true or false, received 'false'"),
        (("margin",), float("nan"), "margin: expected a number, received nan"),
        (("quick",), ["seeds"], r"quick: expected a table, received \['seeds'\]"),
        (
            ("factors", "rate", "option"),
            ["a"],
            "rate.option: expected the name of an option",
        ),
        (
            ("factors", "rate", "claims", "0.1"),
            [],
            r"rate.claims.0.1: expected a table, received \[\]",
        ),
    ],
)
def test_what_is_odd_in_an_experiment_is_named_with_its_place(way, odd, message):
    with pytest.raises(ConfigError, match=message):
        experiment_of(with_odd(EXPERIMENT, way, odd), "drawn", quick=True)


def test_a_grid_of_nothing_is_the_base_alone():
    (base,) = experiment_of({"design": "grid", "base": {"epochs": 1}}, "drawn").variants

    assert base.name == "base"


@pytest.mark.parametrize(
    ("way", "odd", "message"),
    [
        (("parts", "faint"), [], r"parts.faint: expected a table, received \[\]"),
        (("measures",), {"dice": 1}, "measures: expected a list"),
        (("steps", "model", "folds"), True, "steps.model: expected a number of folds, from 2, received True"),
    ],
)
def test_what_is_odd_in_a_question_is_named_with_its_place(tmp_path, way, odd, message):
    path = tmp_path / "question.toml"
    path.write_text(tomli_w.dumps(with_odd(QUESTION, way, odd)))
    with pytest.raises(ConfigError, match=message):
        read_questions((str(path),))
