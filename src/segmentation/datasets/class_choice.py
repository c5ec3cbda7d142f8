"""The classes that a model marks: the garment alone, every class of the label maps, or groups of them."""

import difflib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segmentation.core.errors import DataError, printable
from segmentation.core.json_text import unique_names
from segmentation.core.labels import BINARY, IGNORED, Coding, LabelMap
from segmentation.core.regular_file import check_regular
from segmentation.datasets.labels import BACKGROUND, LABELS_FILE, Classes, key

GARMENT, FOREGROUND, ALL = "garment", "foreground", "all"
GROUPS_OF_CLASSES = Path(__file__).with_name("groups_of_classes")
_IGNORED = frozenset({"ignore", "ignored"})  # names of the group, or the class, that counts nowhere
_LONGEST_NAME = 100  # as a bundle allows it
_EXPECTED = 'expected groups and the names in them, such as {"background": ["null"], "dress": ["romper"]}'


@dataclass(frozen=True)
class ClassChoice:
    """The classes made from the label maps of a folder, and how the values become them.

    `listed` are the names of each class, as `key` has them, those that these label maps lack among them.
    """

    labels: LabelMap
    coding: Coding
    classes: Classes
    listed: Mapping[str, Sequence[str]]

    def members(self, target: int) -> tuple[str, ...]:
        """Return the names of the values that become `target`, in the order of the values."""
        values = [
            value
            for value, made in zip(self.coding.values, self.coding.targets, strict=True)
            if made == target
        ]
        return tuple(dict.fromkeys(self.classes.names[value] for value in values))

    def __str__(self) -> str:
        if self.labels.binary:
            garment, others = (", ".join(map(_quoted, self.members(value))) for value in (255, 0))
            return printable(f"garment in the label maps: {garment}; not garment: {others or 'nothing'}")
        text = f"{len(self.labels.names)} classes in the label maps: {', '.join(self.labels.names)}"
        ignored = ", ".join(self.members(IGNORED))
        return printable(f"{text}; ignored: {ignored}" if ignored else text)


def choose_classes(
    classes: Classes, choice: str | Path = GARMENT, *, trained_by: str | None = None
) -> ClassChoice:
    """Make classes out of those of label maps, as `choice` has it.

    `garment` is one class, all clothing, and `foreground` is one, whatever is not background; `all` every
    class under its own name, the background first. Else it is the name of one of the `groups_of_classes`, or
    a JSON file such as {"background": ["null", "skin"], "dress": ["dress", "romper"]}: what is in no group
    belongs to the first, the background, and what is in the group `ignore`, or has that name and is in no
    group, counts nowhere. Label maps whose classes are the groups themselves, such as those that a model
    predicted, stay as they are.

    Raises DataError where no value has a name, for classes without clothing (`garment`), for a file of
    another form, and for names that the label maps do not have. The file of a model, named `trained_by`, may
    have such names; instead label maps may not have names that the file lacks, since the model was not
    trained on them.
    """
    if not classes.names:
        raise DataError(
            f"{classes.path}: expected names of the values of label maps, received no names; add them"
        )
    if choice == GARMENT:
        return _garment(classes)
    if choice == FOREGROUND:
        return _one(
            classes,
            [value for value, name in classes.names.items() if key(name) not in BACKGROUND | _IGNORED],
        )
    if choice == ALL:
        listed = groups = _every_class(classes)
    else:
        path = _groups_path(choice)
        listed = read_groups(path)
        groups = _grouped(path, listed, classes, trained_by)
    ignored = [name for group in groups if group in _IGNORED for name in groups[group]]
    groups = {group: names for group, names in groups.items() if group not in _IGNORED}
    if not 2 <= len(groups) <= IGNORED:
        raise DataError(
            f"`classes={choice}`: expected 2 to {IGNORED} classes, received {len(groups)}; choose others, or "
            f"`classes={GARMENT}` to cut out a single thing"
        )
    index_of = {name: index for index, group in enumerate(groups.values()) for name in group}
    index_of.update(dict.fromkeys(ignored, IGNORED))
    targets = {value: index_of[key(name)] for value, name in classes.names.items()}
    labels = LabelMap.of(tuple(groups))
    if choice == ALL:
        labels = _in_own_colours(labels, classes, targets)
    return ClassChoice(labels, _coding(classes, targets), classes, merged_groups([listed, groups]))


def merged_groups(several: Iterable[Mapping[str, Iterable[str]]]) -> dict[str, list[str]]:
    """Return all names of each group, as `key` has them. Raises DataError for a name in different groups."""
    group_of: dict[str, str] = {}
    merged: dict[str, list[str]] = {}
    for groups in several:
        for group, names in groups.items():
            new = [name for name in names if name not in group_of]
            merged.setdefault(group, []).extend(new)
            group_of.update(dict.fromkeys(new, group))
            for name in names:
                if group_of[name] != group:
                    raise DataError(
                        f"expected each name of label maps in one class, received {printable(name)} in "
                        f"{group_of[name]} and in {group}; call one of them something else in {LABELS_FILE}"
                    )
    return merged


