"""The result of a model for one photo: a cutout, or a map of classes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segmentation.confidence.promise import Promise
from segmentation.confidence.verdict import Verdict
from segmentation.core.predictions import FoundObject, LikelyFault, Prediction
from segmentation.images.compositing import blend_alpha
from segmentation.images.decontamination import garment_colours
from segmentation.images.files import Picture
from segmentation.outputs.alpha import soft_alpha
from segmentation.outputs.cutout_style import with_alpha
from segmentation.outputs.object_writer import alone_in, enlargement_of_object
from segmentation.outputs.single import write_cutout, write_label_map


@dataclass(frozen=True, eq=False)
class Cutout:
    """A garment that was cut out of a photo; every array has the photo's size.

    Attributes:
        alpha: the soft mask, uint8 [H, W], 0 outside and 255 inside: the mask that `predict` writes.
        mask: bool [H, W], where the score reaches the threshold.
        scores: float32 [H, W] in [0, 1], of the network.
        confidence: the Dice, in [0, 1], that is expected of the mask; None where the model has no confidence
            model or `triage` is off.
        clean: the probability that the mask has no fault; None where the model knows no faults.
        likely_faults: the places where a fault is likely, the most likely first: each has its `box` (`left`,
            `top`, `width`, `height`, in pixels), its `probability`, its `kind` ("missed" or "excess") and
            `signs` in words. Empty where there is none, and where the model knows no such places.
        decision: "auto" (accept it as it is), "review" (check it) or "redo" (do it by hand); None as above.
        reasons: why it is not "auto".
        promise: what the decision goes by, with its `share`, its `certainty` and others; None without one.
        notes: what was left out of the photo, and what a person should know about the result.
        objects: the objects that were found one by one, best first; the cutout is all of them together. Each
            has its `corners` (left, top, right, bottom, in pixels) and its `score`; `of` cuts it out alone.
            Empty for a model that does not find objects.
    """

    alpha: NDArray[np.uint8] = field(repr=False)
    mask: NDArray[np.bool_] = field(repr=False)
    scores: NDArray[np.float32] = field(repr=False)
    confidence: float | None
    clean: float | None
    likely_faults: tuple[LikelyFault, ...]
    decision: str | None
    reasons: tuple[str, ...]
    promise: Promise | None
    notes: tuple[str, ...]
    objects: tuple[FoundObject, ...]
    _picture: Picture = field(repr=False)
    _prediction: Prediction = field(repr=False)

    @classmethod
    def _made(
        cls,
        prediction: Prediction,
        enlargement: float,
        picture: Picture,
        verdict: Verdict | None = None,
        notes: tuple[str, ...] = (),
    ) -> Self:
        """Return what a prediction cuts out of a picture; see `soft_alpha` for the `enlargement`."""
        alpha = soft_alpha(prediction, enlargement)
        return cls(
            alpha=alpha if picture.alpha is None else blend_alpha(alpha, picture.alpha),
            mask=prediction.mask,
            scores=prediction.scores[..., 0],
            confidence=None if prediction.confidence is None else round(prediction.confidence, 5),
            clean=prediction.clean,
            likely_faults=prediction.likely_faults or (),
            decision=verdict.decision if verdict else None,
            reasons=verdict.reasons if verdict else (),
            promise=verdict.promise if verdict else None,
            notes=notes,
            objects=prediction.objects or (),
            _picture=picture,
            _prediction=prediction,
        )

    def of(self, found: FoundObject) -> "Cutout":
        """Return the cutout of one of the `objects` alone, as `predict` writes it.

        for number, found in enumerate(cutout.objects, start=1):
            cutout.of(found).save(f"cutouts/street-{number}.png")
        """
        alone = alone_in(self._prediction, found)
        return Cutout._made(alone, enlargement_of_object(alone.scores), self._picture)

    @cached_property
    def rgba(self) -> NDArray[np.uint8]:
        """The cutout, uint8 [H, W, 4], without the colours of the background in its soft edges.

        Black where it is transparent. The same pixels as in the PNG that `predict` writes.
        """
        return with_alpha(garment_colours(self._picture, self.alpha), self.alpha)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the cutout atomically; the suffix chooses the format.

        .png, .webp, .tif and .tiff hold the cutout itself. A .psd has the whole photo in a layer with an
        editable mask; .jpg and .jpeg are over white. The photo's colour profile and its dots per inch are
        kept, as far as the format holds them. Folders above are created, and a file at `path` is replaced.
        Raises ImageError for another suffix and when the file cannot be written.

            cutout.save("cutouts/shirt.png")
        """
        write_cutout(Path(path), self._picture, self.alpha)


@dataclass(frozen=True, eq=False)
class ClassMap:
    """The classes that were marked in a photo; every array has the photo's size.

    Attributes:
        indices: the class of each pixel, uint8 [H, W]; 0 is the background.
        scores: float32 [H, W, C] in [0, 1], of each class.
        names: the names of the classes, by index.
        shares: the share of the photo that each found class covers, without the background, the largest
            first.
        notes: what was left out of the photo, and what a person should know about the result.
    """

    indices: NDArray[np.uint8] = field(repr=False)
    scores: NDArray[np.float32] = field(repr=False)
    names: tuple[str, ...]
    shares: Mapping[str, float]
    notes: tuple[str, ...]
    _picture: Picture = field(repr=False)
    _prediction: Prediction = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the label map atomically as a PNG of the indices that shows the colours of the classes.

        Folders above are created, and a file at `path` is replaced. Raises ImageError for another suffix and
        when the file cannot be written.
        """
        write_label_map(Path(path), self._picture, self._prediction)
