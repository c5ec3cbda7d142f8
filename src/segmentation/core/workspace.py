"""The working folder and the folders in it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """A folder with data, models, logs and results; nothing is created until something is written."""

    home: Path = Path()

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def drawn(self) -> Path:
        """The sets that were drawn on demand, hidden from the user's own sets."""
        return self.data / ".drawn"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def results(self) -> Path:
        return self.home / "results"


@dataclass(frozen=True)
class WorkFolder(Workspace):
    """A working folder whose models and logs are those of one piece of work, in a `folder` of its own."""

    folder: Path = Path()

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"
