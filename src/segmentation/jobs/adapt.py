"""The job `adapt`: a model learns from corrections of its masks; the new one is kept if it is better."""

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.bundle.names import check_name
from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.config.jobs.compare import CompareOptions
from segmentation.config.options import options_of
from segmentation.config.record import differences, record_of
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError, DataError, TrainingError
from segmentation.core.events import Caution, Note
from segmentation.core.lock import locked
from segmentation.core.workspace import WorkFolder
from segmentation.evaluation.adaptation import Trial, Verdict
from segmentation.inference.suitability import require_cutout
from segmentation.jobs.adapt_pairs import (
    check_enough,
    collect_corrections,
    find_guides,
    find_replay,
    find_validation,
)
from segmentation.jobs.adapt_placing import present_at, put, replaced_by
from segmentation.jobs.adapt_plan import (
    CORRECTIONS,
    HELD_OUT,
    PLAN,
    Plan,
    place_of,
    read_plan,
    shares_of,
    steps_of,
)
from segmentation.jobs.compare import Compared, compare
from segmentation.jobs.context import Context
from segmentation.jobs.corrections import find_corrections, model_of
from segmentation.jobs.interruption import ending, interruptible
from segmentation.jobs.option_checks import check_alone
from segmentation.jobs.recipe import run_steps

ON_CORRECTIONS, ON_VALIDATION = "on-corrections", "on-validation"
"""The folders of the two comparisons of old and new."""

_MADE = (CORRECTIONS, HELD_OUT, ON_CORRECTIONS, ON_VALIDATION, "models", "logs", PLAN)


@dataclasses.dataclass(frozen=True)
class Adapted:
    """The verdict on the new model and its folder: its own name if it was `taken`, else where it was trained.

    `reports` are those of the comparisons. An adaptation that was interrupted has no verdict.
    """

    verdict: Verdict | None
    model: Path
    taken: bool = False
    reports: tuple[Path, ...] = ()


def adapt(options: AdaptOptions, context: Context) -> Adapted:
    """Train a model further on corrections, compare it with the old one, and keep it if it is better.

    All that is needed on the way is in the folder NAME of results/adapt, from which `resume` goes on. Tells
    StepStarted and StepEnded of `recipe`, and what trainings and comparisons tell. Raises ConfigError for a
    name that is taken and for options that do not fit, DataError for corrections that cannot be trained on,
    TrainingError where there is nothing to resume, and what the jobs of the steps raise.
    """
    check_alone(options, "resume", "overwrite")
    name = check_name(options.name)
    target = context.workspace.models / name
    place = place_of(context.workspace, name)
    with locked(place.folder, "choose another `name`"), interruptible(context) as context:
        plan = read_plan(place.folder) if not options.overwrite else None
        if options.resume:
            plan = _going_on(options, plan, place.folder)
        elif target.exists() and not options.overwrite:
            raise ConfigError(f"`name={name}`: {target} exists; choose another name, or add `overwrite`")
        elif plan and not plan.verdict:
            raise ConfigError(
                f"`name={name}`: an unfinished adaptation is in {place.folder}; add `resume`, or `overwrite`"
            )
        else:
            plan = _prepare(options, present_at(target), place.folder, ending(context))
        try:
            return _adapt(plan, name, target, place, context)
        except KeyboardInterrupt:  # the plan resumes from there, whatever was in progress
            return Adapted(None, place.models / name)


def _prepare(options: AdaptOptions, present: ModelBundle | None, folder: Path, context: Context) -> Plan:
    """Collect the pairs and find what else is needed; what an earlier adaptation left is removed.

    `present` is the model that has the name now.
    """
    found = find_corrections(options.from_, context)
    bundle = model_of(found, options.model, context.workspace.models)
    if present:
        require_cutout(present, "`name`", "choose another `name`")
    validation = find_validation(options, bundle, context)
    replay, exclude = find_replay(options, bundle, context)
    mix = shares_of(options, [str(dataset.root) for dataset in replay])
    guides, second_replay = find_guides(options, bundle, replay, context)
    check_enough(found)
    made = [folder / name for name in _MADE]
    with _undone(made):
        knowing = (bundle, present) if present else (bundle,)
        split = collect_corrections(found, knowing, options, folder, context)
    context.tell(
        Note(
            f"{bundle.name} learns from {counted(len(split.train), 'corrected photo')}, and is judged on "
            f"{len(split.val)} of other garments"
        )
    )
    plan = Plan(
        model=str(bundle.path.absolute()),
        digest=bundle.digest,
        learned=len(split.train),
        judged=len(split.val),
        epochs=options.epochs,
        rate=options.rate,
        replay=tuple(str(dataset.root.absolute()) for dataset in replay),
        second_replay=tuple(str(dataset.root.absolute()) for dataset in second_replay),
        guides=tuple(str(guide.path.absolute()) for guide in guides),
        mix=mix,
        exclude=str(exclude) if exclude else None,
        validation=str(validation.absolute()) if validation else None,
        options=_recorded(options),
        held_out_from="model",  # so that what judged the old model judges the new one
    )
    plan.write(folder)
    return plan


