"""Flags, files and assignments of a command: all of its options, each over the other."""

import re
from dataclasses import MISSING, dataclass, field
from pathlib import Path

import pytest
from support.program import make

from segmentation.cli.command_parser import OneLineParser
from segmentation.cli.main import build_parser
from segmentation.cli.parser import add_command, default_of, placeholder_of, read_command
from segmentation.cli.wording import flag
from segmentation.config.jobs import JOBS, TABLE
from segmentation.config.options import JobOptions, option, options_of
from segmentation.config.values import Memory
from segmentation.core.errors import ConfigError
from segmentation.core.size import Size

of_every_job = pytest.mark.parametrize("job", JOBS)


@dataclass(frozen=True)
class Edge:
    """A section of a section."""

    width_px: float = option(2.0, "width of the edge", maximum=10, common=False)


@dataclass(frozen=True)
class Look:
    """A section."""

    size: Size | None = option(None, "size of the picture")
    memory: Memory = option(Memory.parse("1GB"), "memory", common=False)
    style: str = option("plain", "style of the picture", choices=("plain", "fancy"))
    edge: Edge = Edge()


@dataclass(frozen=True, kw_only=True)
class DrawOptions(JobOptions):
    """Draw pictures."""

    subject: str = option(MISSING, "what to draw", positional=True)
    output: Path = option(MISSING, "folder", metavar="DIR")
    count: int = option(3, "how many", minimum=1)
    colour: tuple[str, ...] = option((), "colours; can be repeated")
    signed: bool = option(True, "sign them")
    dry: bool = option(False, "only say what would be drawn")
    margin: float | None = option(None, "margin, 5 without a value", bare=5.0, common=False)
    look: Look = field(default=Look())


def parser_of(kind):
    parser = OneLineParser(prog="main.py draw", allow_abbrev=False)
    add_command(parser, kind, Path("home"), "the folder home")
    return parser


def read(*words):
    return read_command(DrawOptions, parser_of(DrawOptions).parse_args(["shirt", "--output", "out", *words]))


def refusal(capsys, *words):
    with pytest.raises(SystemExit) as refused:
        read(*words)
    assert refused.value.code == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    return shown


def help_of(job, word, capsys):
    with pytest.raises(SystemExit) as done:
        build_parser().parse_args([job, word])
    assert done.value.code == 0
    return capsys.readouterr().out


def flags_in(text):
    """The flags that a help lists in its groups."""
    return {found for line in text.splitlines() for found in re.findall(r"^  (--[a-z0-9-]+)", line)}


def test_what_is_not_typed_is_the_default_and_not_given():
    options = read()

    assert options == DrawOptions(subject="shirt", output=Path("out"))
    assert options.given == {"subject", "output"}


def test_flags_are_read_into_types_and_places():
    options = read(
        "--size", "30x40", "--memory", "2GB", "--width-px", "3", "--style", "fancy", "--count", "7"
    )

    assert options.look == Look(Size(height=40, width=30), Memory.parse("2GB"), "fancy", Edge(3.0))
    assert options.count == 7
    assert options.given == {"subject", "output", "size", "memory", "width_px", "style", "count"}


def test_an_option_of_several_values_keeps_all_that_are_typed():
    assert read("--colour", "red", "--count", "4", "--colour", "blue").colour == ("red", "blue")
    assert read("--set", "colour=red", "--set", "colour=blue").colour == ("red", "blue")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--count", "4", "--count", "4"), "argument --count: expected once, received twice"),
        (("--margin", "--margin", "3"), "argument --margin: expected once, received twice"),
        (("--home", "a", "--home", "b"), "argument --home: expected once, received twice"),
        (("--no-signed", "--signed"), "argument --signed: expected alone, received --no-signed too"),
    ],
)
def test_a_flag_of_one_value_is_not_typed_twice(words, said, capsys):
    assert said in refusal(capsys, *words)


def parses(found, text):
    try:
        found.parse(text)
    except ValueError:
        return False
    return True


