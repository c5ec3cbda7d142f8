"""The state of a run under logs/NAME, from which an interrupted one goes on after its last epoch."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.core.errors import TrainingError
from segmentation.core.files import UNFINISHED, write_text
from segmentation.core.tables import write_csv

RECORD = "run.json"
HISTORY = "history.csv"
TENSORBOARD = "tensorboard"

_WEIGHTS = "epoch-*.weights.h5"
_OF_A_RUN = (RECORD, HISTORY, TENSORBOARD, _WEIGHTS, f"{UNFINISHED}*")

History = dict[str, list[float]]
"""A list for each quantity (loss, dice, val_loss, ..., learning_rate), one value for each finished epoch."""


class EpochsKept(KeyboardInterrupt):
    """Ctrl-C when finished epochs are kept, from which the training can go on."""


@dataclass
class RunState:
    """The folder of a run: its recorded settings, its history, its last and its best weights.

    `seconds` are those that the finished epochs have taken.
    """

    folder: Path
    settings: dict[str, Any]
    history: History = field(default_factory=dict)
    seconds: float = 0.0

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
        write_text(
            self.folder / RECORD,
            json.dumps(
                {"settings": self.settings, "history": self.history, "seconds": self.seconds}, indent=1
            ),
        )
        write_history(self.folder / HISTORY, self.history)
        needed = {self.weights(self.epochs), self.weights(self.best_epoch)}
        for path in set(self.folder.glob(_WEIGHTS)) - needed:
            path.unlink()


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
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _is_of_a_run(path: Path) -> bool:
    return any(path.match(pattern) for pattern in _OF_A_RUN)


def resume(folder: Path, settings: dict[str, Any]) -> RunState:
    """Read the state of an interrupted run.

    Raises TrainingError when there is none, or when the settings differ from the recorded ones (naming
    what changed): with other settings no single command would repeat the model.
    """
    try:
        plain = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        state = RunState(folder, plain["settings"], plain["history"], plain.get("seconds", 0.0))
    except FileNotFoundError:
        raise TrainingError(f"`resume`: no interrupted run in {folder}; start it without `resume`") from None
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{folder / RECORD}: cannot be read ({error}); start again with `overwrite`"
        ) from error
    changed = _differences(state.settings, json.loads(json.dumps(settings)))
    if changed:
        raise TrainingError(f"`resume`: the run was started with other settings: {'; '.join(changed)}")
    return state


def write_history(path: Path, history: History) -> None:
    """Write the history as CSV, one row for each epoch, with six digits."""
    epochs = enumerate(zip(*history.values(), strict=True), start=1)
    rows = ([epoch, *(f"{value:.6g}" for value in values)] for epoch, values in epochs)
    write_csv(path, [["epoch", *history], *rows])


def _differences(old: Any, new: Any, name: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [
            line
            for key in keys
            for line in _differences(old.get(key), new.get(key), f"{name}.{key}".strip("."))
        ]
    if old == new:
        return []
    if isinstance(old, list) or isinstance(new, list):
        return [f"{name} changed"]
    return [f"{name} was {old}, is {new}"]
