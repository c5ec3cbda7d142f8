"""The options of an interrupted training: those that it was begun with, where no others are given."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segmentation.config.jobs.train import TrainOptions
from segmentation.config.option_field import OptionField
from segmentation.config.options import options_of
from segmentation.config.record import chosen, record_of
from segmentation.core.errors import ConfigError, TrainingError
from segmentation.training.run_state import RECORD, RunState

PLAN = "plan"
"""The key of the plan of a training, in the record of a run and in a bundle."""


def begun_with(options: TrainOptions, home: Path) -> dict[str, Any]:
    """Return what `going_on` needs, as JSON holds it: the options, and where relative paths in them begin."""
    return {"options": record_of(options), "folder": str(Path.cwd()), "home": str(home.absolute())}


def going_on(options: TrainOptions, state: RunState, home: Path) -> TrainOptions:
    """Return the options of an interrupted run, with those that are given now in the place of its own.

    Paths are found from wherever the program is started now, and in a working folder that was moved as a
    whole to `home`. A run of a version that did not record its options has those that are given. Raises
    TrainingError for a damaged record.
    """
    recorded = state.begun_with
    if not recorded:
        return options
    try:
        fields = {found.name: found for found in options_of(TrainOptions)}
        begun = {
            name: _found_again(fields[name], value, recorded, home.absolute())
            for name, value in recorded["options"].items()
        }
        return TrainOptions.of(**{**begun, **chosen(options)})
    except (ConfigError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{state.folder / RECORD}: expected the options of a run, received a damaged record ({error}); "
            "start again with `overwrite`"
        ) from error


def planned_before(state: RunState, home: Path) -> dict[str, Any]:
    """Return the options that an interrupted run was planned with, by flat name, as `going_on` finds paths.

    Raises TrainingError for a run that was not planned.
    """
    recorded = state.begun_with
    try:
        fields = {found.name: found for found in options_of(TrainOptions)}
        return {
            name: _found_again(fields[name], value, recorded, home.absolute())
            for name, value in recorded[PLAN]["settings"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{state.folder / RECORD}: expected a run that was planned, received one that was not; leave out "
            "`preset`, or start again with `overwrite`"
        ) from error


def _found_again(found: OptionField, value: Any, recorded: Mapping[str, Any], home: Path) -> Any:
    """Return the recorded value of an option; paths as they are found from here, where that is elsewhere."""
    folder, home_before = Path(recorded["folder"]), Path(recorded["home"])
    if isinstance(value, list):
        return [_found_again(found, item, recorded, home) for item in value]
    if (folder, home_before) == (Path.cwd(), home) or not _is_path(found, value, folder):
        return value
    path = folder / value
    return str(home / path.relative_to(home_before) if path.is_relative_to(home_before) else path)


def _is_path(found: OptionField, value: Any, folder: Path) -> bool:
    if found.kind is Path:
        return True
    if found.kind is not str or found.choices or not isinstance(value, str):
        return False
    return os.sep in value or (folder / value).is_file()  # else it is the name of a model or of a choice