@of_every_job
def test_no_value_of_any_command_is_replaced_by_a_later_one_in_silence(job, capsys):
    for found in options_of(JOBS[job]):
        if found.many or found.kind is bool or found.about.positional:
            continue
        value = next(
            text
            for text in (*found.choices, "0", "3", "0.5", "64x96", "1GB", "0.7,0.3", "ce + dice", "ray")
            if parses(found, text)
        )
        with pytest.raises(SystemExit) as refused:
            build_parser().parse_args([job, *[flag(found.name), value] * 2])
        assert refused.value.code == 2
        assert f"argument {flag(found.name)}: expected once" in capsys.readouterr().err, found.name


@pytest.mark.parametrize(
    ("words", "signed", "dry"),
    [
        ((), True, False),
        (("--no-signed",), False, False),
        (("--no-signed", "--no-signed"), False, False),
        (("--dry",), True, True),
        (("--set", "signed=false", "--set", "dry=true"), False, True),
        (("--set", "signed=false", "--signed"), True, False),
    ],
)
def test_what_is_on_or_off_is_switched_by_flags_and_by_assignments(words, signed, dry):
    options = read(*words)

    assert (options.signed, options.dry) == (signed, dry)


def test_what_is_off_by_default_has_no_flag_that_switches_it_off(capsys):
    assert "--no-dry" in refusal(capsys, "--no-dry")


@pytest.mark.parametrize(
    ("words", "margin"),
    [((), None), (("--margin",), 5.0), (("--margin", "0"), 0.0), (("--margin", "8"), 8.0)],
)
def test_a_flag_may_come_without_its_value(words, margin):
    assert read(*words).margin == margin


@pytest.mark.parametrize("key", ["width_px", "edge.width_px", "look.edge.width_px"])
def test_an_option_is_set_by_its_key_or_the_end_of_it(key):
    options = read("--set", f"{key}=4.5")

    assert options.look.edge.width_px == 4.5
    assert "width_px" in options.given


def test_flags_lie_over_assignments_and_those_over_files(tmp_path):
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text("count = 10\ncolour = ['red']\n[look]\nstyle = 'fancy'\n[look.edge]\nwidth_px = 1\n")
    second.write_text("count = 20\nsigned = false\n")
    files = ("--config", first, "--config", second)

    assert read(*map(str, files[:2])).count == 10
    options = read(*map(str, files))
    assert (options.count, options.colour, options.signed) == (20, ("red",), False)
    assert options.look == Look(style="fancy", edge=Edge(1.0))
    assert read(*map(str, files), "--set", "count=30").count == 30
    # wherever they stand in the line
    assert read("--count", "40", *map(str, files), "--set", "count=30", "--signed").count == 40
    assert read("--count", "40", *map(str, files), "--signed").signed is True


def test_a_file_may_give_what_is_required(tmp_path):
    file = tmp_path / "draw.toml"
    file.write_text("output = 'there'\n")
    typed = parser_of(DrawOptions).parse_args(["shirt", "--config", str(file)])

    assert read_command(DrawOptions, typed).output == Path("there")


