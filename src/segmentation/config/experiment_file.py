"""Experiments as TOML files: those that come with the program, and a person's own."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.config.experiment import BASE, DESIGNS, EXPECTATIONS, OTHER, Claim, Experiment, Factor
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.options import JobOptions, accept, option, options_of, registered
from segmentation.config.presets import AUTO, PRESETS
from segmentation.config.scoring import ScoringOptions, parse_threshold
from segmentation.config.toml_file import check_list, check_table, read_tables, switch, table_in
from segmentation.core.errors import ConfigError

SHIPPED = Path(__file__).with_name("experiments")
"""The experiments that come with the program."""

OF_THE_REPEAT = ("seed", "folds", "fold")
OF_THE_CELL = ("name", "data", "resume", "overwrite", "find_rate")
"""Options of `train` that the experiment itself chooses."""


@dataclass(frozen=True, kw_only=True)
class JudgeOptions(JobOptions):
    """Options for judging the models of a variant."""

    threshold: float | None = option(
        None, "score from which a pixel is garment", parse=parse_threshold, shown="the best", metavar="auto|X"
    )
    disturbed: str | None = option(
        None,
        "judge photos that are disturbed in this way, which tells how sensitive a model is",
        choices=registered("evaluation.disturbances", "STILL"),
    )
    scoring: ScoringOptions = ScoringOptions()


_TRAINED = {found.name for found in options_of(TrainOptions)}
JUDGED = tuple(found.name for found in options_of(JudgeOptions) if found.name not in _TRAINED)
"""Options of judging that a variant may choose; those that a training has as well are the training's."""

_TOP = ("about", "design", "seeds", "folds", "margin", "halving", "base", "factors", "quick")
_QUICK = ("about", "seeds", "folds", "base", "factors", "without")
_FACTOR = ("option", "levels", "claims")
_CLAIM = ("says", "expected", "by", "than")


