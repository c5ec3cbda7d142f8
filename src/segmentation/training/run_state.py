"""The state of a run under logs/NAME, from which an interrupted one goes on after its last epoch."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.bundle.names import HISTORY
from segmentation.config.options import options_of
from segmentation.config.run import RunConfig
from segmentation.core.errors import TrainingError, system_reason
from segmentation.core.files import write_text
from segmentation.core.lock import LOCK
from segmentation.core.tables import write_csv
from segmentation.core.unfinished import is_unfinished

RECORD = "run.json"
TENSORBOARD = "tensorboard"

_WEIGHTS = "epoch-*.weights.h5"
_OF_A_RUN = (RECORD, HISTORY, TENSORBOARD, _WEIGHTS, LOCK)
_ANY_TIME = ("workers", "cache")  # options that may differ when a run is resumed

History = dict[str, list[float]]
"""A list for each quantity (loss, dice, val_loss, ..., learning_rate), one value for each finished epoch."""


class EpochsKept(KeyboardInterrupt):
    """Ctrl-C when finished epochs are kept, from which the training can go on."""


@dataclass
class RunState:
    """The folder of a run: its recorded settings, its history, its last and its best weights.

    `seconds` are those that the finished epochs have taken; `begun_with` is what else was recorded for
    whoever resumes the run, plain JSON.
    """

    folder: Path
    settings: dict[str, Any]
    history: History = field(default_factory=dict)
    seconds: float = 0.0
    begun_with: dict[str, Any] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """The number of finished epochs."""
        return len(self.history.get("loss", ()))

    def weights(self, epoch: int) -> Path:
        """Return the path of the weights and the optimizer's state after `epoch`, counted from 1."""
        return self.folder / f"epoch-{epoch:04d}.weights.h5"

    @property
    def best_epoch(self) -> int:
        """The epoch with the highest validation Dice, counted from 1; 0 before the first."""
        scores = self.history.get("val_dice", [])
        return scores.index(max(scores)) + 1 if scores else 0

    def append(self, logs: dict[str, float]) -> None:
        """Add a finished epoch."""
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))

    def save(self) -> None:
        """Write the record of the finished epochs, whose weights are on disk, and remove other weights.

        Those of the last and the best epoch stay. However a run is killed, the weights of its record are
        complete.
        """
        record = {name: value for name, value in vars(self).items() if name != "folder"}
        write_text(self.folder / RECORD, json.dumps(record, indent=1))
        write_history(self.folder / HISTORY, self.history)
        needed = {self.weights(self.epochs), self.weights(self.best_epoch)}
        for path in set(self.folder.glob(_WEIGHTS)) - needed:
            path.unlink()


def version_of(folder: Path) -> tuple[int, int] | None:
    """Return what tells one writing of the record of a run from the next; None where there is none."""
    try:
        found = (folder / RECORD).stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def has_epochs_since(folder: Path, version: tuple[int, int] | None) -> bool:
    """Return whether the record of a run has been written since it was of this `version_of`."""
    return version_of(folder) not in (None, version)


def check_folder(folder: Path) -> None:
    """Raise TrainingError where the folder of a run exists and holds anything that no run made."""
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"{folder}: expected a folder for the run, received a file; move it away")
    foreign = sorted(path.name for path in folder.glob("*") if not _is_of_a_run(path))
    if foreign:
        raise TrainingError(
            f"{folder}: expected the files of a run alone, which a new one replaces, received {foreign[0]} "
            "as well; move it away, or choose another `name`"
        )


def clear_folder(folder: Path) -> None:
    """Remove what an earlier run left in its folder. Raises TrainingError as `check_folder` does."""
    check_folder(folder)
    for path in folder.glob("*"):
        if path.name == LOCK:  # our own
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _is_of_a_run(path: Path) -> bool:
    return is_unfinished(path) or any(path.match(pattern) for pattern in _OF_A_RUN)


