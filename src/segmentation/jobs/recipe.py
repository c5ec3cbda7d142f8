"""The job `recipe`: the steps of a recorded recipe that are not done yet, one after another."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import DESCRIPTION, ModelBundle, check_name, load_bundle
from segmentation.config.jobs.recipe import RecipeOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.record import differences, digest_of, record_of
from segmentation.core.errors import ConfigError
from segmentation.core.lock import locked
from segmentation.jobs.context import Context
from segmentation.jobs.interruption import interruptible
from segmentation.jobs.recipes import RECIPES, Step


@dataclass(frozen=True)
class StepStarted:
    """An event: step `number` of `total` is about to begin, or is already `done`."""

    number: int
    total: int
    step: Step
    done: bool = False


@dataclass(frozen=True)
class StepEnded:
    """An event: a step has made or calibrated this model, or was interrupted."""

    step: Step
    bundle: ModelBundle
    interrupted: bool


def steps_of(options: RecipeOptions) -> list[Step]:
    """Return the steps of the recipe that the options choose. Raises ConfigError for an invalid name."""
    name = check_name(options.name or f"my-{options.recipe}")
    steps = RECIPES[options.recipe].steps(options.data, name)
    for step in steps:
        check_name(step.model)
    return steps


def recipe(options: RecipeOptions, context: Context) -> bool:
    """Run the steps that are not done yet, resuming a training; return whether all are done now.

    Tells StepStarted and StepEnded besides the events of the steps. Raises ConfigError where the last model
    exists, and where an earlier one was made with other options; and what the jobs of the steps raise.
    """
    steps = steps_of(options)
    held = locked(context.workspace.logs / steps[-1].model, "choose another `name`")
    with held, interruptible(context) as context:
        return _run_all(steps, context)


def _run_all(steps: list[Step], context: Context) -> bool:
    last = steps[-1]
    if _is_done(context.workspace.models, last):
        raise ConfigError(f"`name={last.model}`: the model exists; choose another name")
    return run_steps(steps, context)


def run_steps(steps: Sequence[Step], context: Context) -> bool:
    """Run the steps that are not done yet, see `recipe`; return whether all are done now."""
    models = context.workspace.models
    for number, step in enumerate(steps, start=1):
        if context.interrupted():
            raise KeyboardInterrupt
        if _is_done(models, step):
            context.tell(StepStarted(number, len(steps), step, done=True))
            continue
        step = _going_on(step, context)
        context.tell(StepStarted(number, len(steps), step))
        bundle, interrupted = _run(step, context)
        context.tell(StepEnded(step, bundle, interrupted))
        if interrupted:
            return False
    return True


def _is_done(models: Path, step: Step) -> bool:
    """Return whether the model exists, fully trained or calibrated, with the options of the step.

    Raises ConfigError for one that was trained with others.
    """
    path = models / step.model
    if not (path / DESCRIPTION).is_file():
        return False
    recorded, expected = load_bundle(path).provenance, record_of(step.options)
    if not isinstance(step.options, TrainOptions):
        return recorded.get("calibrated_digest") == digest_of(expected)
    if recorded.get("digest") != digest_of(expected):
        raise ConfigError(
            f"{path}: expected the model of this step, received {_made_otherwise(recorded, expected)}; "
            "choose another `name`, or move it away"
        )
    return not recorded.get("interrupted")


def _made_otherwise(recorded: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    options = recorded.get("options")
    if not isinstance(options, dict):
        return "one of an older version, which does not record the options that it was trained with"
    return f"one with other options ({'; '.join(differences(options, expected))})"


def _going_on(step: Step, context: Context) -> Step:
    """The step to run: a training that has finished epochs is resumed.

    Raises ConfigError where they are those of other options.
    """
    from segmentation.training.run_state import RECORD, read_run

    if not isinstance(step.options, TrainOptions):
        return step
    logs = context.workspace.logs / step.model
    if not (logs / RECORD).is_file():
        return step
    recorded, expected = read_run(logs).begun_with.get("options"), record_of(step.options)
    if recorded is not None and (others := differences(recorded, expected)):
        raise ConfigError(
            f"{logs}: expected the interrupted run of this step, received one with other options "
            f"({'; '.join(others)}); choose another `name`, or move it away"
        )
    given = step.options.given | {"resume"}
    return Step(step.model, dataclasses.replace(step.options, resume=True, given=given))


def _run(step: Step, context: Context) -> tuple[ModelBundle, bool]:
    """The model that a step made, and whether it was interrupted."""
    import keras

    from segmentation.jobs.calibrate import calibrate
    from segmentation.jobs.train import train

    keras.utils.clear_session()  # else the networks of all steps stay in memory
    if isinstance(step.options, TrainOptions):
        trained = train(step.options, context)
        return trained.bundle, trained.interrupted
    return calibrate(step.options, context), False
