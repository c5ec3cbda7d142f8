"""The types that tie the program together. Numpy only, so that every part may import them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from segmentation.core.boxes import Box
from segmentation.core.counting import counted
from segmentation.core.errors import DataError
from segmentation.core.palette import colours_of
from segmentation.core.task import ClassTask, CutoutTask, Task

IGNORED = 255
"""The value, in arrays of class indices, of a pixel that counts nowhere: in no loss and in no figure."""

HALF = 128
"""The alpha, of 255, from which a pixel counts as garment where there is only garment or not."""

LEAST_SHARE = 0.001
"""The share of a photo below which a predicted class is only a trace, for which nobody would list it.

About one in forty of the classes that people marked in street photos is smaller.
"""

Colour = tuple[int, int, int]

InputShape = tuple[int | None, int | None, int]
"""Height, width and channels of what a network sees; None for any."""

ScoreFn = Callable[[np.ndarray], np.ndarray]
"""uint8 RGB [H, W, 3] -> float32 [H, W, C] in [0, 1], at the photo's own size."""


@dataclass(frozen=True)
class Sample:
    """One photo and, where known, its ground truth.

    `id` is unique in its set and needs no extension; samples of one `group` (a garment, a photo that
    occurs twice) stay on one side of every split; `view` is the viewpoint or "". `first_scores` are those
    that a second pass is trained on, in the form of a mask; `source` counts the folders that a training set
    was put together from. `made_of` is the content digest of the file that a composed photo has its garment
    from, "" where that is not known.
    """

    id: str
    photo: Path
    truth: "GroundTruth | None" = None
    group: str = ""
    view: str = ""
    origin: str = "real"
    first_scores: "GroundTruth | None" = None
    source: int = 0
    made_of: str = ""


class GroundTruth(Protocol):
    """The mask or the label map of a photo, in whichever form a data set holds it.

    `path` is the file to mend where the two do not fit; `coding` says what the values of a label map become,
    None where the values are those of the mask itself.
    """

    @property
    def path(self) -> Path: ...

    @property
    def coding(self) -> "Coding | None": ...

    def read(self) -> np.ndarray:
        """Return uint8 [H, W]: 0 outside and 255 inside the garment, or the targets of the coding.

        Where there are several classes, a pixel holds the index of its own, or `IGNORED`. Raises ImageError
        and DataError for files that do not hold it.
        """
        ...

    def size(self) -> tuple[int, int]:
        """Return height and width, without reading the pixels. Raises like `read`."""
        ...


@dataclass(frozen=True)
class Coding:
    """The mapping from the values in a file of labels to those in the program's arrays.

    `values`, sorted, are those that a file may hold, as the file called `names_file` names them; `targets`,
    as many, are what they become: of a binary set 255 in the garment and 0 outside, else the index of a
    class, or `IGNORED`. `colours`, where there are any, are the value that each colour of a coloured label
    map stands for.
    """

    values: tuple[int, ...]
    targets: tuple[int, ...]
    colours: tuple[tuple[Colour, int], ...] = ()
    names_file: str = "labels.json"


