"""The options of a training that is planned first: `preset=auto` in the place of a preset."""

from dataclasses import dataclass, field
from typing import Any

from segmentation.config.jobs.train import TrainOptions
from segmentation.config.presets import AUTO
from segmentation.config.record import chosen
from segmentation.jobs.context import Context
from segmentation.jobs.plan import plan_training
from segmentation.jobs.planned import TrainingPlan
from segmentation.jobs.resuming import PLAN, planned_before
from segmentation.training.run_state import RunState


@dataclass(frozen=True)
class PlannedTraining:
    """Options with what a plan has chosen, and what is kept of it in the bundle and for a resumption.

    There is no `plan` where none was asked for, and where an interrupted training goes on with its own.
    """

    options: TrainOptions
    kept: dict[str, Any] = field(default_factory=dict)
    plan: TrainingPlan | None = None


def plan_first(options: TrainOptions, state: RunState | None, context: Context) -> PlannedTraining:
    """Return the options as they are, or planned where `preset=auto` asks for it; the plan is told.

    An interrupted run, of the `state`, goes on as it was planned. Raises what `plan_training` raises.
    """
    if options.preset != AUTO:
        return PlannedTraining(options)
    typed = {name: value for name, value in chosen(options).items() if name != "preset"}
    if state:
        settings = planned_before(state, context.workspace.home)
        return PlannedTraining(TrainOptions.of(**{**settings, **typed}), {PLAN: state.begun_with[PLAN]})
    plan = plan_training(options, context)
    context.tell(plan)
    return PlannedTraining(TrainOptions.of(**{**plan.settings(), **typed}), {PLAN: plan.record()}, plan)
