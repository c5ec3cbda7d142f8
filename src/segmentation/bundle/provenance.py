"""The provenance of a model: data, versions, commit, command, time."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import ModelBundle

_PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "opencv-python-headless",
    "albumentations",
    "scikit-learn",
    "pillow",
)


def provenance(command: Sequence[str] = ()) -> dict[str, Any]:
    """Return the command, the time (UTC), the git commit (None outside a checkout) and package versions.

    `command` is what a person typed; empty where no one did.
    """
    return {
        "command": list(command),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": _git_commit(),
        "python": sys.version.split()[0],
        "versions": {name: _version(name) for name in _PACKAGES},
    }


def seen_from(home: Path, folder: Path) -> Path:
    """Return the folder's path relative to `home`, or as it is where it is absolute and not below `home`."""
    elsewhere = folder.is_absolute() and not folder.is_relative_to(home)
    return folder if elsewhere else Path(os.path.relpath(folder, home))


def data_folder(bundle: ModelBundle, home: Path) -> Path | None:
    """Return the folder of pairs that the model was trained on, there or not; None if it does not say."""
    data = bundle.provenance.get("data")
    return home / data if isinstance(data, str) and data else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        found = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