@dataclass(frozen=True)
class LabelMap:
    """The classes of a model: one name is a binary cutout (sigmoid), more are a softmax over classes.

    The first of several classes is the background. The indices of a binary map are 0, outside, and 1. Pixels
    with the index `ignore`, if it is given, count nowhere.
    """

    names: tuple[str, ...] = ("garment",)
    colours: tuple[Colour, ...] = ((255, 0, 0),)
    ignore: int | None = None

    @classmethod
    def of(cls, names: tuple[str, ...]) -> "LabelMap":
        """Return classes of these names in the colours of `colours_of`, with pixels that may be ignored."""
        return cls(names, colours_of(names), IGNORED)

    @property
    def binary(self) -> bool:
        """Return whether the model cuts one thing out; the only place that decides it."""
        return len(self.names) == 1

    @property
    def task(self) -> Task:
        """Return the task, which turns scores and ground truth into indices of these classes."""
        return CutoutTask(*self.names) if self.binary else ClassTask(self.names)

    @property
    def mirrored_indices(self) -> tuple[int, ...]:
        """The index that each class has in a mirror image: a left shoe is a right shoe there."""
        names = [name.lower() for name in self.names]
        sides = {"left": "right", "right": "left"}
        swapped = (re.sub("left|right", lambda side: sides[side[0]], name) for name in names)
        return tuple(names.index(one) if one in names else index for index, one in enumerate(swapped))

    @property
    def ignored_colour(self) -> Colour:
        """The lightest grey that no class has: white, in most maps."""
        return next(grey for level in range(255, -1, -1) if (grey := (level,) * 3) not in self.colours)

    def classify(self, scores: np.ndarray, threshold: float) -> np.ndarray:
        """Return the class of each pixel: float32 [H, W, C] in [0, 1] -> indices, uint8 [H, W].

        For several classes it is the one with the highest score, the first of equals; for a cutout 1 where
        the score reaches the threshold.
        """
        return self.task.decide(scores, threshold)

    def decode(self, indices: np.ndarray) -> np.ndarray:
        """Return the colours of indices: [H, W] -> uint8 RGB [H, W, 3]. Raises DataError for unknown ones."""
        indices = indices.astype(np.uint8) if indices.dtype == bool else indices
        colour_of = np.zeros((256, 3), np.uint8)
        known = np.zeros(256, bool)
        for index, colour in self._colour_of_index().items():
            colour_of[index], known[index] = colour, True
        unknown = (indices < 0) | (indices > 255)
        unknown = unknown if unknown.any() else ~known[indices]
        if unknown.any():
            raise DataError(
                f"label map: expected indices of {len(self.names)} classes, received "
                f"{indices[unknown][0]} in {_place(unknown)}; choose the label map of these classes"
            )
        return colour_of[indices]

    def encode(self, picture: np.ndarray) -> np.ndarray:
        """Return the class indices of colours: uint8 RGB [H, W, 3] -> uint8 [H, W], the inverse of `decode`.

        A colour that several classes share stands for the first. Raises DataError for a colour of no class.
        """
        index_of: dict[Colour, int] = {}
        for index, colour in self._colour_of_index().items():
            index_of.setdefault(colour, index)
        return coded(picture, index_of).astype(np.uint8)

    def _colour_of_index(self) -> dict[int, Colour]:
        unnamed = len(self.task.index_names) - len(self.colours)  # what is outside of a cutout
        colour_of = dict(enumerate([*[(0, 0, 0)] * unnamed, *self.colours]))
        return colour_of if self.ignore is None else {**colour_of, self.ignore: self.ignored_colour}


BINARY = LabelMap()
"""A garment and nothing else: what masks and cutouts hold."""


def coded(picture: np.ndarray, value_of: Mapping[Colour, int]) -> np.ndarray:
    """Return the value of each pixel's colour: uint8 RGB [H, W, 3] -> integers [H, W].

    Raises DataError that names a colour without a value, where it is and how many such pixels there are.
    """
    known = sorted((_packed(np.array(colour, np.uint8)), value) for colour, value in value_of.items())
    colours, values = (np.array(column) for column in zip(*known, strict=True))
    pixels = _packed(picture)
    places = np.searchsorted(colours, pixels).clip(max=len(colours) - 1)
    unknown = colours[places] != pixels
    if unknown.any():
        others, counts = np.unique(pixels[unknown], return_counts=True)
        worst = others[counts.argmax()]
        more = f", others on {counts.sum() - counts.max()}" if len(others) > 1 else ""
        raise DataError(
            f"expected colours of classes, received #{worst:06x} on "
            f"{counted(int(counts.max()), 'pixel')}, the first in {_place(pixels == worst)}{more}; "
            "name the colour, or save the map without loss, as PNG"
        )
    return values[places]


