"""Options as the command line writes them, out of the messages of the library."""

import ast
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.places import ROOT

from segmentation.cli.wording import EITHER, as_typed, flag, speaking_for
from segmentation.config.jobs import JOBS
from segmentation.config.options import options_of

OPTIONS = sorted({found.name for kind in JOBS.values() for found in options_of(kind)})
# not those that are jobs as well: `data` may be either
NAMES = [name for name in OPTIONS if name not in JOBS]
plain_text = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="`"))
values = st.from_regex(r"[A-Za-z0-9./*+_-]{1,12}", fullmatch=True)
names = st.sampled_from(NAMES)
jobs = st.sampled_from([*JOBS])


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("`min_confidence`: expected a number", "--min-confidence: expected a number"),
        ("expected `bits=16` or `format=tiff`", "expected --bits 16 or --format tiff"),
        ("make it with `export model=shoes`", "make it with `python main.py export --model shoes`"),
        ("`train data=A config=FILE`", "`python main.py train --data A --config FILE`"),
        ("`train config=FILE` repeats it", "`python main.py train --config FILE` repeats it"),
        ("`train resume` goes on", "`python main.py train --resume` goes on"),
        ("`export model=a format=onnx`", "`python main.py export --model a --format onnx`"),
        ("`no_double_pass` takes the first", "--no-double-pass takes the first"),
        ("`epochs` and `seed`", "--epochs and --seed"),
        ("the audit.csv of `audit`, what `predict` wrote", "the audit.csv of `audit`, what `predict` wrote"),
        ("the column `marked`, a file `labels.json`", "the column `marked`, a file `labels.json`"),
        ("`look=` is no assignment, nor is `unknown=3`", "`look=` is no assignment, nor is `unknown=3`"),
        ("a ` alone, and `` two", "a ` alone, and `` two"),
        ("`data`: expected a folder", "--data: expected a folder"),
    ],
)
def test_what_stands_in_backticks_is_written_as_it_is_typed(message, expected):
    assert as_typed(message) == expected


def test_the_jobs_that_are_called_like_an_option_are_known():
    assert set(EITHER) == {*JOBS} & {*OPTIONS}


@given(plain_text)
def test_a_text_without_backticks_stays_as_it_is(text):
    assert as_typed(text) == text


@given(plain_text, names, plain_text)
def test_an_option_becomes_its_flag_wherever_it_stands(before, name, after):
    assert as_typed(f"{before}`{name}`{after}") == f"{before}{flag(name)}{after}"


@given(names, values)
def test_an_assignment_becomes_a_flag_and_its_value(name, value):
    assert as_typed(f"`{name}={value}`") == f"{flag(name)} {value}"


@given(jobs, st.lists(st.tuples(names, values), min_size=1, max_size=4))
def test_a_job_with_options_becomes_a_command(job, assigned):
    written = " ".join(f"{name}={value}" for name, value in assigned)
    typed = " ".join(f"{flag(name)} {value}" for name, value in assigned)

    assert as_typed(f"`{job} {written}`") == f"`python main.py {job} {typed}`"


@given(st.from_regex(r"[a-z_]{1,12}(\.[a-z]{2,4})?", fullmatch=True))
def test_other_backticks_stay_as_they_are(word):
    if word not in OPTIONS and word.removeprefix("no_") not in OPTIONS:
        assert as_typed(f"`{word}`") == f"`{word}`"


@given(plain_text, names, jobs)
def test_a_message_is_written_once(text, name, job):
    typed = as_typed(f"{text} `{name}` `{job} {name}=1`")

    assert as_typed(typed) == typed


@pytest.mark.parametrize("job", JOBS)
def test_every_option_that_a_help_text_names_is_known(job):
    for found in options_of(JOBS[job]):
        for text in (found.about.help, found.about.shown or ""):
            assert not re.search(r"(?<![\w-])--\w", text), "the library knows no flags"
            assert "main.py" not in text
            for word in re.findall(r"`(\w+_\w+)`", text):
                assert as_typed(f"`{word}`") == flag(word)
            assert not re.search(r"python main\.py [^`]*\b[a-z_]+=", as_typed(text))


@pytest.mark.parametrize("job", JOBS)
def test_a_help_text_names_only_options_of_its_own_command(job):
    own = {flag(found.name) for found in options_of(JOBS[job])}
    for found in options_of(JOBS[job]):
        for word in re.findall(r"`([a-z_]+)`", found.about.help):
            typed = as_typed(f"`{word}`")
            assert not typed.startswith("--") or typed.replace("--no-", "--") in own, (found.name, word)


@pytest.mark.parametrize("job", JOBS)
def test_a_command_advises_its_own_options_alone(job):
    own = {found.name for found in options_of(JOBS[job])}
    for name in NAMES:
        with speaking_for(job):
            one, two, only = (
                as_typed(f"photo.jpg: too large{advice}")
                for advice in (
                    f"; reduce it, or raise `{name}`",
                    f"; give `{name}=3`, or reduce it",
                    f"; `{name}` raises it",
                )
            )
        if name in own:
            assert one == f"photo.jpg: too large; reduce it, or raise {flag(name)}"
            assert two == f"photo.jpg: too large; give {flag(name)} 3, or reduce it"
            assert only == f"photo.jpg: too large; {flag(name)} raises it"
        else:
            assert one == two == "photo.jpg: too large; reduce it"
            assert only == "photo.jpg: too large"


def test_advice_to_run_another_command_stays():
    with speaking_for("predict"):
        said = as_typed("no export; `export model=shoes format=onnx` adds one, or use `classes=all`")
    assert said == "no export; `python main.py export --model shoes --format onnx` adds one"


def test_what_a_command_was_given_is_named_whatever_it_advises():
    with speaking_for("audit"):
        assert as_typed("`data`: expected pairs, or `classes`; add them") == (
            "--data: expected pairs, or --classes; add them"
        )


_A_COUNT = re.compile(r"len\(|int\(|(\w+\.)*(count|photos|pairs|limit_px)\b")
_COUNTED = re.compile(r" (photos|pairs|files|pixels|masks)\b")


def counts_with_a_plural(text):
    """Yield the expressions of f-strings that stand before a plural, not their constants."""
    for node in ast.walk(ast.parse(text)):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for part, after in pairwise(parts):
            if isinstance(part, ast.FormattedValue) and isinstance(after, ast.Constant):
                said = ast.unparse(part.value)
                if _A_COUNT.match(said) and _COUNTED.match(after.value):
                    yield said


def test_one_thing_is_never_several():
    for path in sorted((ROOT / "src").rglob("*.py")):
        assert [*counts_with_a_plural(path.read_text(encoding="utf-8"))] == [], path
    for path in sorted((ROOT / "src").rglob("*.j2")):
        assert not re.search(r"(length|\w) \}\} (photos|pairs|files)\b", path.read_text("utf-8")), path
