"""A model that is loaded once and scores photos one at a time."""

import os
from collections.abc import Sequence
from pathlib import Path

from segmentation.api.cutout import ClassMap, Cutout
from segmentation.api.events import warn
from segmentation.api.names import Name, as_text
from segmentation.confidence.verdict import Limits, PhotoTriage
from segmentation.config.loading import LoadOptions
from segmentation.core.errors import ConfigError
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.core.workspace import Workspace
from segmentation.images.any_photo import Photo, take_photo
from segmentation.images.files import Picture
from segmentation.inference.scorer import Scorer, find_models, load_scorer
from segmentation.inference.suitability import options_of_masks, require_cutout
from segmentation.jobs.triage_limits import check_promise, choose_limits
from segmentation.outputs.photo_result import shares_of


def load_model(
    model: Name | Sequence[Name] = "default",
    *,
    home: str | os.PathLike[str] = "",
    quality: str = "standard",
    engine: str = "auto",
    precision: str | None = None,
    tta: str | None = None,
    tiles: str | None = None,
    overlap: float = 0.25,
    tiles_on: str = "all",
    channels: str = "rgb",
    channel_names: tuple[str, ...] = ("red", "green", "blue"),
    channel_merge: str = "mean",
    threshold: float | None = None,
    object_score: float = 0.5,
    double_pass: bool | None = None,
    remove_islands: int = 0,
    fill_holes: int = 0,
    triage: bool = True,
    auto_from: float = 0.985,
    clean_from: float = 0.5,
    redo_below: float = 0.92,
    promise: float | None = None,
    certainty: float = 0.9,
    max_pixels: int | None = None,
) -> "Model":
    """Load a model, ready to score photos.

        model = segmentation.load_model("default", tta="flip")

    Args:
        model: a name in the folder `models` of `home`, "default" for the model that comes with the package,
            or the path of a model (a `pathlib.Path`, or a text with a separator in it). The scores of several
            models in a list are averaged.
        home: the working folder; by default the current one.
        quality: "fast", "standard" or "best": how much time goes into a mask. It sets `precision`, `tta` and
            `double_pass` where they are not given.
        engine: "openvino", "keras" (slow, needs the extra `train`), or "auto": OpenVINO where the model has
            been exported to it.
        precision: "f32", "bf16", "auto": bfloat16 where the processor is faster in it and it cuts held-out
            photos out no worse than float32, or "fastest": whichever the processor is faster in.
        tta: test-time augmentation: "none", "flip", "scales" or "flip+scales", which take 1, 2, 3 or 6 times
            as long.
        tiles: score tiles of this size, "WIDTHxHEIGHT" in pixels of the photo, in place of the whole; a
            second pass sees tiles of the region of the first.
        overlap: the share of its height and width that a tile has in common with the next.
        tiles_on: "all" tiles, or those on the "edge", where the scores of the whole are unsure, besides it.
        channels: "rgb", the photo; "each", grey pictures of its channels one by one; "cross", in a second
            pass each of them with the mask of every other one.
        channel_names: which, of red, green, blue, lightness, green-red and blue-yellow.
        channel_merge: how their scores become one: "mean", "median", "max", or weights such as "0.2,0.5,0.3".
        threshold: the score, between 0 and 1, from which a pixel is garment; by default that of the model.
        object_score: the score, 0 to 1, from which something is an object, of a model that finds objects.
        double_pass: False uses the first pass alone, True both.
        remove_islands: regions of the mask with fewer pixels than this are removed, except the largest.
        fill_holes: holes in the mask with fewer pixels than this are filled.
        triage: estimate the confidence of each mask and decide by it; without, a photo takes less time.
        auto_from: the confidence from which a mask is accepted as it is.
        clean_from: how likely a mask has to be without a fault to be accepted as it is, where that is known.
        redo_below: the confidence below which a mask is better done by hand.
        promise: in place of `auto_from` and `clean_from`: accept so many masks that at most this share of
            them has a fault, as far as the photos are like those that the model was calibrated on.
        certainty: how certain the promise is, as a probability.
        max_pixels: files that declare more pixels are refused; by default those of more than fit into memory,
            and of more than 200 million.

    Raises ConfigError for an invalid value, for an option that does not apply to the model and for a promise
    that cannot be made, BundleError for a model that is missing or damaged, and MissingExtraError where Keras
    would be needed and is not installed. Warns where Keras computes, slowly, because the model was never
    exported.
    """
    arguments, defaults = locals(), load_model.__kwdefaults__ or {}
    given = [name for name in defaults if name != "home" and arguments[name] != defaults[name]]
    options = LoadOptions.of(model=as_text(model), **{name: arguments[name] for name in given})
    models = find_models(options.models.model, Workspace(Path(home)).models, options.scoring)
    if not models.labels.binary and (unfit := options_of_masks(options.given)):
        require_cutout(models, " ".join(unfit), "leave it out")
    limits = choose_limits(options, models)
    scorer = load_scorer(models, options.models, options.scoring, tell=warn)
    check_promise(limits, models, scorer)
    return Model(scorer, limits, options.max_pixels)


