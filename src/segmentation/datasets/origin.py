"""The origin of the pairs in a folder: a record beside them marks those that were predicted or composed."""

import json
from pathlib import Path
from typing import Any

from segmentation.core.errors import DataError
from segmentation.core.files import write_text
from segmentation.core.regular_file import check_regular

RECORD = "origin.json"
GARMENTS = "garments"
"""The key, in the record of composed pairs, of the group of the garment that each pair was made of, by id."""

MADE_OF = "made_of"
"""The key, in the same record, of the content digest of the file with that garment, by id."""

REAL, RETOUCHED, PSEUDO, COMPOSED = "real", "retouched", "pseudo", "composed"

_RECORDED = (RETOUCHED, PSEUDO, COMPOSED)


def read_origin(folder: Path) -> dict[str, Any]:
    """Read the record of a folder of pairs, with its `origin`; without a record only that, `real`.

    `retouched` pairs are predictions that a person corrected, `pseudo` pairs those that nobody checked, and
    `composed` ones were made of other pairs, whose groups and files the record names in `GARMENTS` and
    `MADE_OF`.
    Raises DataError for a record that cannot be read or names another origin.
    """
    path = Path(folder) / RECORD
    remedy = "restore it, or remove it if a person made these masks"
    try:
        record = json.loads(check_regular(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"origin": REAL}
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected a record in JSON, received {error}; {remedy}") from error
    origin = record.get("origin") if isinstance(record, dict) else record
    if origin not in _RECORDED:
        names = f"{', '.join(_RECORDED[:-1])} or {_RECORDED[-1]}"
        raise DataError(f"{path}: expected the origin {names}, received {origin!r}; {remedy}")
    for key, what in ((GARMENTS, "a name"), (MADE_OF, "a digest")):
        of_pairs = record.get(key, {})
        if not isinstance(of_pairs, dict) or not all(isinstance(one, str) for one in of_pairs.values()):
            raise DataError(f"{path}: expected {key}, {what} for each pair, received others; {remedy}")
    return record


def write_origin(folder: Path, record: dict[str, Any]) -> None:
    """Write the record beside the pairs of a folder, atomically, for `read_origin`."""
    write_text(folder / RECORD, json.dumps(record, indent=2) + "\n")
