"""Find the pairs of photo and ground truth in a user's folder, and name every file that does not fit."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from segmentation.data.check import Problem, check_headers, check_pixels
from segmentation.data.groups import DUPLICATES_FILE, merge_groups, read_duplicates
from segmentation.data.labels import Classes, find_classes
from segmentation.data.layouts import SIDES, Part, find_parts
from segmentation.data.naming import group_and_view
from segmentation.data.origin import PSEUDO, read_origin
from segmentation.data.parallel import OnProgress, map_in_threads
from segmentation.data.split import Split
from segmentation.errors import DataError
from segmentation.imageio import IMAGE_SUFFIXES, OTHER_SUFFIXES
from segmentation.types import Sample


@dataclass(frozen=True)
class Dataset:
    """What a folder holds: usable pairs sorted by id (at least one), and what was left out and why.

    `folder_split` is the split that the folders train/ and val/ make, else None; `photos_found` and
    `masks_found` count the files, usable or not. `classes` are those of label maps.
    """

    root: Path
    samples: tuple[Sample, ...]
    problems: tuple[Problem, ...]
    folder_split: Split | None
    photos_found: int
    masks_found: int
    classes: Classes | None = None


@dataclass(frozen=True)
class _Pair:
    id: str
    photo: Path
    mask: Path
    part: Part


def discover(root: Path, *, check: bool = True, on_progress: OnProgress | None = None) -> Dataset:
    """Read the pairs of `root`: images + cutouts, masks or labels, original + cutout or mask, or Carvana's.

    Photo and mask belong together by their path below the two folders without the extension; a mask
    may also end in _mask. Of a label map, the values that labels.json gives a name of clothing are
    garment. Viewpoints of a garment, pixel-identical photos and the lines of duplicates.csv share a
    group. Files that do not fit become `problems` and stay out of `samples`. Below train/ and val/ a
    garment on both sides keeps only its photos in val. An origin.json beside the two folders tells of pairs
    that nobody made by hand.

    `check=False` reads no more than headers, so that damaged and empty files and identical photos
    stay unnoticed. Raises DataError when there is no layout that is understood or no usable pair,
    and for a duplicates.csv, labels.json or origin.json that cannot be used.
    """
    root = Path(root)
    parts = find_parts(root)
    origins = _origins(parts)
    classes = {part: find_classes(part.folder) for part in parts if part.layout.labels}
    problems: list[Problem] = []
    pairs: list[_Pair] = []
    counts: Counter[str] = Counter()
    for part in parts:
        pairs += _match(part, problems, counts)
    pairs = _keep_val_copies(pairs, problems)

    def examine(pair: _Pair) -> Problem | str | None:
        cutout = pair.part.layout.cutouts
        problem = check_headers(pair.photo, pair.mask, cutout=cutout)
        if problem or not check:
            return problem
        return check_pixels(pair.photo, pair.mask, classes.get(pair.part))

    side_of_id: dict[str, str] = {}
    samples = []
    alike = defaultdict(list)
    for pair, result in zip(pairs, map_in_threads(examine, pairs, on_progress), strict=True):
        if isinstance(result, Problem):
            problems.append(result)
            continue
        side_of_id[pair.id] = pair.part.side
        group, view = group_and_view(pair.id, numbered=pair.part.layout.numbered)
        garment = classes[pair.part].garment if pair.part in classes else None
        origin = origins[pair.part]
        samples.append(Sample(pair.id, pair.photo, pair.mask, group, view, origin, garment_labels=garment))
        if result is not None:
            alike[result].append(pair.id)
    same_garment = [*alike.values(), *_duplicates_of(root, parts)]
    samples = sorted(merge_groups(samples, same_garment), key=lambda sample: sample.id)
    samples = _keep_sides_apart(root, samples, side_of_id, problems)
    problems.sort(key=lambda problem: (str(problem.path), problem.reason))
    _require_pairs(parts, samples, side_of_id, problems)
    return Dataset(
        root=root,
        samples=tuple(samples),
        problems=tuple(problems),
        folder_split=_folder_split(parts, samples, side_of_id),
        photos_found=counts["photos"],
        masks_found=counts["masks"],
        classes=next(iter(classes.values()), None),
    )


def _origins(parts: Iterable[Part]) -> dict[Part, str]:
    origins = {part: read_origin(part.folder)["origin"] for part in parts}
    for part, origin in origins.items():
        if part.side == "val" and origin == PSEUDO:
            raise DataError(
                f"{part.folder}: expected pairs that a person made, received predictions, against which no "
                "model can be judged; move them to a folder of their own, for `train --data REAL --data DIR`"
            )
    return origins


def _match(part: Part, problems: list[Problem], counts: Counter[str]) -> Iterator[_Pair]:
    photos, masks = _files_by_id(part.photos, problems), _files_by_id(part.masks, problems)
    counts["photos"] += sum(map(len, photos.values()))
    counts["masks"] += sum(map(len, masks.values()))
    for name in [name for name in masks if name not in photos and name.removesuffix("_mask") in photos]:
        masks.setdefault(name.removesuffix("_mask"), []).extend(masks.pop(name))
    for name in sorted(photos.keys() | masks.keys()):
        photo_paths, mask_paths = photos.get(name, []), masks.get(name, [])
        if not mask_paths:
            remedy = f"add {name}.png to the folder {part.masks.name}, or remove the photo"
            problems.append(Problem(photo_paths[0], f"has no counterpart in {part.masks.name}", remedy))
        elif not photo_paths:
            remedy = f"add its photo to the folder {part.photos.name}, or remove the file"
            problems.append(Problem(mask_paths[0], f"has no photo in {part.photos.name}", remedy))
        elif len(photo_paths) > 1 or len(mask_paths) > 1:
            several = photo_paths if len(photo_paths) > 1 else mask_paths
            names = " and ".join(path.name for path in several)
            reason = f"{names} have the same name: which one is meant is unclear, so none is used"
            problems.append(Problem(several[0], reason, "keep one of them"))
        else:
            yield _Pair(name, photo_paths[0], mask_paths[0], part)
    for folder in part.unused:
        reason = f"is not used, because {part.masks.name} holds the ground truth of the same photos"
        problems.append(Problem(folder, reason, f"move {part.masks.name} away to use it"))


def _files_by_id(folder: Path, problems: list[Problem]) -> dict[str, list[Path]]:
    """Images below `folder` by their relative path without extension; hidden ones are skipped."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        suffix = path.suffix.lower()
        if any(part.startswith(".") for part in relative.parts) or not path.is_file():
            continue
        if suffix in IMAGE_SUFFIXES:
            # file systems and archives disagree on how "é" is stored
            name = unicodedata.normalize("NFC", relative.with_suffix("").as_posix())
            files.setdefault(name, []).append(path)
        elif suffix in OTHER_SUFFIXES:
            problems.append(
                Problem(path, f"is a {suffix[1:].upper()} file, which is not read", "export it as PNG")
            )
    return files


