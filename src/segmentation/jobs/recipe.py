"""The job `recipe`: the steps of a recorded recipe that are not done yet, one after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.bundle.names import check_name
from segmentation.config.jobs.recipe import RecipeOptions
from segmentation.core.errors import ConfigError
from segmentation.core.lock import locked
from segmentation.core.workspace import Workspace
from segmentation.jobs.context import Context
from segmentation.jobs.interruption import interruptible
from segmentation.jobs.recipe_runs import check_job, going_on, is_done, is_model, run
from segmentation.jobs.recipe_steps import Request, Step
from segmentation.jobs.recipes import RECIPES
from segmentation.jobs.study_steps import Said, in_words

_RECORDS = "steps"  # the folder that notes which of them are done


@dataclass(frozen=True)
class StepStarted:
    """An event: step `number` of `total` is about to begin, or is already `done`."""

    number: int
    total: int
    step: Step
    done: bool = False


@dataclass(frozen=True)
class StepEnded:
    """An event: a step has its result, the bundle of a model, or was interrupted."""

    step: Step
    result: Any
    interrupted: bool


@dataclass(frozen=True)
class PageWritten:
    """An event: the pages of a study are written; `page` lists them."""

    page: Path


def steps_of(options: RecipeOptions, workspace: Workspace) -> list[Step]:
    """Return the steps of the recipe that the options choose.

    Raises ConfigError for an invalid name, and for a question of a study that cannot be used.
    """
    return _steps(options, _request(options, workspace))


def recipe(options: RecipeOptions, context: Context, said: Said = in_words) -> bool:
    """Run the steps that are not done yet, resuming a training; return whether all are done now.

    The pages of a study are written at the end, again where all steps were done before; `said` makes the
    command of a job of its options. Tells StepStarted, StepEnded and PageWritten besides the events of the
    steps. Raises ConfigError where the last model exists, and where an earlier one was made with other
    options; and what the jobs of the steps raise.
    """
    request = _request(options, context.workspace)
    steps = _steps(options, request)
    held = locked(context.workspace.logs / request.name, "choose another `name`")
    with held, interruptible(context) as context:
        if is_model(steps[-1]) and is_done(steps[-1], request.results, context):
            raise ConfigError(f"`name={steps[-1].name}`: the model exists; choose another name")
        if not run_steps(steps, request.results / _RECORDS, context):
            return False
        if RECIPES[options.recipe].questions:
            from segmentation.jobs.study import write_pages

            context.tell(PageWritten(write_pages(request, steps, said, context)))
        return True


def _request(options: RecipeOptions, workspace: Workspace) -> Request:
    given = [name for name in ("questions", "quick") if getattr(options, name)]
    if given and not RECIPES[options.recipe].questions:
        raise ConfigError(
            f"`{given[0]}`: expected with the recipe of a study, received with {options.recipe}; leave it out"
        )
    usual = f"my-{options.recipe}{'-quick' if options.quick else ''}"
    name = check_name(options.name or usual)
    results = workspace.results / name
    if results.is_relative_to(Path.cwd()):
        results = results.relative_to(Path.cwd())  # so that commands are the same on every machine
    return Request(options.data, name, results, options.questions, options.quick)


def _steps(options: RecipeOptions, request: Request) -> list[Step]:
    steps = RECIPES[options.recipe].steps(request)
    for step in steps:
        check_job(step)
        if is_model(step):
            check_name(step.name)
    return steps


def run_steps(steps: Sequence[Step], records: Path, context: Context) -> bool:
    """Run the steps that are not done yet, see `recipe`; return whether all are done now.

    Finished steps are noted in the folder `records`, except for models, which record it themselves.
    """
    for number, step in enumerate(steps, start=1):
        if context.interrupted():
            raise KeyboardInterrupt
        if is_done(step, records, context):
            context.tell(StepStarted(number, len(steps), step, done=True))
            continue
        step = going_on(step, context)
        context.tell(StepStarted(number, len(steps), step))
        result, interrupted = run(step, records, context)
        context.tell(StepEnded(step, result, interrupted))
        if interrupted:
            return False
    return True
