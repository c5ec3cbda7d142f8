"""Check that models and label maps have the same classes."""

import itertools
from collections.abc import Mapping
from pathlib import Path

from segmentation.core.errors import ConfigError, printable
from segmentation.core.labels import LabelMap
from segmentation.datasets.class_choice import read_groups


def check_same_classes(known: Mapping[str, LabelMap], remedy: str = "leave one out") -> None:
    """Raise ConfigError, naming both, where the classes of one owner are not those of the first.

    `known` maps the name of each owner to its classes.
    """
    first, expected = next(iter(known.items()))
    for name, labels in known.items():
        if labels.names != expected.names:
            classes, others = (one.task.classes_in_words for one in (expected, labels))
            raise ConfigError(
                f"expected the same classes everywhere, received {classes} of {first} and {others} of {name} "
                f"({_unlike(first, expected, name, labels)}); {remedy}"
            )


def check_same_groups(files: Mapping[str, Path]) -> None:
    """Raise ConfigError where two owners have a name of label maps in different classes.

    `files` maps the name of each owner to its file of groups. Raises DataError for an invalid file.
    """
    group_of = {
        owner: {name: group for group, names in read_groups(path).items() for name in names}
        for owner, path in files.items()
    }
    for (owner, first), (other, second) in itertools.combinations(group_of.items(), 2):
        differ = next((name for name in first if second.get(name, first[name]) != first[name]), None)
        if differ is not None:
            raise ConfigError(
                f"expected classes of the same things, received {printable(differ)} as {first[differ]} by "
                f"{owner} and as {second[differ]} by {other}; leave one out"
            )


def _unlike(first: str, expected: LabelMap, name: str, labels: LabelMap) -> str:
    """Say in a few words how two lists of classes differ."""
    for owner, classes, others in ((first, expected, labels), (name, labels, expected)):
        alone = [found for found in classes.names if found not in others.names]
        if alone:
            return f"{printable(alone[0])} is in {owner} alone"
    return "in another order"
