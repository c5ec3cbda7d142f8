"""Models that work as one: their scores are averaged, each with its own preparation, passes and engine."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, harmonic_mean

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.confidence.model import ConfidenceModel
from segmentation.core.errors import ConfigError
from segmentation.core.labels import LabelMap
from segmentation.datasets.same_classes import check_same_classes, check_same_groups
from segmentation.inference.scoring import enlargement_of
from segmentation.scores.tiles import Tiling

_LONGEST_NAME_BYTES = 200  # of a folder; file systems allow 255


@dataclass(frozen=True)
class Ensemble:
    """One model or several, in the order in which they were given.

    Raises ConfigError when two are the same model, be they copies or one folder by two paths, and when they
    do not know the same classes.
    """

    members: tuple[ModelBundle, ...]

    def __post_init__(self) -> None:
        _check_different(self.members)
        check_comparable(dict(zip(self.names, self.members, strict=True)))

    @property
    def names(self) -> list[str]:
        """Names of the members, each unique."""
        return distinct_names(self.members)

    @property
    def name(self) -> str:
        """The name of the one model, or A+B, for a folder; how many and a digest where that is too long."""
        if len(self.members) == 1:
            return self.members[0].name
        name = "+".join(name.replace("/", "-") for name in self.names)
        if len(name.encode()) <= _LONGEST_NAME_BYTES:
            return name
        digest = hashlib.sha256("".join(self.digest).encode()).hexdigest()
        return f"{len(self.members)}-models-{digest[:12]}"

    @property
    def digest(self) -> str | list[str]:
        """Return the digest that decides the scores: that of the one model, or those of all."""
        digests = [member.digest for member in self.members]
        return digests if digests[1:] else digests[0]

    @property
    def threshold(self) -> float:
        """The mean of the members' thresholds, in [0, 1]."""
        return fmean(member.threshold for member in self.members)

    @property
    def first_threshold(self) -> float:
        """The mean of the thresholds of the members' first passes, in [0, 1]."""
        return fmean(member.passes[0].threshold for member in self.members)

    @property
    def confidence_model(self) -> ConfidenceModel | None:
        """Return the confidence model of the first member: it is no worse a guess than a mean of several."""
        return self.members[0].confidence_model

    @property
    def labels(self) -> LabelMap:
        return self.members[0].labels

    @property
    def matte(self) -> bool:
        """Return whether one of them finds the alpha in a trimap, and so makes no mask."""
        return any(member.matte for member in self.members)

    @property
    def finds_objects(self) -> bool:
        """Return whether it finds objects one by one; only a single model can."""
        return any(member.finds_objects for member in self.members)

    def enlargement(self, scores: np.ndarray, tiling: Tiling | None = None) -> float:
        """Return how many times, 1 or more, the scores of a photo, float32 [H, W, C], were enlarged.

        The edge of an average rises as fast as those of its members do on average. With a `tiling` they were
        scored in tiles.
        """
        return harmonic_mean([enlargement_of(member, scores, tiling) for member in self.members])


def distinct_names(bundles: Sequence[ModelBundle]) -> list[str]:
    """Return the names of the bundles, with as many of their folders as it takes to make each unique.

    Raises ConfigError when two are the same folder.
    """
    places = [bundle.path.resolve() for bundle in bundles]
    for bundle, place in zip(bundles, places, strict=True):
        if places.count(place) > 1:
            raise ConfigError(f"expected different models, received {bundle.name} twice; name it once")
    paths = [(*bundle.path.absolute().parts[:-1], bundle.name) for bundle in bundles]
    return [_shortest_unique(path, paths) for path in paths]


def _shortest_unique(path: tuple[str, ...], paths: Sequence[tuple[str, ...]]) -> str:
    depths = range(1, len(path) + 1)
    depth = next(depth for depth in depths if sum(other[-depth:] == path[-depth:] for other in paths) == 1)
    return "/".join(path[-depth:])


def check_comparable(bundles: Mapping[str, ModelBundle]) -> None:
    """Raise ConfigError where models, by the names to call them by, mark different classes."""
    check_same_classes({name: bundle.labels for name, bundle in bundles.items()})
    check_same_groups({name: bundle.groups for name, bundle in bundles.items() if bundle.groups})


def _check_different(members: Sequence[ModelBundle]) -> None:
    names = dict(zip(distinct_names(members), members, strict=True)) if len(members) > 1 else {}
    seen: dict[str, str] = {}
    for name, member in names.items():
        twin = seen.setdefault(member.digest, name)
        if twin != name:
            raise ConfigError(
                f"expected different models, received {twin} and {name}, which are the same; leave one out"
            )