def _garment(classes: Classes) -> ClassChoice:
    if not classes.garment:
        names = list(classes.names.values())
        received = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        raise DataError(
            f"{classes.path}: expected a name of clothing, such as dress or trousers, received "
            f"{printable(received)}; call what is to be cut out garment, or give "
            f"`classes={FOREGROUND}` for whatever is not background"
        )
    return _one(classes, classes.garment)


def _one(classes: Classes, values: Collection[int]) -> ClassChoice:
    """Return the choice of one thing, which has these values."""
    targets = {value: 255 if value in values else 0 for value in classes.names}
    return ClassChoice(BINARY, _coding(classes, targets), classes, {})


def _coding(classes: Classes, targets: Mapping[int, int]) -> Coding:
    values = tuple(sorted(targets))
    colours = tuple(sorted(classes.colours.items()))
    return Coding(values, tuple(targets[value] for value in values), colours, classes.path.name)


def _every_class(classes: Classes) -> dict[str, list[str]]:
    """Return one group for each name: the background, then the others in the order of their values."""
    groups: dict[str, list[str]] = {}
    for value in sorted(classes.names):
        name = key(classes.names[value])
        _check_name(classes.path, name)
        groups.setdefault(name, [name])
    background = next((name for name in groups if name in BACKGROUND), None)
    return {background: [background], **groups} if background else groups


def _in_own_colours(labels: LabelMap, classes: Classes, targets: Mapping[int, int]) -> LabelMap:
    """Return the classes in the colours of the label maps, if every class has one there."""
    colour_of = {targets[value]: colour for colour, value in reversed(classes.colours.items())}
    if any(index not in colour_of for index in range(len(labels.names))):
        return labels
    return LabelMap(
        labels.names, tuple(colour_of[index] for index in range(len(labels.names))), labels.ignore
    )


def _groups_path(choice: str | Path) -> Path:
    named = {path.stem: path for path in sorted(GROUPS_OF_CLASSES.glob("*.json"))}
    path = choice if isinstance(choice, Path) else named.get(choice, Path(choice))
    if path.is_file():
        return path
    known, written = [GARMENT, FOREGROUND, ALL, *named], str(choice)
    raise DataError(
        f"`classes={printable(written)}`: expected {', '.join(known)} or a JSON file of groups, found no "
        f"such file{_nearest(written, known)}; check the name"
    )


def read_groups(path: Path) -> dict[str, list[str]]:
    """Read the names in each group, as `key` has them. Raises DataError for a file of another form."""
    try:
        plain = json.loads(check_regular(path).read_bytes(), object_pairs_hook=unique_names)
    except (OSError, ValueError, RecursionError) as error:
        reason = printable(str(getattr(error, "strerror", None) or error))
        raise DataError(f"{path}: {_EXPECTED}, received no readable JSON ({reason}); correct it") from error
    if not isinstance(plain, dict) or not plain:
        raise DataError(f"{path}: {_EXPECTED}, received no groups; write it in that form")
    group_of: dict[str, str] = {}
    for group, names in plain.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DataError(f"{path}: {_EXPECTED}, received no list of names for {group!r}; write one")
        _check_name(path, group)
        for name in map(key, names):
            if group_of.setdefault(name, group) != group:
                raise DataError(
                    f"{path}: expected each name in one group, received {name!r} in {group_of[name]!r} and "
                    f"{group!r}; leave it in one of them"
                )
    return {group: [key(name) for name in names] for group, names in plain.items()}


def _grouped(
    path: Path, groups: Mapping[str, Sequence[str]], classes: Classes, trained_by: str | None
) -> dict[str, list[str]]:
    """Return the names of the label maps, as `key` has them, by the groups of a file."""
    known = list(dict.fromkeys(map(key, classes.names.values())))
    listed = {name: group for group, names in groups.items() for name in names}
    unknown = next((name for name in listed if name not in known), None)
    if unknown and {*known} - _IGNORED == {key(group) for group in groups} - _IGNORED:
        listed = {key(group): group for group in groups}
    elif unknown and not trained_by:
        raise DataError(
            f"{path}: expected names of {classes.path}, received {unknown!r} in {listed[unknown]!r}"
            f"{_nearest(unknown, known)}; correct it"
        )
    others = [name for name in known if name not in listed and name not in _IGNORED]
    if others and trained_by:
        raise DataError(
            f"{classes.path}: expected the names that {trained_by} was trained on, received "
            f"{printable(', '.join(others[:5]))} as well; choose other data, or label these as one of them"
        )
    background = next((group for group in groups if group not in _IGNORED), "")
    members: dict[str, list[str]] = {group: [] for group in groups}
    for name in known if background else ():
        group = listed.get(name, name if name in _IGNORED else background)
        members.setdefault(group, []).append(name)
    empty = [group for group, names in members.items() if not names and group not in _IGNORED]
    if empty and not trained_by:
        raise DataError(f"{path}: expected names in every group, received none in {empty[0]!r}; remove it")
    return members


def _check_name(path: Path, name: str) -> None:
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise DataError(
            f"{path}: expected names of classes of 1 to {_LONGEST_NAME} printable characters, received "
            f"{name[:40]!r}; rename it"
        )


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name else name


def _nearest(name: str, choices: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""
