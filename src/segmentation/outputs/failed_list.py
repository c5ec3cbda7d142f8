"""The list of the photos that failed, as a table beside the results."""

from collections.abc import Mapping
from pathlib import Path

from segmentation.core.tables import write_csv

FAILED = "failed.csv"
"""The name of the list in a folder of results; there is none while no photo fails."""


def write_failed(results: Path, failures: Mapping[Path, str]) -> None:
    """Write the list of failures, reasons by photo, atomically; remove it where there are none."""
    path = results / FAILED
    if failures:
        write_csv(
            path, [("photo", "reason"), *((str(photo), why) for photo, why in sorted(failures.items()))]
        )
    else:
        path.unlink(missing_ok=True)