def shipped_experiments() -> list[str]:
    """Return the names of the experiments that come with the program."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def read_experiment(choice: str, *, quick: bool = False) -> Experiment:
    """Read an experiment, by its name among those of the program or by the path of a TOML file.

    With `quick` what its table quick says takes the place of the rest. Raises ConfigError, naming the file
    and the place in it, for a file that cannot be read, for what no experiment has, and for options that
    `train` and scoring do not have.
    """
    shipped = shipped_experiments()
    path = SHIPPED / f"{choice}.toml" if choice in shipped else Path(choice)
    tables = read_tables(path, f"a TOML file, or one of {', '.join(shipped)}", "an experiment in TOML")
    try:
        return experiment_of(tables, path.stem, quick=quick)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def experiment_of(tables: Mapping[str, Any], name: str, *, quick: bool = False) -> Experiment:
    """Return the experiment that the tables of a file describe. Raises ConfigError, naming the place."""
    check_table("the experiment", tables, _TOP)
    hurried = tables.get("quick", {})
    check_table("quick", hurried, _QUICK)
    if quick and not hurried:
        raise ConfigError("`quick`: expected a table quick in the experiment, received none; add one")
    changes = hurried if quick else {}
    base = {**table_in(tables, "base"), **table_in(changes, "base")}
    _check_options("base", base)
    without = changes.get("without", [])
    check_list("quick.without", without, [*table_in(tables, "factors")])
    given = {**table_in(tables, "factors"), **table_in(changes, "factors")}
    given = {key: value for key, value in given.items() if key not in without}
    top = {key: value for key, value in {**tables, **changes}.items() if key not in ("base", "factors")}
    experiment = Experiment(
        name=f"{name}-quick" if quick else name,
        about=str(top.get("about", "")),
        base=base,
        factors=tuple(_factor(key, value) for key, value in given.items()),
        design=_one_of("design", top.get("design", DESIGNS[0]), DESIGNS),
        seeds=_seeds(top.get("seeds", [0] if top.get("folds") else [0, 1, 2])),
        folds=_whole("folds", top.get("folds", 0)),
        margin=_number("margin", top.get("margin", Experiment.margin)),
        halving=switch("halving", top.get("halving", False)),
    )
    _check(experiment)
    return experiment


def _factor(name: str, given: Any) -> Factor:
    place = f"factors.{name}"
    if not isinstance(given, dict):
        given = {"levels": given}  # `colour = ["grey"]`
    check_table(place, given, _FACTOR)
    levels = given.get("levels")
    if isinstance(levels, list):
        option = given.get("option", name)
        if not isinstance(option, str):
            raise ConfigError(f"{place}.option: expected the name of an option, received {option!r}")
        levels = {_text(value): {option: value} for value in levels}
    if not isinstance(levels, dict) or not levels:
        raise ConfigError(f"{place}: expected levels, a list of values or a table of options, received none")
    for level, options in levels.items():
        if not isinstance(options, dict):
            raise ConfigError(f"{place}.levels.{level}: expected a table of options, received {options!r}")
        others = options.get("average_with", [])
        names = [others] if isinstance(others, str) else others
        if not isinstance(names, list) or not all(isinstance(other, str) for other in names):
            raise ConfigError(f"{place}.levels.{level}: expected names in average_with, received {others!r}")
        _check_options(
            f"{place}.levels.{level}", {key: one for key, one in options.items() if key != "average_with"}
        )
    claims = table_in(given, "claims")
    check_table(f"{place}.claims", claims, [*levels])
    return Factor(
        name, levels, {level: _claim(f"{place}.claims.{level}", one) for level, one in claims.items()}
    )


def _claim(place: str, given: Any) -> Claim:
    if isinstance(given, str):
        return Claim(given)
    check_table(place, given, _CLAIM)
    expected = given.get("expected", "")
    if expected:
        _one_of(f"{place}.expected", expected, EXPECTATIONS)
    by = None if "by" not in given else _number(f"{place}.by", given["by"])
    return Claim(str(given.get("says", "")), expected, by, str(given.get("than", BASE)))


def _check_options(place: str, options: Mapping[str, Any]) -> None:
    """Refuse options that neither `train` nor scoring has, and what an experiment chooses or cannot judge."""
    for name in (*OF_THE_REPEAT, *OF_THE_CELL):
        if name in options:
            remedy = "use seeds and folds" if name in OF_THE_REPEAT else "leave it out"
            raise ConfigError(f"{place}: expected what varies, received {name}; {remedy}")
    preset = options.get("preset")
    if preset == AUTO:
        raise ConfigError(
            f"{place}: expected the same options in each training, received preset {AUTO}, which plans every "
            "one anew; give the options that `plan` chooses"
        )
    if {**PRESETS.get(str(preset), {}), **options}.get("target") == "alpha":
        raise ConfigError(
            f"{place}: expected trainings of masks, received mattes (target alpha); train them one by one, "
            "and compare them with `eval matte=NAME`"
        )
    plain = {name: value for name, value in options.items() if not _refers(value)}
    try:
        accept(JudgeOptions, {name: value for name, value in plain.items() if name in JUDGED})
        accept(TrainOptions, {name: value for name, value in plain.items() if name not in JUDGED})
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from error


def _refers(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(isinstance(one, str) and one.startswith(OTHER) for one in values)


def _check(experiment: Experiment) -> None:
    """Refuse an experiment whose variants refer to none, or to each other in a circle."""
    lengths = {len(factor.levels) for factor in experiment.factors}
    if experiment.design == "paired" and len(lengths) > 1:
        raise ConfigError(
            "design: expected as many levels of each factor, paired one with another, received "
            f"{sorted(lengths)}"
        )
    needed = {variant.name: variant.needs for variant in experiment.variants}
    named = {variant.name: (variant.claim.than,) for variant in experiment.variants if variant.claim}
    for name, needs in needed.items():
        for other in (*needs, *named.get(name, ())):
            if other not in needed:
                raise ConfigError(f"{name}: expected a variant, {', '.join(needed)}, received {other!r}")
    ready: set[str] = set()
    while left := [name for name in needed if name not in ready]:
        fresh = {name for name in left if {*needed[name]} <= ready}
        if not fresh:
            raise ConfigError(f"{left[0]}: expected variants that are built on others, received a circle")
        ready |= fresh
    if needed[BASE]:
        raise ConfigError(f"{BASE}: expected no other variant in it, received {needed[BASE][0]}")


def _one_of(place: str, value: Any, known: Collection[str]) -> str:
    if value not in known:
        raise ConfigError(f"{place}: expected one of {', '.join(known)}, received {value!r}")
    return str(value)


def _whole(place: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or value == 1:
        raise ConfigError(f"{place}: expected 0 or a whole number from 2, received {value!r}")
    return value


def _number(place: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ConfigError(f"{place}: expected a number, received {value!r}")
    return float(value)


def _seeds(value: Any) -> tuple[int, ...]:
    if isinstance(value, list) and value and len({*map(str, value)}) == len(value):
        return tuple(accept(TrainOptions, {"seed": one})["seed"] for one in value)
    raise ConfigError(f"seeds: expected a list of different whole numbers, received {value!r}")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
