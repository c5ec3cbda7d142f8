"""Classes: their names, colours and indices, and the values that stand for them in files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

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
