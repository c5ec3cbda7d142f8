"""Steps of a recipe as they are run: whether one is done, and which job it is."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.bundle.names import DESCRIPTION
from segmentation.bundle.provenance import provenance
from segmentation.config.jobs import JOBS, TABLE
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.record import differences, digest_of, record_of
from segmentation.core.errors import ConfigError
from segmentation.core.files import write_text
from segmentation.jobs.context import Context
from segmentation.jobs.interruption import ending
from segmentation.jobs.named_files import contents, pairs_digest
from segmentation.jobs.named_models import changed, identities
from segmentation.jobs.recipe_steps import Step

_WHOLE = ("synth", "compose", "data", "eval", "compare")  # jobs that are of no use unless they finish
_OTHERS = ("train", "calibrate", "predict", "pseudo")
_FILES = "files"  # the key of the digests of what options name


def check_job(step: Step) -> None:
    """Raise ConfigError for a job that a recipe cannot have as a step."""
    if _command(step) not in (*_WHOLE, *_OTHERS):
        known = ", ".join((*_OTHERS, *_WHOLE))
        raise ConfigError(f"{step.name}: expected one of {known}, received {_command(step)}")


def is_model(step: Step) -> bool:
    """Return whether a step trains or calibrates a model."""
    return isinstance(step.options, TrainOptions | CalibrateOptions)


def is_done(step: Step, records: Path, context: Context) -> bool:
    """Return whether what the step makes is there, whole, and made with its options.

    Raises ConfigError for a model that was trained with others.
    """
    if is_model(step):
        return _model_is_done(step, context.workspace.models)
    assert step.output is not None  # of all but models
    record = _record_file(step, records)
    if not (record.is_file() and step.output.exists()):
        return False
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    decided = _decided(step, context)
    return isinstance(found, dict) and found.items() >= decided.items() and not _changed_files(step, found)


def run(step: Step, records: Path, context: Context) -> tuple[Any, bool]:
    """Run a step, going on with a training that was begun; return its result, and whether it was interrupted.

    `records` is the folder in which is noted what is done.
    """
    if is_model(step):
        return _make_model(step, context)
    decided, files, command = _decided(step, context), contents(step.options), _command(step)
    result = _job(command)(step.options, ending(context) if command in _WHOLE else context)
    if context.interrupted():
        return result, True
    record = {**decided, _FILES: files, **provenance(context.command)}
    write_text(_record_file(step, records), json.dumps(record, indent=2) + "\n")
    return result, False


def going_on(step: Step, context: Context) -> Step:
    """Return the step to run: a training that has finished epochs is resumed.

    Raises ConfigError where they are those of other options.
    """
    from segmentation.training.run_state import RECORD, read_run

    if not isinstance(step.options, TrainOptions):
        return step
    logs = context.workspace.logs / step.name
    if not (logs / RECORD).is_file():
        return step
    recorded, expected = read_run(logs).begun_with.get("options"), record_of(step.options)
    if recorded is not None and (others := differences(recorded, expected)):
        raise ConfigError(
            f"{logs}: expected the interrupted run of this step, received one with other options "
            f"({'; '.join(others)}); choose another `name`, or move it away"
        )
    given = step.options.given | {"resume"}
    return Step(step.name, dataclasses.replace(step.options, resume=True, given=given))


def _model_is_done(step: Step, models: Path) -> bool:
    path = models / step.name
    if not (path / DESCRIPTION).is_file():
        return False
    recorded, expected = load_bundle(path).provenance, record_of(step.options)
    used = identities(step.options, models)
    if not isinstance(step.options, TrainOptions):
        same_models = recorded.get("calibrated_by", used) == used  # earlier versions did not record them
        same = same_models and not _changed_files(step, {_FILES: recorded.get("calibrated_files")})
        return recorded.get("calibrated_digest") == digest_of(expected) and same
    if recorded.get("digest") == digest_of(expected) and (others := changed(recorded.get("models"), used)):
        raise ConfigError(
            f"{path}: expected the model of this step, received one that was trained with another "
            f"{' and '.join(others)} than the one that is there now; move it away, or bring the other back"
        )
    if recorded.get("digest") != digest_of(expected):
        raise ConfigError(
            f"{path}: expected the model of this step, received {_made_otherwise(recorded, expected)}; "
            "choose another `name`, or move it away"
        )
    if others := _changed_files(step, recorded):
        names = " and ".join(f"`{name}`" for name in others)
        raise ConfigError(
            f"{path}: expected the model of this step, received one that was trained before what {names} "
            "names was changed; bring that back, or move the model away"
        )
    return not recorded.get("interrupted")


def _changed_files(step: Step, recorded: Mapping[str, Any]) -> list[str]:
    """Return the options whose folders and files no longer hold what was recorded; none where nothing was."""
    before = recorded.get(_FILES)
    if isinstance(before, dict):
        now = contents(step.options)
        return [name for name, digest in now.items() if before.get(name, digest) != digest]
    if "data_digest" in recorded:  # of earlier versions, which knew the pairs alone
        digest = pairs_digest(step.options, with_origins=False)
        return ["data"] if digest and recorded["data_digest"] != digest else []
    return []


def _made_otherwise(recorded: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    options = recorded.get("options")
    if not isinstance(options, dict):
        return "one of an older version, which does not record the options that it was trained with"
    return f"one with other options ({'; '.join(differences(options, expected))})"


def _make_model(step: Step, context: Context) -> tuple[ModelBundle, bool]:
    import keras

    from segmentation.jobs.calibrate import calibrate
    from segmentation.jobs.train import train

    keras.utils.clear_session()  # else the networks of all steps stay in memory
    if isinstance(step.options, TrainOptions):
        trained = train(step.options, context)
        return trained.bundle, trained.interrupted
    assert isinstance(step.options, CalibrateOptions)
    return calibrate(step.options, context), False


def _decided(step: Step, context: Context) -> dict[str, Any]:
    """Return what decides the result beside files: the options, and the models as they are now."""
    models = identities(step.options, context.workspace.models)
    return {"options": record_of(step.options), "models": models}


def _record_file(step: Step, records: Path) -> Path:
    return records / f"{step.name.replace('/', '-')}.json"


def _command(step: Step) -> str:
    return next(name for name, kind in JOBS.items() if isinstance(step.options, kind))


def _job(command: str) -> Callable[[Any, Context], Any]:
    name = TABLE[command].module
    job: Callable[[Any, Context], Any] = getattr(import_module(f"segmentation.jobs.{name}"), name)
    return job
