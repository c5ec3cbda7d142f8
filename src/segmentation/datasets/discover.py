"""Find the pairs of photo and ground truth in a user's folder, and name every file that does not fit."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.core.counting import counted
from segmentation.core.errors import DataError, printable
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.parallel import OnProgress, map_in_threads
from segmentation.core.samples import Sample
from segmentation.core.viewpoint_names import group_and_view
from segmentation.datasets.check import Problem, check_headers, check_pixels
from segmentation.datasets.class_choice import FOREGROUND, GARMENT, ClassChoice, choose_classes, merged_groups
from segmentation.datasets.ground_truth import ForegroundMask, MaskFile, ObjectMask
from segmentation.datasets.groups import DUPLICATES_FILE, find_duplicates, merge_groups
from segmentation.datasets.labels import LABELS_FILE, find_classes, read_classes
from segmentation.datasets.layouts import SIDES, Part, find_parts
from segmentation.datasets.matching import Pair, match
from segmentation.datasets.origin import GARMENTS, MADE_OF, PSEUDO, read_origin
from segmentation.datasets.split import Split


@dataclass(frozen=True)
class Dataset:
    """The contents of a folder: usable pairs sorted by id (at least one), and what was left out and why.

    `folder_split` is the split that the folders train/ and val/ make, else None; `photos_found` and
    `masks_found` count the files, usable or not. `labels` are the classes of the ground truth, and `classes`
    how they were made out of label maps; `notes` name what was not read. `copies` are sets of ids that show
    the same photo, or were listed as duplicates. `whole` is the data set before pairs were excluded, None if
    none were: what is held out is chosen of it, so that excluding some does not choose others anew.
    """

    root: Path
    samples: tuple[Sample, ...]
    problems: tuple[Problem, ...]
    folder_split: Split | None
    photos_found: int
    masks_found: int
    labels: LabelMap = BINARY
    classes: ClassChoice | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    copies: tuple[tuple[str, ...], ...] = ()
    whole: "Dataset | None" = None


def discover(
    root: Path,
    *,
    check: bool = True,
    classes: str | Path = GARMENT,
    trained_by: str | None = None,
    objects: bool = False,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Read the pairs of `root`: images + cutouts, masks or labels, original + cutout or mask, or Carvana's.

    Instead of a folder of masks there may be a table of run lengths, as iMaterialist's, or COCO's JSON. With
    `objects` each value of a mask is an object of its own, and a photo may have none. With the `classes`
    foreground all of them together are the garment.

    Photo and mask belong together by their path below the two folders without the extension; a mask
    may also end in _mask. `classes` are those to make out of label maps, possibly those of the model
    `trained_by` (see `choose_classes`); by default what has a name of clothing is garment.
    Viewpoints of a garment, pixel-identical photos and the lines of duplicates.csv share a group. Files that
    do not fit become `problems` and stay out of `samples`. Below train/ and val/ a garment on both sides
    keeps only its photos in val. An origin.json beside the two folders marks pairs that nobody made by
    hand.

    `check=False` reads no more than headers, so that damaged and empty files and identical photos
    stay unnoticed. Raises DataError when there is no layout that is understood or no usable pair,
    for a duplicates.csv, labels.json, train.csv or origin.json that cannot be used, and for classes that
    the ground truth does not have.
    """
    root = Path(root)
    parts = find_parts(root)
    records = _origins(parts)
    choices = _choices(root, parts, classes, trained_by)
    problems: list[Problem] = []
    pairs: list[Pair] = []
    counts: Counter[str] = Counter()
    notes: list[str] = []
    for part in parts:
        pairs += match(part, problems, counts, notes)
    duplicates = _duplicates_of(root, parts, pairs, notes)
    pairs = _keep_val_copies(pairs, problems)

    def sample_of(pair: Pair) -> Sample:
        group, view = group_and_view(pair.id, numbered=pair.part.layout.numbered)
        coding = choices[pair.part].coding if pair.part in choices else None
        record = records[pair.part]
        group = record.get(GARMENTS, {}).get(pair.id, group)
        truth = pair.truth(coding)
        if isinstance(truth, MaskFile) and not pair.part.layout.cutouts:
            truth = _mask_of(truth, objects=objects, foreground=classes == FOREGROUND)
        made_of = record.get(MADE_OF, {}).get(pair.id, "")
        return Sample(pair.id, pair.photo, truth, group, view, record["origin"], made_of=made_of)

    labels = next((choice.labels for choice in choices.values()), BINARY)

    def examine(pair: Pair) -> Problem | str | None:
        sample = sample_of(pair)
        cutout = pair.part.layout.cutouts
        problem = check_headers(sample, cutout=cutout)
        return (
            problem if problem or not check else check_pixels(sample, labels, cutout=cutout, objects=objects)
        )

    side_of_id: dict[str, str] = {}
    samples = []
    alike = defaultdict(list)
    for pair, result in zip(pairs, map_in_threads(examine, pairs, on_progress), strict=True):
        if isinstance(result, Problem):
            problems.append(result)
            continue
        side_of_id[pair.id] = pair.part.side
        samples.append(sample_of(pair))
        if result is not None:
            alike[result].append(pair.id)
    same_garment = [*alike.values(), *duplicates]
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
        labels=labels,
        classes=next(iter(choices.values()), None),
        groups=merged_groups(choice.listed for choice in choices.values()),
        notes=tuple(notes),
        copies=tuple(tuple(ids) for ids in same_garment if len(ids) > 1),
    )


