"""The photos that a model knows, found by their contents, since cameras give every shoot the same names."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from segmentation.bundle.bundle import ModelBundle
from segmentation.confidence.model import ConfidenceModel
from segmentation.core.digests import content_of
from segmentation.core.errors import DataError
from segmentation.core.samples import Sample
from segmentation.core.viewpoint_names import group_and_view


@dataclass(frozen=True)
class KnownPhotos:
    """Photos by their ids and the digests of their files; "" where a bundle does not record any.

    A photo is among them if its file has one of the digests, whatever it is called. Those without a digest,
    of bundles of earlier versions, are known by their ids alone.
    """

    photos: tuple[tuple[str, str], ...]

    @classmethod
    def trained_on(cls, bundle: ModelBundle) -> "KnownPhotos":
        """Return what any pass of a model was trained on."""
        return cls(tuple(photo for network in bundle.passes for photo in network.photos("train")))

    @classmethod
    def held_out(cls, bundle: ModelBundle) -> "KnownPhotos":
        """Return what the last pass of a model was judged on when it was trained."""
        return cls(bundle.photos("val"))

    @classmethod
    def of_confidence(cls, model: ConfidenceModel) -> "KnownPhotos":
        """Return what a confidence was fitted on."""
        contents = model.contents if len(model.contents) == model.photos else [""] * model.photos
        return cls(tuple(zip(model.samples, contents, strict=True)))

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "KnownPhotos":
        """Return the photos of samples. Raises DataError for one that cannot be read."""
        return cls(tuple((sample.id, content_of(sample.photo)) for sample in samples))

    def __contains__(self, sample: Sample) -> bool:
        """Return whether a photo is among them; one that cannot be read is known by its id."""
        if sample.id in self.names_alone or not self._contents:
            return sample.id in self.names_alone
        try:
            return content_of(sample.photo) in self._contents
        except DataError:
            return any(sample.id == name for name, _ in self.photos)

    def among(self, samples: Iterable[Sample]) -> tuple[Sample, ...]:
        """Return the samples that are among these photos."""
        return tuple(sample for sample in samples if sample in self)

    def garments(self, samples: Iterable[Sample], held_out: "KnownPhotos | None" = None) -> frozenset[str]:
        """Return the groups, as the samples name them, with at least one photo among these.

        Another viewpoint of a known garment is told by its name, unless the samples have other photos under
        the names of the known ones: then it is the name of another garment. Names are compared without the
        folder that a training on several puts before them as well. A garment that was `held_out` is not told
        by its name.
        """
        samples = tuple(samples)
        known = {sample.id for sample in self.among(samples)}
        groups = {sample.group for sample in samples if sample.id in known}
        others = {_own_name(sample, sample.id) for sample in samples if sample.id not in known}
        others |= {sample.id for sample in samples if sample.id not in known}
        spelled = [
            (spelling, name, content) for name, content in self.photos for spelling in _spellings(name)
        ]
        reused = {group_and_view(spelling)[0] for spelling, _, _ in spelled if spelling in others}
        named, exact = set[str](), set[str]()
        for spelling, name, content in spelled:
            group, view = group_and_view(spelling)
            if view and group not in reused:
                named.add(group)
            if not content and spelling == name:
                exact.add(group)
        apart = {sample.group for sample in held_out.among(samples)} if held_out else set[str]()
        for sample in samples:
            same_name = not named.isdisjoint({sample.group, _own_name(sample, sample.group)})
            if sample.group in exact or (same_name and sample.group not in apart):
                groups.add(sample.group)
        return frozenset(groups)

    def namesakes(self, samples: Iterable[Sample]) -> tuple[Sample, ...]:
        """Return the samples that have the id of one of these photos but are other photos."""
        names = {name for name, _ in self.photos}
        return tuple(sample for sample in samples if sample.id in names and sample not in self)

    @cached_property
    def names_alone(self) -> frozenset[str]:
        """The ids of the photos that have no digest."""
        return frozenset(name for name, content in self.photos if not content)

    @cached_property
    def _contents(self) -> frozenset[str]:
        return frozenset(content for _, content in self.photos if content)


def _spellings(name: str) -> tuple[str, ...]:
    """A recorded name, and how it is spelled in its own folder if the first part is a source's."""
    _source, slash, own = name.partition("/")
    return (name, own) if slash else (name,)


def _own_name(sample: Sample, name: str) -> str:
    """The id or the group of a sample without the name of the source, which further sources are given."""
    return name.partition("/")[2] if sample.source else name