def read_run(folder: Path) -> RunState:
    """Read the state of a run with finished epochs.

    Raises TrainingError where there is none, where the record is damaged, and where its weights are missing.
    """
    try:
        plain = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        state = RunState(folder, **{name: plain[name] for name in ("settings", "history")})
        state.seconds, state.begun_with = float(plain.get("seconds", 0)), dict(plain.get("begun_with", {}))
        RunConfig.from_json(state.settings["config"])
        lengths = {len([float(value) for value in values]) for values in state.history.values()}
        if len(lengths) != 1 or not state.epochs or not state.best_epoch:
            raise ValueError("its history is not one value for each epoch")
    except FileNotFoundError:
        raise TrainingError(f"`resume`: no interrupted run in {folder}; start it without `resume`") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TrainingError(
            f"{folder / RECORD}: expected the record of a run, received a damaged one ({_reason(error)}); "
            "start again with `overwrite`"
        ) from error
    for epoch in {state.epochs, state.best_epoch}:
        if not state.weights(epoch).is_file():
            raise TrainingError(
                f"{state.weights(epoch)}: expected the weights of epoch {epoch}, found none; bring the file "
                "back, or start again with `overwrite`"
            )
    return state


def resume(folder: Path, settings: dict[str, Any]) -> RunState:
    """Read the state of an interrupted run that goes on with these settings.

    Raises TrainingError as `read_run` and `check_changes` do.
    """
    state = read_run(folder)
    check_changes(state, settings)
    state.settings = settings
    return state


def check_changes(state: RunState, settings: Mapping[str, Any]) -> list[str]:
    """Return in words which options differ from those that a run was begun with.

    Only what decides nothing may change, and the number of epochs where the learning rate does not depend
    on it: with other settings no single command would repeat the model. Raises TrainingError that says in
    words what has changed. `settings` may be some of those of the run.
    """
    allowed: list[str] = []
    refused: list[str] = []
    before = RunConfig.from_json(state.settings["config"])
    for found in options_of(RunConfig):
        section = settings["config"][found.section[0]]
        old, new = found.plain(found.value_in(before)), section.get(found.name)
        if old != new:
            line = f"`{found.name}` was {_said(old)}, now {_said(new)}"
            (allowed if _may_change(found.name, new, state, before) else refused).append(line)
    if refused:
        remedy = "leave that out" if state.begun_with else "give all options of its beginning again"
        raise TrainingError(
            f"`resume`: {'; '.join(refused)}: expected the options that the run in {state.folder} was begun "
            f"with; {remedy}, or start again with `overwrite`"
        )
    others = [what for name, what in _OTHERS.items() if name in settings and _other(state, settings, name)]
    if others:
        raise TrainingError(
            f"`resume`: {' and '.join(others)} changed since the run in {state.folder} was begun; bring back "
            "what was there, or start again with `overwrite`"
        )
    return allowed


_OTHERS = {
    "data": "the pairs have",
    "held_out": "the held-out pairs have",
    "classes": "the classes have",
    "start": "the model that it started from has",
    "first": "the first pass has",
}


_LATER = ("held_out",)
"""Settings that runs of earlier versions do not have."""


def _other(state: RunState, settings: Mapping[str, Any], name: str) -> bool:
    if name in _LATER and name not in state.settings:
        return False
    return state.settings.get(name) != json.loads(json.dumps(settings[name]))


def _may_change(name: str, new: Any, state: RunState, before: RunConfig) -> bool:
    if name == "epochs":
        return before.training.schedule != "cosine" and new >= state.epochs
    if name == "memory":
        return before.training.batch_size != "auto"
    return name in _ANY_TIME


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "not given" if value is None else str(value)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return system_reason(error)
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)[:200]


def write_history(path: Path, history: History) -> None:
    """Write the history as CSV, one row for each epoch, with six digits."""
    epochs = enumerate(zip(*history.values(), strict=True), start=1)
    rows = ([epoch, *(f"{value:.6g}" for value in values)] for epoch, values in epochs)
    write_csv(path, [["epoch", *history], *rows])