def _choices(
    root: Path, parts: Iterable[Part], classes: str | Path, trained_by: str | None
) -> dict[Part, ClassChoice]:
    """Return the classes made out of the label maps of each part, which are the same in all."""
    choices = {}
    for part in parts:
        if part.layout.labels:
            found = read_classes(part.masks) if part.layout.coco else find_classes(part.folder)
            found = found.with_unlabelled() if part.layout.table else found
            choices[part] = choose_classes(found, classes, trained_by=trained_by)
        elif classes not in (GARMENT, FOREGROUND):
            raise DataError(
                f"{part.folder}: expected label maps, which mark classes, received {part.layout}; "
                "choose a folder of label maps"
            )
    if len({choice.labels for choice in choices.values()}) > 1:
        raise DataError(
            f"{root}: expected the same classes in train and val, received others; give both one "
            f"{LABELS_FILE}, or the same groups with `classes=FILE`"
        )
    return choices


def _mask_of(mask: MaskFile, *, objects: bool, foreground: bool) -> MaskFile | ObjectMask:
    if objects:
        return ObjectMask(mask.path)
    return ForegroundMask(mask.path) if foreground else mask


def _origins(parts: Iterable[Part]) -> dict[Part, dict[str, Any]]:
    records = {part: read_origin(part.folder) for part in parts}
    for part, record in records.items():
        if part.side == "val" and record["origin"] == PSEUDO:
            raise DataError(
                f"{part.folder}: expected pairs that a person made, received predictions, against which no "
                "model can be judged; move them to a folder of their own, for `train data=REAL data=DIR`"
            )
    return records


def _keep_val_copies(pairs: Iterable[Pair], problems: list[Problem]) -> list[Pair]:
    chosen: dict[str, Pair] = {}
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
    """Drop the training photos of garments that are also in val: validation would flatter the model."""
    in_val = {sample.group: sample for sample in samples if side_of_id[sample.id] == "val"}
    kept = []
    for sample in samples:
        if side_of_id[sample.id] == "train" and sample.group in in_val:
            other = in_val[sample.group].photo.relative_to(root)
            reason = f"shows the same garment as {other}, so it is left out of training"
            remedy = "move all photos of a garment to one side"
            problems.append(Problem(sample.photo, reason, remedy))
        else:
            kept.append(sample)
    return kept


def _duplicates_of(
    root: Path, parts: Iterable[Part], pairs: Iterable[Pair], notes: list[str]
) -> list[list[str]]:
    """Return the ids of each group that is listed; names that are no pair of the folder become a note."""
    folders = [root, *(part.folder for part in parts)]
    if root.resolve().name.lower() in SIDES:
        folders.append(root.resolve().parent)
    photos = [(pair.id, pair.photo) for pair in pairs]
    groups = []
    for path in dict.fromkeys(folder / DUPLICATES_FILE for folder in folders):
        if path.is_file():
            found, absent = find_duplicates(path, photos)
            groups += found
            if absent and path.is_relative_to(root):  # the one beside train and val names those of both
                names = counted(len(absent), "name that is", "names that are")
                notes.append(printable(f"{path}: passed over {names} no pair here, such as {absent[0][:60]}"))
    return groups


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
