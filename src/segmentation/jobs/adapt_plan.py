"""The plan of an adaptation, which a resumption reads: the model, the pairs, the trainings that follow."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import FIRST, ModelBundle
from segmentation.bundle.names import check_name
from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.run import RunConfig
from segmentation.config.values import Shares
from segmentation.core.errors import ConfigError, SegmentationError, TrainingError
from segmentation.core.files import write_text
from segmentation.core.regular_file import check_regular
from segmentation.core.workspace import WorkFolder, Workspace
from segmentation.jobs.recipe_steps import Step

PLAN = "adapt.json"
CORRECTIONS, HELD_OUT = "corrections", "held-out"
"""The folders of the pairs to train on, and of those that judge the old and the new model."""

_STEPS = 25  # of an epoch; there may be a dozen corrections
_USUAL_BATCH = 4  # of a model that does not record its own


@dataclasses.dataclass(frozen=True)
class Plan:
    """An adaptation that was prepared; paths are absolute.

    `learned` and `judged` count corrected photos. `replay` are folders of pairs to train on as well, and
    `second_replay` those of them that a second pass can be trained on; `guides` are the first passes that
    show it photos which they were not trained on. `exclude` is the table of pairs that are left out, and
    `held_out_from` says which pairs of a folder are held out.
    `options` are those that the adaptation was begun with, and `verdict` is the sentence that it ended with.
    """

    model: str
    digest: str
    learned: int
    judged: int
    epochs: int
    rate: float
    replay: tuple[str, ...] = ()
    second_replay: tuple[str, ...] = ()
    guides: tuple[str, ...] = ()
    mix: tuple[float, ...] = ()
    exclude: str | None = None
    validation: str | None = None
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    verdict: str = ""
    held_out_from: str = "all"  # as in plans of earlier versions

    def write(self, folder: Path) -> None:
        write_text(folder / PLAN, json.dumps(dataclasses.asdict(self), indent=2) + "\n")


def read_plan(folder: Path) -> Plan | None:
    """Return the plan of an adaptation, None where there is none. Raises TrainingError for a damaged one."""
    path = folder / PLAN
    try:
        saved = json.loads(check_regular(path).read_text(encoding="utf-8"))
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in saved.items()
        }
        return Plan(**values)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{path}: expected the plan of an adaptation, received a damaged one; start again "
            "with `overwrite`"
        ) from error


def place_of(workspace: Workspace, name: str) -> WorkFolder:
    """Return the place in which the adaptation that makes the model of a name works."""
    return WorkFolder(workspace.home, workspace.results / "adapt" / check_name(name))


def is_unfinished(workspace: Workspace, name: str) -> bool:
    """Return whether there is an adaptation for the model of a name that can be resumed."""
    try:
        plan = read_plan(place_of(workspace, name).folder)
    except SegmentationError:  # an invalid name, or a damaged plan
        return False
    return plan is not None and not plan.verdict


def steps_of(plan: Plan, bundle: ModelBundle, name: str, folder: Path) -> list[Step]:
    """Return the trainings that make the new model: of each pass, beginning with its old weights."""
    learned = str((folder / CORRECTIONS).absolute())
    if bundle.first is None:
        return [_step(plan, bundle, name, learned, plan.replay)]
    first = f"{name}-{FIRST}"
    return [
        _step(plan, bundle.first, first, learned, plan.replay),
        _step(plan, bundle, name, learned, plan.second_replay, (first, *plan.guides)),
    ]


def shares_of(options: AdaptOptions, replay: Sequence[str]) -> tuple[float, ...]:
    """Return the shares of the corrections and of each replayed folder; none where nothing is replayed.

    Raises ConfigError for shares that are not as many as the folders.
    """
    if options.mix and len(options.mix) != 1 + len(replay):
        raise ConfigError(
            f"`mix`: expected a share for the corrections and each `replay`, {1 + len(replay)}, received "
            f"{options.mix}"
        )
    if not replay:
        return ()
    return tuple(options.mix) if options.mix else (0.5, *[0.5 / len(replay)] * len(replay))


def _step(
    plan: Plan, start: ModelBundle, name: str, learned: str, replay: Sequence[str], guides: Sequence[str] = ()
) -> Step:
    options = TrainOptions(
        data=tuple(map(Path, (learned, *replay))),
        exclude=Path(plan.exclude) if plan.exclude and replay else None,
        name=name,
        model=str(start.path.absolute()),
        second_pass=tuple(guides),
        run=_configuration(plan, start, replay),
    )
    return Step(name, options)


def _configuration(plan: Plan, start: ModelBundle, replay: Sequence[str]) -> RunConfig:
    """Return the configuration that the model was trained with, but for a short training at a low rate."""
    config = start.config
    batch = config.training.batch_size
    if not isinstance(batch, int):
        recorded = start.provenance.get("batch_size")
        batch = recorded if isinstance(recorded, int) and recorded > 0 else _USUAL_BATCH
    kept = [share for folder, share in zip(plan.replay, plan.mix[1:], strict=False) if folder in replay]
    shares = [plan.mix[0], *kept] if replay else [1.0]
    shares = [share / sum(shares) for share in shares]
    photos = plan.learned / shares[0]  # of an epoch that shows each correction once
    return dataclasses.replace(config, data=dataclasses.replace(config.data, classes="garment")).replace(
        folds=0,
        fold=1,
        mix=Shares(shares) if replay else None,
        repeats=max(1, math.ceil(_STEPS * batch / photos)),
        held_out_from=plan.held_out_from,
        synthetic=0,
        train_size=0,
        epochs=plan.epochs,
        batch_size=batch,
        learning_rate=plan.rate * config.training.learning_rate,
        schedule="cosine",
        patience=0,
        freeze=0,
        freeze_epochs=0,
    )