def test_what_is_required_and_nowhere_given_is_asked_for():
    with pytest.raises(ConfigError, match=r"`output`: expected a value, received none"):
        read_command(DrawOptions, parser_of(DrawOptions).parse_args(["shirt"]))


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        (
            "colours=red",
            "--set: expected OPTION=VALUE with an option of this command, received 'colours=red'",
        ),
        ("count", "--set: expected OPTION=VALUE with an option of this command, received 'count'"),
        ("=3", "--set: expected OPTION=VALUE with an option of this command, received '=3'"),
        ("look=fancy", "--set: expected OPTION=VALUE with an option of this command, received 'look=fancy'"),
        ("edge.style=fancy", "with an option of this command, received 'edge.style=fancy'"),
        ("count=0", "`count`: expected a whole number from 1, received '0'"),
        ("look.style=bold", "`style`: expected one of plain, fancy, received 'bold'"),
        ("signed=maybe", "`signed`: expected true or false, received 'maybe'"),
        ("size=", "`size`: "),
    ],
)
def test_an_assignment_that_cannot_be_is_refused_with_what_was_expected(assignment, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        read("--set", assignment)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--colours", "red"), "unrecognized arguments: --colours red, did you mean --colour?"),
        (("--coun", "3"), "unrecognized arguments: --coun 3, did you mean --count?"),
        (("--count", "three"), "argument --count: expected a whole number from 1, received 'three'"),
        (("--style", "bold"), "argument --style: expected one of plain, fancy, received 'bold'"),
        (("--width-px", "11"), "argument --width-px: expected a number from 0 to 10, received '11'"),
        (("--config", ""), "argument --config: expected a path, received an empty text"),
    ],
)
def test_a_flag_that_cannot_be_is_refused_in_one_line(words, said, capsys):
    assert refusal(capsys, *words) == f"error: {said}; `main.py draw --help` explains the options\n"


def test_the_command_line_says_what_is_wrong_in_its_own_words(capsys):
    make("train", "--set", "epochs=0", check=2)
    assert capsys.readouterr().err == "error: --epochs: expected a whole number from 1, received '0'\n"
    make("train", "--set", "epoch=3", check=2)
    assert "train --help-all` shows the options" in capsys.readouterr().err


@of_every_job
def test_the_list_of_commands_says_what_the_options_of_a_job_say_of_it(job):
    assert TABLE[job].summary == JOBS[job].__doc__.strip().splitlines()[0]


@of_every_job
def test_every_option_of_a_job_has_a_flag_whether_it_is_shown_or_not(job):
    (commands,) = build_parser()._subparsers._group_actions
    known = commands.choices[job].filled()._option_string_actions
    for found in options_of(JOBS[job]):
        if not found.about.positional:
            assert known[flag(found.name)].dest == found.name
            assert (flag(f"no_{found.name}") in known) == (found.kind is bool and found.default is not False)


@of_every_job
def test_the_short_help_has_the_common_options_and_the_long_one_all(job, capsys):
    options = [found for found in options_of(JOBS[job]) if not found.about.positional]
    common = {flag(found.name) for found in options if found.about.common}
    general = {"--home", "--config", "--set"}
    short = help_of(job, "--help", capsys)
    hidden = len(options) - len(common)

    assert flags_in(short) == common | general | ({"--help-all"} if hidden else set())
    assert (f"show this help with {hidden} more options" in " ".join(short.split())) == bool(hidden)
    if hidden:
        assert flags_in(help_of(job, "--help-all", capsys)) == general | {flag(one.name) for one in options}


@of_every_job
def test_the_help_says_of_every_option_what_it_is_and_what_it_is_without_it(job, capsys):
    options = options_of(JOBS[job])
    long = any(not found.about.common for found in options)
    text = re.sub(r"-\n +", "-", help_of(job, "--help-all" if long else "--help", capsys))
    text = " ".join(text.split())
    for found in options:
        assert f"({default_of(found)})" in text
        if found.kind is not bool and not found.about.positional:
            assert flag(found.name) in text
            assert placeholder_of(found) in text or set(found.choices)
        for choice in found.choices:
            assert choice in text


def test_the_short_help_of_train_can_be_taken_in(capsys):
    shown = flags_in(help_of("train", "--help", capsys)) - {"--home", "--config", "--set", "--help-all"}

    assert 20 <= len(shown) <= 30


def test_the_help_of_train_is_in_named_groups(capsys):
    text = help_of("train", "--help", capsys)
    groups = re.findall(r"^([a-z ]+):$", text, re.MULTILINE)

    assert groups == ["options", "data", "preprocessing", "model", "loss", "training", "general"]


def test_flags_are_not_shortened():
    with pytest.raises(SystemExit):
        build_parser().parse_args(["train", "--epoch", "3"])
    assert build_parser().parse_args(["train", "--epochs", "3"]).epochs == 3
