"""The options of the pairs that a model is trained on."""

from dataclasses import dataclass

from segmentation.config.options import option
from segmentation.config.values import Memory, Shares


@dataclass(frozen=True)
class DataConfig:
    """The pairs that a model is trained on, and those that are held out."""

    mix: Shares | None = option(
        None,
        "shares of the sources (`data`) in an epoch, such as 0.7,0.3, adding up to 1",
        shown="every photo once",
        common=False,
    )
    repeats: int = option(
        1,
        "how often an epoch shows a photo, each time changed and cropped anew: for small sets, whose epochs "
        "would be over after a few steps",
        minimum=1,
        common=False,
    )
    holdout: float = option(
        0.15, "fraction of the photos held out for validation, unless the data has a val folder", maximum=0.9
    )
    held_out_from: str = option(
        "first",
        "which sources (`data`) photos are held out from: first, the first alone; all, all that a person "
        "made; model, all as well, where what `model` held out stays held out; the others are all trained on",
        choices=("first", "all", "model"),
        common=False,
    )
    synthetic: int = option(0, "drawn garments to add to the training photos, three photos each; 0 for none")
    empty_rooms: int = option(
        0,
        "drawn rooms without a garment to add to the training photos, a third of them with a bare mannequin, "
        "from which the model learns that there is nothing to cut out; 0 for none",
        common=False,
    )
    folds: int = option(0, "split into this many folds instead of one hold-out; 0 for none")
    fold: int = option(1, "which of the folds is held out, counted from 1", minimum=1)
    train_size: int = option(
        0,
        "train on at most so many photos, whole garments drawn by the seed, a part of those of any larger "
        "number; the held-out photos stay the same; 0 for all",
        common=False,
    )
    target: str = option(
        "soft",
        "ground truth as soft alpha, or as a mask cut at `target_threshold`; or alpha for a matte, which is "
        "found at the photo's own resolution in the unknown band of a trimap",
        choices=("soft", "binary", "alpha"),
        common=False,
    )
    target_threshold: float = option(
        0.5,
        "alpha from which a pixel of the ground truth is garment, 0 to 1",
        maximum=1,
        common=False,
    )
    classes: str = option(
        "garment",
        "classes of label maps to train on: garment, all clothing as one; foreground, whatever is not "
        "background, as one; all, every class; a JSON file of "
        "groups, or the name of one that comes with the program, such as ccp-12",
    )
    pseudo_weight: float = option(
        0.5,
        "weight in the loss, 0 to 1, of pairs that the job pseudo predicted; pairs made by a person have 1",
        maximum=1,
        common=False,
    )
    cache: Memory = option(
        Memory.parse("2GB"),
        "memory for resized photos that are kept between epochs; the others are read again",
        common=False,
    )

    @property
    def one_class(self) -> bool:
        """Return whether one thing is cut out, and no classes are marked."""
        return self.classes in ("garment", "foreground")