class Model:
    """A loaded model; `load_model` makes one. It may be called from several threads."""

    def __init__(self, scorer: Scorer, limits: Limits | None, max_pixels: int | None):
        self._scorer = scorer
        self._triage = PhotoTriage.of(scorer.models.confidence_model, limits)
        self._max_pixels = max_pixels

    def __repr__(self) -> str:
        return f"<Model {self.name}>"

    @property
    def name(self) -> str:
        """The name of the model's folder; A+B of two models."""
        return self._scorer.models.name

    @property
    def labels(self) -> LabelMap:
        """The `names` and `colours` of the classes, and whether the model is `binary`, one of cutouts."""
        return self._scorer.models.labels

    @property
    def threshold(self) -> float:
        """The score, 0 to 1, from which a pixel is garment; not used by a model of several classes."""
        return self._scorer.threshold

    def cut_out(self, photo: Photo) -> Cutout:
        """Cut the garment out of one photo; the result has the photo's size.

            cutout = model.cut_out("shirt.jpg")
            cutout.save("shirt.png")

        Args:
            photo: a path, the bytes of an image file, a Pillow image, or an array of uint8: RGB [H, W, 3],
                RGBA [H, W, 4] or grey [H, W]. Files and Pillow images are turned by their EXIF orientation.
                What is transparent in the photo stays so in the cutout.

        Raises ImageError for a photo that cannot be read and for an array of another shape or dtype, and
        ConfigError for a model of several classes (see `mark_classes`).
        """
        require_cutout(self._scorer.models, "`cut_out`", "use `mark_classes`")
        picture, prediction = self._predict(photo)
        verdict = self._triage.verdict_on(prediction) if self._triage else None
        notes = (*picture.notes, *prediction.notes)
        return Cutout._made(prediction, self._scorer.enlargement(prediction.scores), picture, verdict, notes)

    def mark_classes(self, photo: Photo) -> ClassMap:
        """Mark the classes in one photo; the result has the photo's size.

        `photo` is as for `cut_out`. Raises ImageError for a photo that cannot be read, and ConfigError for a
        model that cuts one thing out (see `cut_out`).
        """
        if self.labels.binary:
            raise ConfigError(
                f"`mark_classes`: expected a model of several classes, received {self.name}, which cuts one "
                "thing out; use `cut_out`"
            )
        picture, prediction = self._predict(photo)
        return ClassMap(
            indices=prediction.indices,
            scores=prediction.scores,
            names=self.labels.names,
            shares=shares_of(prediction),
            notes=(*picture.notes, *prediction.notes),
            _picture=picture,
            _prediction=prediction,
        )

    def _predict(self, photo: Photo) -> tuple[Picture, Prediction]:
        picture = take_photo(photo, max_pixels=self._max_pixels)
        return picture, self._scorer.predict("photo", picture.seen, estimate=self._triage is not None)