def _keep_val_copies(pairs: Iterable[_Pair], problems: list[Problem]) -> list[_Pair]:
    chosen: dict[str, _Pair] = {}
    for pair in pairs:  # val comes after train
        if pair.id in chosen:
            copy = pair.photo.relative_to(pair.part.folder.parent)
            reason = f"has the same name as {copy}, so it is left out of training"
            problems.append(
                Problem(chosen[pair.id].photo, reason, "rename one, or remove it if it is a copy")
            )
        chosen[pair.id] = pair
    return list(chosen.values())


def _keep_sides_apart(
    root: Path, samples: list[Sample], side_of_id: dict[str, str], problems: list[Problem]
) -> list[Sample]:
    """Without the training photos of garments that are also in val: validation would flatter the model."""
    in_val = {sample.group: sample for sample in samples if side_of_id[sample.id] == "val"}
    kept = []
    for sample in samples:
        if side_of_id[sample.id] == "train" and sample.group in in_val:
            other = in_val[sample.group].image_path.relative_to(root)
            reason = f"shows the same garment as {other}, so it is left out of training"
            remedy = "move all photos of a garment to one side"
            problems.append(Problem(sample.image_path, reason, remedy))
        else:
            kept.append(sample)
    return kept


def _duplicates_of(root: Path, parts: Iterable[Part]) -> list[list[str]]:
    folders = [root, *(part.folder for part in parts)]
    if root.resolve().name.lower() in SIDES:
        folders.append(root.resolve().parent)
    paths = dict.fromkeys(folder / DUPLICATES_FILE for folder in folders)
    return [ids for path in paths if path.is_file() for ids in read_duplicates(path)]


def _require_pairs(
    parts: tuple[Part, ...],
    samples: list[Sample],
    side_of_id: dict[str, str],
    problems: list[Problem],
) -> None:
    for part in parts:
        if any(side_of_id[sample.id] == part.side for sample in samples):
            continue
        expected = f"{part.folder}: expected pairs of photo and ground truth in {part.layout}"
        here = [problem for problem in problems if problem.path.is_relative_to(part.folder)]
        if not here:
            raise DataError(f"{expected}, received empty folders; put the files there")
        first = here[0]
        path = first.path.relative_to(part.folder)
        raise DataError(
            f"{expected}, received none that can be used (problem 1 of {len(here)}: {path} {first.reason}); "
            f"{first.remedy}"
        )


def _folder_split(parts: tuple[Part, ...], samples: list[Sample], side_of_id: dict[str, str]) -> Split | None:
    if {part.side for part in parts} != set(SIDES):
        return None
    train, val = (tuple(sample for sample in samples if side_of_id[sample.id] == side) for side in SIDES)
    return Split(train, val)
