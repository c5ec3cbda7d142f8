"""Experiments: the options of a training that all variants share, and those that each one varies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

BASE = "base"
"""The name of the variant that all others are compared with."""

OTHER = "@"
"""The prefix of a value that names another variant, for its model of the same repeat."""

EVERY_FOLD = "*"
"""The suffix of such a value that stands for the models of all folds, that of this fold first."""

PSEUDO = "pseudo"
"""The option that names the variants whose models predict photos to train on as well."""

DESIGNS = ("one at a time", "grid", "paired")
EXPECTATIONS = ("better", "worse", "same")


@dataclass(frozen=True)
class Claim:
    """A published claim about a variant: which way it differs, in words, by how much, and from which one."""

    says: str
    expected: str = ""
    by: float | None = None
    than: str = BASE


@dataclass(frozen=True)
class Factor:
    """Something that varies: the options of each level by its name, and what others say of levels."""

    name: str
    levels: Mapping[str, Mapping[str, Any]]
    claims: Mapping[str, Claim] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """A variant to compare: the `options` of `train` and of scoring that it adds to those of the base.

    `levels` are those of the factors, empty for the base. `average_with` names variants whose models score
    together with its own; one that has nothing else of its own is scored by them and the base alone.
    """

    name: str
    levels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    average_with: tuple[str, ...] = ()
    claim: Claim | None = None

    @property
    def factor(self) -> str:
        """The factor, or all of them where several vary."""
        return " x ".join(self.levels)

    @property
    def level(self) -> str:
        return ", ".join(self.levels.values())

    @property
    def needs(self) -> tuple[str, ...]:
        """The variants whose models it is built on or scored with."""
        return (*self.average_with, *dict.fromkeys(name for name, _every in references(self.options)))


@dataclass(frozen=True)
class Repeat:
    """One of the trainings of every variant: its seed, and the fold that it holds out, 0 for none."""

    seed: int
    fold: int = 0

    def __str__(self) -> str:
        return f"seed {self.seed}" + (f", fold {self.fold}" if self.fold else "")


@dataclass(frozen=True)
class Experiment:
    """A base, what varies, and how often each variant is trained.

    `margin` is the difference below which two variants are as good as each other. With `halving` the worse
    half of the variants is given up after a quarter of the epochs, and again after half of them. `folds` is 0
    for the data's own split.
    """

    name: str
    about: str
    base: Mapping[str, Any]
    factors: tuple[Factor, ...]
    design: str = DESIGNS[0]
    seeds: tuple[int, ...] = (0, 1, 2)
    folds: int = 0
    margin: float = 0.002
    halving: bool = False

    @property
    def repeats(self) -> tuple[Repeat, ...]:
        """The trainings of each variant, every fold of the first seed before the next seed."""
        folds = range(1, self.folds + 1) if self.folds else (0,)
        return tuple(Repeat(seed, fold) for seed in self.seeds for fold in folds)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The base, and a variant for each level or combination of levels."""
        return (Variant(BASE), *(self._variant(chosen) for chosen in self._combinations()))

    def fixes_threshold(self, variant: Variant) -> bool:
        """Return whether a variant is scored at a threshold of its own choice, not at the best one."""
        return {**self.base, **variant.options}.get("threshold", "auto") != "auto"

    def _combinations(self) -> Sequence[tuple[tuple[Factor, str], ...]]:
        each = [[(factor, level) for level in factor.levels] for factor in self.factors]
        if self.design == "grid":
            return [chosen for chosen in product(*each) if chosen]  # without factors, the base alone
        if self.design == "paired":
            return list(zip(*each, strict=True))
        return [(one,) for levels in each for one in levels]

    def _variant(self, chosen: Sequence[tuple[Factor, str]]) -> Variant:
        options: dict[str, Any] = {}
        for factor, level in chosen:
            options |= factor.levels[level]
        others = options.pop("average_with", ())
        factor, level = chosen[0]
        return Variant(
            ", ".join(f"{factor.name}={level}" for factor, level in chosen),
            {factor.name: level for factor, level in chosen},
            options,
            (others,) if isinstance(others, str) else tuple(others),
            factor.claims.get(level) if len(chosen) == 1 else None,
        )


def references(options: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Return the variants that options refer to, and whether the models of all folds are meant."""
    found = []
    for value in options.values():
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, str) and one.startswith(OTHER):
                every = one.endswith(EVERY_FOLD)
                found.append((one.removeprefix(OTHER).removesuffix(EVERY_FOLD), every))
    return found