def _packed(colours: np.ndarray) -> np.ndarray:
    """Pack the bytes of each colour into one number: uint8 [..., 3] -> int32 [...], 0xRRGGBB."""
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _place(mask: np.ndarray) -> str:
    """Return the position of the first pixel of a mask in words, counted from 0."""
    row, column = np.unravel_index(mask.argmax(), mask.shape)
    return f"column {column}, row {row}"


@dataclass(frozen=True, eq=False)
class FoundObject:
    """One object that a model finds in a photo, in pixels of the photo.

    `corners` are (left, top, right, bottom), `score` in [0, 1] how sure the model is, `index` that of its
    class, from 1 on. `scores`, float32 [h, w] in [0, 1], tell which pixels belong to it, from the row
    `scores_top` and the column `scores_left` on.
    """

    corners: tuple[float, float, float, float]
    score: float
    index: int
    scores: np.ndarray
    scores_top: int
    scores_left: int

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The `corners`, by an earlier name."""
        return self.corners

    @property
    def window(self) -> tuple[slice, slice]:
        """Return the slices of the photo that the object's scores cover."""
        return Box(self.scores_left, self.scores_top, *self.scores.shape[::-1]).slices

    def placed(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return its scores in the whole photo, float32 [H, W]."""
        whole = np.zeros(shape[:2], np.float32)
        whole[self.window] = self.scores
        return whole


_OF_SCORES = {"indices", "mask"}


@dataclass(frozen=True)
class LikelyFault:
    """A place in a mask that may be a fault, as a box in pixels of the photo.

    `probability`, in [0, 1], is how likely it is one; `kind` is "missed" for garment that may be left out and
    "excess" for something else that may be taken in; `signs` say in words what speaks for it.
    """

    left: int
    top: int
    width: int
    height: int
    probability: float
    kind: str
    signs: tuple[str, ...] = ()

    @property
    def box(self) -> Box:
        """Left, top, width and height, with `right` and `bottom`."""
        return Box(self.left, self.top, self.width, self.height)


@dataclass(frozen=True)
class Prediction:
    """A model's prediction for one photo, at the photo's own size: nobody downstream resizes.

    `scores` is float32 [H, W, C] in [0, 1]; `threshold` turns those of a cutout into a mask; `notes` holds
    what the user must know about how the result came to be. `confidence` is the Dice, in [0, 1], that is
    expected of the mask, `clean` the probability that it has no fault, `features` what they were found from,
    and `doubtful`, bool [H, W], the pixels that speak against it; they are None or empty where no one asked.
    `likely_faults` are the places where a fault is likely, the most likely first; None for a model that knows
    no such places.
    `objects` are those that were found one by one, best first; None for a model that finds none.
    """

    sample_id: str
    scores: np.ndarray
    labels: LabelMap
    threshold: float
    confidence: float | None = None
    notes: tuple[str, ...] = ()
    features: Mapping[str, float] = field(default_factory=dict)
    doubtful: np.ndarray | None = None
    objects: tuple[FoundObject, ...] | None = None
    clean: float | None = None
    likely_faults: tuple[LikelyFault, ...] | None = None

    @cached_property
    def indices(self) -> np.ndarray:
        """uint8 [H, W]: the class of each pixel, see `LabelMap.classify`."""
        return self.labels.classify(self.scores, self.threshold)

    @cached_property
    def mask(self) -> np.ndarray:
        """bool [H, W]: the pixels that are not background."""
        return self.indices > 0

    def adding(self, **fields: Any) -> Self:
        """Return it with other fields, but for the scores; what was computed from those is kept."""
        added = replace(self, **fields)
        added.__dict__.update({name: self.__dict__[name] for name in _OF_SCORES & self.__dict__.keys()})
        return added

    @property
    def area(self) -> float:
        """The fraction of the photo that the mask covers, in [0, 1]."""
        return np.count_nonzero(mask := self.mask) / mask.size