def _going_on(options: AdaptOptions, plan: Plan | None, folder: Path) -> Plan:
    """Return the plan of an interrupted adaptation; TrainingError for none, or for other options."""
    if plan is None or plan.verdict:
        raise TrainingError(f"`resume`: no interrupted adaptation in {folder}; start it without `resume`")
    if others := differences(plan.options, _recorded(options)):
        raise TrainingError(
            f"`resume`: {'; '.join(others)}: expected the options that the adaptation in {folder} was begun "
            "with; give these, or start again with `overwrite`"
        )
    return plan


def _adapt(plan: Plan, name: str, target: Path, place: WorkFolder, context: Context) -> Adapted:
    old = load_bundle(Path(plan.model))
    if old.digest != plan.digest:
        raise TrainingError(
            f"{old.path}: expected the model that the adaptation was begun with, received another; bring it "
            "back, or start again with `overwrite`"
        )
    inner = dataclasses.replace(context, workspace=place)
    trained = place.models / name
    if not run_steps(steps_of(plan, old, name, place.folder), place.folder, inner):
        return Adapted(None, trained)
    replaced = replaced_by(trained, target)
    verdict, reports = _judge(plan, replaced or old, trained, place, ending(inner))
    taken = verdict.better_everywhere if replaced else verdict.better
    if taken:
        put(trained, target, old, plan, verdict)
    dataclasses.replace(plan, verdict=str(verdict)).write(place.folder)
    for path in (place.logs, *place.models.glob("*")):
        if taken or path != trained:
            _remove(path)
    return Adapted(verdict, target if taken else trained, taken, reports)


def _judge(
    plan: Plan, old: ModelBundle, trained: Path, place: WorkFolder, context: Context
) -> tuple[Verdict, tuple[Path, ...]]:
    """Compare old and new on held-out corrections and on the validation set."""

    def compared(data: Path, output: str) -> Compared:
        models = (str(old.path.absolute()), str(trained.absolute()))
        return compare(CompareOptions.of(models=models, data=data, output=place.folder / output), context)

    corrections = compared(place.folder / HELD_OUT, ON_CORRECTIONS)
    done, validation = [corrections], None
    if plan.validation:
        try:
            done.append(compared(Path(plan.validation), ON_VALIDATION))
            validation = Trial.of(done[-1].comparison)
        except DataError as error:
            context.tell(Caution(f"not judged on other photos: {error}"))
    new = trained.name if trained.name != old.name else f"the new {trained.name}"
    failed = validation is None and bool(plan.options.get("validation"))
    verdict = Verdict(old.name, new, Trial.of(corrections.comparison), validation, failed)
    return verdict, tuple(one.report for one in done)


def _recorded(options: AdaptOptions) -> dict[str, Any]:
    """Return the options as the plan keeps them, with absolute paths: a resumption may begin elsewhere."""
    paths = {found.name for found in options_of(AdaptOptions) if found.kind is Path}
    recorded = record_of(options)
    for name in paths & recorded.keys():
        value = recorded[name]
        recorded[name] = [_absolute(one) for one in value] if isinstance(value, list) else _absolute(value)
    return recorded


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


@contextmanager
def _undone(made: Sequence[Path]) -> Iterator[None]:
    """Remove what an earlier adaptation left, and leave nothing behind where this one cannot begin."""
    for path in made:
        _remove(path)
    try:
        yield
    except BaseException:
        for path in made:
            _remove(path)
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
