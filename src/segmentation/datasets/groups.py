"""Merge the groups of photos that show the same thing, so that no split can separate them."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from segmentation.core.errors import DataError
from segmentation.core.regular_file import check_regular
from segmentation.core.samples import Sample
from segmentation.datasets.ids import id_of

DUPLICATES_FILE = "duplicates.csv"
_COLUMNS = ["image", "group"]


def merge_groups(samples: Iterable[Sample], alike: Iterable[Iterable[str]]) -> tuple[Sample, ...]:
    """Return the samples with one group name, the first in the alphabet, where `alike` joins groups.

    Each element of `alike` is a set of sample ids that show the same garment; unknown ids are ignored.
    Merging is transitive: a = b and b = c puts a and c together.
    """
    samples = tuple(samples)
    group_of_id = {sample.id: sample.group for sample in samples}
    parents = {group: group for group in group_of_id.values()}

    def find(group: str) -> str:
        while parents[group] != group:
            parents[group] = parents[parents[group]]  # halve the path on the way up
            group = parents[group]
        return group

    for ids in alike:
        roots = sorted({find(group_of_id[identity]) for identity in ids if identity in group_of_id})
        for root in roots[1:]:
            parents[root] = roots[0]
    return tuple(replace(sample, group=find(sample.group)) for sample in samples)


def find_duplicates(path: Path, photos: Sequence[tuple[str, Path]]) -> tuple[list[list[str]], list[str]]:
    """Return the ids of each group of the file at `path`, and the names in it that are none of the photos.

    `photos` are ids and paths; the file may name a photo by its path as seen from there as well, as in
    images/0001.jpg. Raises as `read_duplicates` does.
    """
    beside = path.parent.absolute()
    by_path = {
        id_of(photo.absolute().relative_to(beside)): identity
        for identity, photo in photos
        if photo.absolute().is_relative_to(beside)
    }
    known = {**by_path, **{identity: identity for identity, _photo in photos}}
    groups = read_duplicates(path)
    found = [list(dict.fromkeys(known[name] for name in names if name in known)) for names in groups]
    return found, [name for names in groups for name in names if name not in known]


def read_duplicates(path: Path) -> list[list[str]]:
    """Read the names of each group of a CSV file with the columns image and group.

    `image` is a sample's id, with or without the photo's extension. Raises DataError naming file and line.
    """
    ids_of_group: dict[str, list[str]] = {}
    try:
        with check_regular(path).open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines, strict=True)
            header = [name.strip().lower() for name in next(rows, [])]
            if header != _COLUMNS:
                raise _malformed(path, 1, ",".join(header) or "an empty line")
            for row in rows:
                cells = [cell.strip() for cell in row]
                if not any(cells):
                    continue
                if len(cells) != len(_COLUMNS) or not all(cells):
                    raise _malformed(path, rows.line_num, ",".join(row))
                ids_of_group.setdefault(cells[1], []).append(id_of(cells[0]))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected a CSV file in UTF-8, received {error}; save it as such") from error
    except csv.Error as error:
        raise _malformed(path, rows.line_num, str(error)) from error
    return list(ids_of_group.values())


def _malformed(path: Path, line: int, received: str) -> DataError:
    return DataError(
        f"{path}, line {line}: expected the columns image,group; received {received}; correct the line"
    )
