"""The cells of an experiment: what each trains and how it is judged, by names that depend on its options."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.config.experiment import BASE, EVERY_FOLD, OTHER, PSEUDO, Experiment, Repeat, Variant
from segmentation.config.experiment_file import JUDGED, JudgeOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.record import digest_of, record_of
from segmentation.core.errors import ConfigError
from segmentation.core.workspace import WorkFolder
from segmentation.jobs.named_files import FILE_OPTIONS, digest_of_option
from segmentation.jobs.named_models import identity
from segmentation.models.architectures import finds_objects

_LONGEST_NAME = 60  # letters of a variant in the name of a file
_NAMES_MODELS = {"model", "second_pass"}
_DIGITS = 8  # of a digest in a name, enough to distinguish the cells of one experiment


@dataclass(frozen=True)
class Place(WorkFolder):
    """A working folder whose models and logs are those of an experiment, in its folder of results."""

    @property
    def cells(self) -> Path:
        """The folder of the figures of each cell."""
        return self.folder / "cells"

    def predicted(self, model: str) -> Path:
        """Return the folder of predicted pairs that a model is trained on as well."""
        return self.folder / "predicted" / model

    def outliers(self, variant: str) -> Path:
        """Return the table of the photos that a variant cuts out far worse than the others."""
        return self.folder / "outliers" / f"{_file_name(variant)}.csv"


@dataclass(frozen=True)
class Cell:
    """A variant in one of its repeats: the options of its training and of judging, and the model's name.

    Variants that are trained alike share a model. `average_with` are the models that score together with it,
    `predicted_by` those whose predictions it is trained on as well.
    `name` is that of its record; it changes with whatever decides the figures.
    """

    variant: Variant
    repeat: Repeat
    name: str
    training: TrainOptions
    judging: JudgeOptions
    average_with: tuple[str, ...] = ()
    predicted_by: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        assert self.training.name  # of every cell
        return self.training.name

    @property
    def judged_as_trained(self) -> bool:
        """Return whether the figures are those that the training itself takes of its held-out photos."""
        return not self.judging.given and not self.average_with

    def record(self, place: Place) -> Path:
        """Return the file of its figures."""
        return place.cells / f"{self.name}.json"

    def __str__(self) -> str:
        return f"{self.variant.name} ({self.repeat})"


@dataclass(frozen=True)
class Run:
    """A cell, and the epoch after which its training stops and can be resumed, 0 for never.

    `rungs` are those of its figures so far.
    """

    cell: Cell
    epochs: int = 0
    rungs: Mapping[str, float] = field(default_factory=dict)


def cells_of(experiment: Experiment, data: Sequence[Path], place: Place, models: Path) -> list[list[Cell]]:
    """Return the cells in the order in which they can be trained: each list needs only those before it.

    `models` is the folder in which a model that the base or a level names is found. Raises ConfigError for
    options that do not fit, and BundleError for a model that is not there.
    """
    planner = _Planner(experiment, tuple(data), place, models)
    waves = [
        [planner.cell(variant, repeat) for repeat in experiment.repeats for variant in variants]
        for variants in _in_order(experiment.variants)
    ]
    return [part for wave in waves for part in _apart(wave)]


def _in_order(variants: Sequence[Variant]) -> list[list[Variant]]:
    """Return the base alone, so that its figures come first, then what is built on what stands before it."""
    waves, ready = [[variants[0]]], {BASE}
    while left := [variant for variant in variants if variant.name not in ready]:
        fresh = [variant for variant in left if {*variant.needs} <= ready]
        waves.append(fresh)
        ready |= {variant.name for variant in fresh}
    return waves


def _apart(wave: list[Cell]) -> list[list[Cell]]:
    """Return the cells that train a model, then those that share it, lest two processes train it at once."""
    training = {cell.model: cell for cell in reversed(wave)}
    first = [cell for cell in wave if training[cell.model] is cell]
    others = [cell for cell in wave if training[cell.model] is not cell]
    return [first, others] if others else [first]


class _Planner:
    """A planner that makes cells, and remembers which trainings are the same."""

    def __init__(self, experiment: Experiment, data: tuple[Path, ...], place: Place, models: Path):
        self._experiment, self._data, self._place, self._models = experiment, data, place, models
        self._variants = {variant.name: variant for variant in experiment.variants}
        self._names: dict[str, str] = {}  # of trainings, by what decides them

    def cell(self, variant: Variant, repeat: Repeat) -> Cell:
        training = self._training(variant, repeat)
        judging = JudgeOptions.of(**_part(self._options(variant), judged=True))
        others = tuple(self._model(name, repeat) for name in variant.average_with)
        decided = [str(training.name), digest_of(record_of(judging)), *others]
        name = f"{_file_name(variant.name)}-{_of_repeat(repeat)}-{digest_of({'cell': decided})[:_DIGITS]}"
        return Cell(variant, repeat, name, training, judging, others, self._predicting(variant, repeat))

    def _training(self, variant: Variant, repeat: Repeat) -> TrainOptions:
        chosen = _part(self._options(variant), judged=False)
        _refuse_objects(variant.name, str(chosen.get("architecture")))
        chosen.pop(PSEUDO, None)
        chosen |= {"seed": repeat.seed}
        if repeat.fold:
            chosen |= {"folds": self._experiment.folds, "fold": repeat.fold}
        known = {key: self._resolved(key, value, repeat) for key, value in chosen.items()}
        decided = record_of(TrainOptions.of(**known)) | {
            key: self._decided(value) for key, value in chosen.items() if key == "exclude"
        }
        if inputs := self._inputs(chosen):
            decided["inputs"] = inputs
        if predicting := self._predicting(variant, repeat):
            decided[PSEUDO] = list(predicting)
        digest = digest_of(decided)[:_DIGITS]
        name = self._names.setdefault(digest, f"{_file_name(variant.name)}-{_of_repeat(repeat)}-{digest}")
        for key in _NAMES_MODELS:
            if key in known:
                known[key] = self._found(known[key])
        return TrainOptions.of(**known, data=self._data, name=name)

    def _predicting(self, variant: Variant, repeat: Repeat) -> tuple[str, ...]:
        """Return the models that predict photos to train on."""
        given = self._options(variant).get(PSEUDO, [])
        names = [given] if isinstance(given, str) else given
        return tuple(model for name in names for model in self._models_of(name, repeat))

    def _options(self, variant: Variant) -> dict[str, Any]:
        return {**self._experiment.base, **variant.options}

    def _resolved(self, key: str, value: Any, repeat: Repeat) -> Any:
        """Return the value with the names of models, or of a table, in the place of variants."""
        if key == "exclude" and isinstance(value, str) and value.startswith(OTHER):
            return self._place.outliers(value.removeprefix(OTHER))
        if isinstance(value, list):
            return [name for one in value for name in self._models_of(one, repeat)]
        return self._models_of(value, repeat)[0] if isinstance(value, str) else value

    def _decided(self, value: Any) -> str:
        """Return what a value depends on: for a table of outliers its trainings, wherever it lies."""
        if not (isinstance(value, str) and value.startswith(OTHER)):
            return str(value)
        name = value.removeprefix(OTHER)
        return ", ".join(self._model(name, one) for one in self._experiment.repeats)

    def _inputs(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the user's own files and models hold now: with others it is another training."""
        found: dict[str, Any] = {}
        for key in options.keys() & {*FILE_OPTIONS}:
            if digest := digest_of_option(key, options[key]):
                found[key] = digest
        for key in _NAMES_MODELS & options.keys():
            value = options[key]
            names = value if isinstance(value, list | tuple) else [value]
            bundles = [find_bundle(name, self._models) for name in names if not name.startswith(OTHER)]
            for bundle in bundles:
                _refuse_mattes(bundle)
                _refuse_objects(str(bundle.path), bundle.architecture)
            if bundles:
                found[key] = [identity(bundle) for bundle in bundles]
        return found

    def _models_of(self, value: str, repeat: Repeat) -> list[str]:
        if not value.startswith(OTHER):
            return [value]
        name = value.removeprefix(OTHER)
        if not name.endswith(EVERY_FOLD):
            return [self._model(name, repeat)]
        name = name.removesuffix(EVERY_FOLD)
        same_seed = [one for one in self._experiment.repeats if one.seed == repeat.seed and one != repeat]
        return [self._model(name, one) for one in (repeat, *same_seed)]

    def _model(self, variant: str, repeat: Repeat) -> str:
        return str(self._training(self._variants[variant], repeat).name)

    def _found(self, names: Any) -> Any:
        """Return a model of the user's by its path, since the models folder of a cell is the experiment's."""
        if isinstance(names, list | tuple):
            return [self._found(name) for name in names]
        ours = names in self._names.values()
        return names if ours else str(find_bundle(names, self._models).path.absolute())


def _refuse_mattes(bundle: ModelBundle) -> None:
    if bundle.matte:  # a training takes the target of the model that it begins with
        raise ConfigError(
            f"{bundle.path}: expected a model of masks, received one of mattes; train them one by one, and "
            "compare them with `eval matte=NAME`"
        )


def _refuse_objects(place: str, architecture: str) -> None:
    """Refuse trainings that an experiment would judge by all objects together, however they are cut apart."""
    if finds_objects(architecture):
        raise ConfigError(
            f"{place}: expected trainings of masks, received objects one by one (architecture "
            f"{architecture}); train them one by one, and compare the average precision that "
            "`eval model=NAME` gives"
        )


def _part(options: Mapping[str, Any], *, judged: bool) -> dict[str, Any]:
    return {name: value for name, value in options.items() if (name in JUDGED) == judged}


def _of_repeat(repeat: Repeat) -> str:
    return f"s{repeat.seed}" + (f"f{repeat.fold}" if repeat.fold else "")


def _file_name(text: str) -> str:
    """Return the letters and digits of a text, for the name of a file or a model."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:_LONGEST_NAME] or "variant"
