"""Questions of a study: what is made to answer one, the ways that are compared, and what a reader concludes.

Those that come with the program are TOML files, one a question; a person's own are files of the same form.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.config.toml_file import check_list, check_table, read_tables, switch, table_in
from segmentation.core.errors import ConfigError

SHIPPED = Path(__file__).with_name("studies")
"""The questions that come with the program."""

MEASURES = (
    *("dice", "clean", "boundary_f1", "boundary_f1_1px"),
    *("band_sad", "band_mse", "band_gradient", "band_connectivity"),
    *("whole_sad", "whole_mse", "whole_gradient", "whole_connectivity"),
    *("mask_ap", "mask_ap50", "mask_ap75", "mask_ap_small", "mask_ap_medium", "mask_ap_large"),
)
"""The figures that a table can have: of masks, errors of mattes, and average precision of objects."""

EACH = "each"
"""The `fold`, and the `seed`, that makes a training for every one: NAME-1 and so on."""

FEWEST_SEEDS = 3
"""The least number of seeds from which the chance of a training can be told."""

_SEED = "{seed}"

_INDEX = "readme"
_TOP = (
    "title",
    "asks",
    "advice",
    "measures",
    "curves",
    "shows",
    "seeds",
    "usual",
    "steps",
    "ways",
    "parts",
    "quick",
)
_PART = ("file", "column", "lowest")


@dataclass(frozen=True)
class Made:
    """Something that a question needs: its name, the command that makes it, and the options of that."""

    name: str
    job: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Way:
    """One of the ways that are compared, as options of `eval`, and the way that it is compared with.

    With `seeds` it is judged once for each, by models that were trained with it, and the figures are pooled.
    """

    name: str
    options: Mapping[str, Any]
    against: str
    seeds: tuple[int, ...] = ()

    @property
    def short(self) -> str:
        """The name as that of a file."""
        return short_name(self.name)

    @property
    def evaluations(self) -> dict[str, Mapping[str, Any]]:
        """The options of each evaluation by the name of its files."""
        if not self.seeds:
            return {self.short: self.options}
        return {f"{self.short}-{seed}": _numbered(self.options, "seed", seed) for seed in self.seeds}


@dataclass(frozen=True)
class Part:
    """The photos that have the `lowest` share of the values of a column, in a table of photos."""

    name: str
    file: str
    column: str
    lowest: float


@dataclass(frozen=True)
class Question:
    """A table of a study. `advice` is what a person concludes who has read it, empty before.

    With `curves` those of the trainings are shown too, and of the steps in `shows` the objects that they
    found.
    """

    name: str
    title: str
    asks: str
    advice: str
    measures: tuple[str, ...]
    steps: tuple[Made, ...]
    ways: tuple[Way, ...]
    parts: tuple[Part, ...] = ()
    curves: bool = False
    shows: tuple[str, ...] = ()


def short_name(text: str) -> str:
    """Return the letters and digits of a text, for the name of a file."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def shipped_questions() -> list[str]:
    """Return the names of the questions that come with the program."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def read_questions(choices: tuple[str, ...], *, quick: bool = False) -> list[Question]:
    """Read questions, by their names or by the paths of TOML files; all that come with the program for none.

    With `quick` what the table quick of each says takes the place of the rest. Raises ConfigError, naming the
    file, for one that cannot be read or is no question, and for two questions of one name.
    """
    found = [_read(choice, quick) for choice in choices or shipped_questions()]
    names = [question.name for question in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"`questions`: expected different ones, received {twice[0]} twice; name each once")
    if any(name.lower() == _INDEX for name in names):
        raise ConfigError(f"`questions`: expected another name than {_INDEX}, that of the list; rename it")
    return found


def filled(value: Any, places: Mapping[str, str]) -> Any:
    """Return a value with what stands for names in braces, in texts and in lists of them."""
    if isinstance(value, list | tuple):
        return [filled(one, places) for one in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\{(\w+)\}", lambda found: places.get(found[1], found[0]), value)


def _read(choice: str, quick: bool) -> Question:
    shipped = shipped_questions()
    path = SHIPPED / f"{choice}.toml" if choice in shipped else Path(choice)
    tables = read_tables(path, f"a TOML file, or one of {', '.join(shipped)}", "a question in TOML")
    try:
        check_table("the question", tables, _TOP)
        changes = table_in(tables, "quick")
        if quick and not changes:
            raise ConfigError("quick: expected a table in the question, received none; add one")
        return _question(path.stem, _merged(tables, changes) if quick else tables)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _question(name: str, tables: Mapping[str, Any]) -> Question:
    usual = table_in(tables, "usual")
    measures = tables.get("measures", ["dice"])
    check_list("measures", measures, MEASURES)
    steps = {key: _options(f"steps.{key}", given) for key, given in table_in(tables, "steps").items()}
    predicting = [key for key, given in steps.items() if given.get("job") == "predict"]
    check_list("shows", shows := tables.get("shows", []), predicting)
    seeds = _seeds(tables.get("seeds", []))
    ways = {way: _options(f"ways.{way}", given) for way, given in table_in(tables, "ways").items()}
    if not ways:
        raise ConfigError("ways: expected one way at least, received none")
    if len({short_name(way) for way in ways}) < len(ways):
        raise ConfigError(f"ways: expected names that differ in letters, received {', '.join(ways)}")
    return Question(
        name=name,
        title=str(tables.get("title", name)),
        asks=str(tables.get("asks", "")),
        advice=str(tables.get("advice", "")),
        measures=tuple(measures),
        steps=tuple(made for key, given in steps.items() for made in _made(key, given, usual, seeds)),
        ways=_with_equal_seeds([_way(way, given, usual, [*ways], seeds) for way, given in ways.items()]),
        parts=tuple(_part(part, given) for part, given in table_in(tables, "parts").items()),
        curves=switch("curves", tables.get("curves", False)),
        shows=tuple(shows),
    )


def _made(name: str, given: Any, usual: Mapping[str, Any], seeds: Sequence[int]) -> list[Made]:
    """Return what a table of a step makes: one thing, or a model for each seed and each fold."""
    place = f"steps.{name}"
    options = _options(place, given)
    if not isinstance(job := options.pop("job", None), str):
        raise ConfigError(f"{place}: expected the command that makes it in job, received {job!r}")
    options = {**table_in(usual, job), **options}
    made = [Made(name, job, options)]
    if options.get("seed") == EACH:
        if not seeds:
            raise ConfigError(f"{place}: expected seeds in the question, received none; give seeds")
        made = [_one_of(each, "seed", seed) for each in made for seed in seeds]
    if options.get("fold") == EACH:
        if type(folds := options.get("folds")) is not int or folds < 2:
            raise ConfigError(f"{place}: expected a number of folds, from 2, received {folds!r}; give folds")
        made = [_one_of(each, "fold", fold) for each in made for fold in range(1, folds + 1)]
    return made


def _one_of(made: Made, option: str, number: int) -> Made:
    """Return the training of one seed, or of one fold."""
    return Made(
        f"{made.name}-{number}", made.job, {**_numbered(made.options, option, number), option: number}
    )


def _numbered(options: Mapping[str, Any], option: str, number: int) -> dict[str, Any]:
    """Return the options with the number in place of {fold} or {seed}."""
    return {key: filled(value, {option: str(number)}) for key, value in options.items()}


def _way(
    name: str, given: dict[str, Any], usual: Mapping[str, Any], names: list[str], seeds: tuple[int, ...]
) -> Way:
    against = given.pop("against", names[0])
    if against not in names:
        raise ConfigError(f"ways.{name}.against: expected one of {', '.join(names)}, received {against!r}")
    repeated = any(_SEED in str(value) for value in given.values())
    if repeated and len(seeds) < FEWEST_SEEDS:
        raise ConfigError(
            f"ways.{name}: expected {FEWEST_SEEDS} seeds or more for {_SEED}, received {len(seeds)}; give "
            "seeds in the question"
        )
    return Way(name, {**table_in(usual, "eval"), **given}, against, seeds if repeated else ())


def _with_equal_seeds(ways: list[Way]) -> tuple[Way, ...]:
    """Return the ways. Raises ConfigError for one that is compared with a way of other seeds."""
    seeds = {way.name: way.seeds for way in ways}
    for way in ways:
        if way.seeds != seeds[way.against]:
            raise ConfigError(
                f"ways.{way.name}.against: expected a way with the same seeds, received {way.against}; "
                f"give both {_SEED}, or neither"
            )
    return tuple(ways)


def _seeds(value: Any) -> tuple[int, ...]:
    if isinstance(value, list) and all(type(one) is int for one in value) and len({*value}) == len(value):
        return tuple(value)
    raise ConfigError(f"seeds: expected a list of different whole numbers, received {value!r}")


def _part(name: str, given: Any) -> Part:
    check_table(f"parts.{name}", given, _PART)
    lowest = given.get("lowest")
    if not isinstance(lowest, float) or not 0 < lowest < 1:
        raise ConfigError(f"parts.{name}.lowest: expected a share between 0 and 1, received {lowest!r}")
    for key in ("file", "column"):
        if not isinstance(given.get(key), str):
            raise ConfigError(f"parts.{name}.{key}: expected a text, received {given.get(key)!r}; add it")
    return Part(name, given["file"], given["column"], lowest)


def _options(place: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ConfigError(f"{place}: expected a table of options, received {given!r}")
    return dict(given)


def _merged(tables: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables with changes in place of single values, however deep they stand."""
    merged = dict(tables)
    for name, value in changes.items():
        before = merged.get(name)
        both = isinstance(value, dict) and isinstance(before, dict)
        merged[name] = _merged(before or {}, value) if both else value
    return merged
