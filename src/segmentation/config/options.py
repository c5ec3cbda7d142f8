"""Every option of the program, defined once: typed fields with their help, and the named presets.

The flags of the command line, the configuration saved in a bundle and the help texts all come from
these fields. Standard library only, so that `--help` is instant.
"""

import argparse
import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Any, NoReturn, get_args, get_type_hints

from segmentation.core.size import Size


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    parse: Any = None,
    minimum: Any = 0,
    maximum: Any = None,
):
    """A dataclass field that is also a command line flag."""
    metadata = {"help": help, "choices": choices, "parse": parse, "minimum": minimum, "maximum": maximum}
    return field(default=default, metadata=metadata)


def _batch_size(text: str) -> int | str:
    if text == "auto":
        return text
    if not re.fullmatch(r"[1-9]\d{0,4}", text):
        raise argparse.ArgumentTypeError(f"expected auto or a whole number from 1, received {text!r}")
    return int(text)


def parse_bytes(text: str) -> int:
    """Read "12GB" or "500MB" (powers of 1024) as bytes. Raises argparse.ArgumentTypeError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([MG])i?B?", text.strip(), re.IGNORECASE)
    if not match:
        raise argparse.ArgumentTypeError(f"expected a size such as 12GB or 500MB, received {text!r}")
    return int(float(match[1]) * 1024 ** {"M": 2, "G": 3}[match[2].upper()])


def parse_shares(text: str) -> tuple[float, ...]:
    """Shares above 0 that add up to 1, such as 0.7,0.3. Raises argparse.ArgumentTypeError."""
    try:
        shares = tuple(float(share) for share in text.split(","))
    except ValueError:
        shares = ()
    if not shares or min(shares) <= 0 or not abs(sum(shares) - 1) < 1e-3:
        raise argparse.ArgumentTypeError(f"expected shares that add up to 1, as 0.7,0.3, received {text!r}")
    return shares


LOSSES = ("ce", "focal", "dice", "tversky", "lovasz", "mse")
"""The losses that a sum is made of; `training.class_losses` has them."""

_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"


def parse_loss(text: str) -> dict[str, float]:
    """Read "0.5*ce + dice" as weights above 0 by the names of LOSSES. Raises argparse.ArgumentTypeError."""
    found = re.finditer(rf"{_NUMBER}|[A-Za-z_]\w*|\S", text)
    tokens = iter([*((match.start(), match[0]) for match in found), (len(text), "")])
    weights: dict[str, float] = {}

    def refuse(expected: str, place: int, token: str) -> NoReturn:
        received = repr(token) if token else "its end"
        raise argparse.ArgumentTypeError(
            f"expected {expected} at character {place + 1} of {text!r}, received {received}"
        )

    sign = "+"
    while sign == "+":
        place, token = next(tokens)
        weight = 1.0
        if re.fullmatch(_NUMBER, token):
            weight = float(token)
            if not 0 < weight < math.inf:
                refuse("a weight above 0", place, token)
            place, token = next(tokens)
            if token != "*":
                refuse("*", place, token)
            place, token = next(tokens)
        if token not in LOSSES:
            refuse(f"one of {', '.join(LOSSES)}", place, token)
        if token in weights:
            refuse("each loss once", place, token)
        weights[token] = weight
        place, sign = next(tokens)
    if sign:
        refuse("+", place, sign)
    return weights


def _loss(text: str) -> str:
    parse_loss(text)
    return text


def _shares(text: str) -> str:
    parse_shares(text)
    return text


def _memory(text: str) -> str:
    parse_bytes(text)
    return text


@dataclass(frozen=True)
class DataConfig:
    """Which pairs a model learns from and which are held out."""

    mix: str | None = option(
        None,
        "shares of the sources (--data) in an epoch, such as 0.7,0.3, adding up to 1; not given, every photo "
        "comes once",
        parse=_shares,
    )
    holdout: float = option(
        0.15, "fraction of the photos held out for validation, unless the data has a val folder", maximum=0.9
    )
    synthetic: int = option(0, "drawn garments to learn from as well, three photos each; 0 for none")
    folds: int = option(0, "split into this many folds instead of one hold-out; 0 for none")
    fold: int = option(1, "which of the folds is held out, counted from 1", minimum=1)
    target: str = option(
        "soft", "ground truth as soft alpha or cut at --target-threshold", choices=("soft", "binary")
    )
    target_threshold: float = option(
        0.5, "alpha from which a pixel of the ground truth is garment, 0 to 1", maximum=1
    )
    classes: str = option(
        "garment",
        "what a model learns of label maps: garment, all clothing as one; all, every class; a JSON file of "
        "groups, or the name of one that comes with the program, such as ccp-12",
    )
    pseudo_weight: float = option(
        0.5,
        "weight in the loss of pairs that `pseudo` predicted, 0 to 1; those that a person made have 1",
        maximum=1,
    )
    cache: str = option(
        "2GB", "memory for resized photos kept between epochs; the rest is read again", parse=_memory
    )


@dataclass(frozen=True)
class PreprocessConfig:
    """How a photo becomes the network's input; recorded in the bundle, and the same when predicting."""

    input_size: Size | None = option(
        None, "size the network sees, width x height; the architecture's own when not given", parse=Size.parse
    )
    colour: str = option("colour", "what the network sees of the photo", choices=("colour", "grey"))
    contrast: str = option(
        "none",
        "contrast adjustment of each photo",
        choices=("none", "stretch-2-98", "stretch-10-90", "equalize", "clahe"),
    )
    normalisation: str = option(
        "mean-std",
        "scaling of the pixels: none 0..255, unit 0..1, mean-std by the training set's statistics",
        choices=("none", "unit", "mean-std"),
    )


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of a training pair; the defaults are the gentle `studio` preset."""

    flip: float = option(0.5, "probability of a horizontal flip", maximum=1)
    shift: float = option(0.03, "largest shift, as a fraction of the picture", maximum=0.5)
    scale: float = option(0.08, "largest relative change of scale", maximum=0.9)
    rotation: float = option(2.0, "largest rotation in degrees", maximum=180)
    hue: float = option(6.0, "largest shift of the hue, in steps of 180 a circle", maximum=180)
    saturation: float = option(20.0, "largest shift of the saturation, in steps of 255", maximum=255)
    value: float = option(15.0, "largest shift of the value, in steps of 255", maximum=255)
    brightness: float = option(0.1, "largest relative change of brightness", maximum=1)
    contrast_jitter: float = option(0.1, "largest relative change of contrast", maximum=1)
    recolour: float = option(
        0.0, "probability of other colours for the garment, a band of it, or all but the garment", maximum=1
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
    """The network. Zero stands for the architecture's own value."""

    architecture: str = option("unet-256", "network from the table of architectures")
    filters: int = option(
        0,
        "filters of the first level, doubled a level, or what the table says; 0 for the architecture's own",
    )
    levels: int = option(0, "how often the picture is halved; 0 for the architecture's own")
    norm: str = option(
        "batch",
        "normalisation between convolution and activation",
        choices=("batch", "group", "layer", "none"),
    )
    backbone: str | None = option(
        None,
        "encoder in place of a U-Net's: efficientnet-lite0, mobilenet-v3, resnet50, resnet101, vgg16 or "
        "densenet121",
        parse=str,
    )
    backbone_weights: str | None = option(
        None,
        "first weights of a backbone: imagenet (of efficientnet-lite0 installed, of others a download), none "
        "(random), or a FILE (of efficientnet-lite0 saved by torch, of others the notop .h5 of Keras)",
        parse=str,
    )
    norm_momentum: float = option(
        0.9, "momentum of the batch statistics; 0.99 is too slow for a few hundred photos", maximum=1
    )


@dataclass(frozen=True)
class SecondPassConfig:
    """What the second network of a double pass sees; `look` is none where there is a single pass."""

    look: str = option(
        "none",
        "what a second pass sees: crop, the region of the first mask, larger; mask, the photo blanked "
        "outside of that mask, dilated; crop when --second-pass is given",
        choices=("none", "crop", "mask"),
    )
    margin_px: float = option(
        50.0, "how far beyond the first mask it sees, in pixels of a photo 1728 pixels high", maximum=1728
    )
    guide: str = option(
        "held-out",
        "what it learns from: held-out, first scores of models that have not learned the photo, which it "
        "sees as well; truth, the ground truth itself, which leaks the outline (the capstone's form)",
        choices=("held-out", "truth"),
    )

    @property
    def guided(self) -> bool:
        """Whether the network sees the first scores as one more channel."""
        return self.look != "none" and self.guide == "held-out"


@dataclass(frozen=True)
class LossConfig:
    """bce_weight * BCE - dice_weight * Dice, optionally heavier near the mask's edge; or a sum of losses.

    Of several classes bce_weight * ce + dice_weight * dice, two of the losses that `loss` may be a sum of.
    """

    loss: str | None = option(
        None,
        "sum of ce, focal, dice, tversky, lovasz and mse with weights, as 0.5*ce + dice, in place of the "
        "program's own, which --bce-weight, --dice-weight and --boundary-weight make up",
        parse=_loss,
    )
    class_weights: str = option(
        "none",
        "weight of each of several classes in ce and focal, by its pixels: inverse frequency, median "
        "frequency, or effective number",
        choices=("none", "inverse", "median", "effective"),
    )
    label_smoothing: float = option(
        0.0, "share of each target that ce and focal spread over all classes", maximum=0.9
    )
    bce_weight: float = option(0.5, "weight of the binary cross-entropy")
    dice_weight: float = option(2.0, "weight of the Dice coefficient, which is subtracted")
    boundary_weight: float = option(
        0.0, "additional weight of pixels in the band along the mask's edge; 0 for none"
    )
    boundary_width: int = option(11, "width in pixels of that band at the network's size", minimum=3)


@dataclass(frozen=True)
class TrainConfig:
    """How the network is trained."""

    epochs: int = option(100, "largest number of passes over the training set", minimum=1)
    batch_size: int | str = option(
        4, "photos a step; auto takes the most that fit into --memory", parse=_batch_size
    )
    memory: str = option("12GB", "memory of the training device, for --batch-size auto", parse=_memory)
    optimizer: str = option(
        "rmsprop", "optimizer", choices=("rmsprop", "adam", "adamw", "adadelta", "sgd", "nesterov")
    )
    learning_rate: float = option(3e-4, "learning rate, or its highest value under a schedule")
    schedule: str = option(
        "fixed",
        "learning rate over time: fixed; plateau (x0.1 after 4 epochs without gain); cosine to zero; "
        "triangular (a plateau, then cycles of declining height)",
        choices=("fixed", "plateau", "cosine", "triangular"),
    )
    patience: int = option(
        20,
        "stop after this many epochs without a better validation Dice, counted from the end of "
        "--freeze-epochs; 0 for never",
    )
    precision: str = option(
        "auto",
        "arithmetic of the training; auto is mixed_bfloat16 where the device computes in it",
        choices=("auto", "float32", "mixed_bfloat16", "mixed_float16"),
    )
    seed: int = option(0, "seed of the split, the weights, the order and the augmentation", maximum=2**32 - 1)
    workers: int = option(2, "threads that prepare batches", minimum=1)
    freeze: int = option(
        0,
        "how many of the backbone's five levels, from the photo on, keep their weights and batch statistics; "
        "0 for none, 5 for the whole backbone",
        maximum=5,
    )
    freeze_epochs: int = option(
        0, "let the levels of --freeze learn as well after this many epochs; 0 for never"
    )
    backbone_rate: float = option(
        1.0,
        "share of the learning rate that the backbone learns with, 0 to 1; at 0 its batch statistics still "
        "change, which --freeze keeps",
        maximum=1,
    )


@dataclass(frozen=True)
class RunConfig:
    """All sections of a training run; field names are unique across sections, so options stay flat."""

    data: DataConfig = DataConfig()
    preprocessing: PreprocessConfig = PreprocessConfig()
    augmentation: AugmentConfig = AugmentConfig()
    model: ModelConfig = ModelConfig()
    second_pass: SecondPassConfig = SecondPassConfig()
    loss: LossConfig = LossConfig()
    training: TrainConfig = TrainConfig()

    def replace(self, **options: Any) -> "RunConfig":
        """Return a copy with flat options set: `replace(epochs=3, filters=8)`. Unknown ones: TypeError."""
        sections = {}
        for section in dataclasses.fields(self):
            current = getattr(self, section.name)
            own = {f.name: options.pop(f.name) for f in dataclasses.fields(current) if f.name in options}
            sections[section.name] = dataclasses.replace(current, **own)
        if options:
            raise TypeError(f"unknown options: {', '.join(options)}")
        return RunConfig(**sections)

    def to_json(self) -> dict[str, dict[str, Any]]:
        """The configuration as plain values, sections as nested dictionaries."""
        plain = dataclasses.asdict(self)
        size = self.preprocessing.input_size
        plain["preprocessing"]["input_size"] = str(size) if size else None
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, dict[str, Any]]) -> "RunConfig":
        """Inverse of `to_json`; what an older version did not have yet gets its default.

        Raises ValueError for an unknown section or option, and for a value that the option's flag would
        refuse; it names the section and the option.
        """
        sections = get_type_hints(cls)
        _check_names("config", plain, sections)
        return cls(**{name: _read_section(f"config.{name}", plain[name], sections[name]) for name in plain})


PRESETS: dict[str, dict[str, Any]] = {
    # make demo: 306 photos of 102 drawn garments, five minutes on two shared cores of an AMD EPYC (Zen 4);
    # on 54 photos of 18 others, at 576x864, Dice 0.9745 on average, median 0.9812, worst 0.9008.
    # Every garment is new, so colours need no changing.
    "demo": {
        "architecture": "unet-efficientnet-lite0",
        "filters": 8,
        "input_size": Size(width=128, height=192),
        "augmentation": "none",
        "flip": 0.5,
        "shift": 0.03,
        "scale": 0.05,
        "optimizer": "adamw",
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "epochs": 13,
        "batch_size": 8,
        "patience": 0,
    },
    # python main.py train --data DIR --preset studio --name studio, on 150 photos of one studio and 50 drawn
    # garments: 57 minutes on two shared cores of an AMD EPYC (Zen 4, bfloat16); on 28 photos of other
    # garments, at 1152x1728, Dice 0.9708 on average, median 0.9855, worst 0.8552, epoch 37 of 64.
    "studio": {
        "architecture": "unet-256",
        "filters": 16,
        "levels": 5,
        "input_size": Size(width=192, height=288),
        "synthetic": 50,
        "optimizer": "adamw",
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "epochs": 64,
        "batch_size": 4,
        "patience": 0,
        "shift": 0.04,
        "scale": 0.1,
        "hue": 10.0,
        "saturation": 30.0,
        "value": 20.0,
        "brightness": 0.15,
        "contrast_jitter": 0.15,
    },
    # The capstone's final network and training, for a card with 12 GB.
    "capstone": {
        "architecture": "unet-1024",
        "filters": 16,
        "levels": 6,
        "optimizer": "rmsprop",
        "learning_rate": 3e-4,
        "epochs": 100,
        "batch_size": 3,
    },
    # The Carvana solution: boundary-weighted loss, strong colour changes, falling learning rate.
    "carvana": {
        "architecture": "unet-1024",
        "augmentation": "carvana",
        "bce_weight": 1.0,
        "dice_weight": 1.0,
        "boundary_weight": 2.0,
        "boundary_width": 41,
        "optimizer": "rmsprop",
        "learning_rate": 1e-4,
        "schedule": "plateau",
        "patience": 8,
        "epochs": 100,
        "batch_size": "auto",
    },
}


def configure(
    preset: str | None, augmentation: str | None, explicit: dict[str, Any], base: RunConfig | None = None
) -> RunConfig:
    """Lay the layers: defaults, `base`'s model and preprocessing, preset, `augmentation`, flags."""
    config = RunConfig()
    if base:
        config = dataclasses.replace(config, model=base.model, preprocessing=base.preprocessing)
    layer = dict(PRESETS[preset]) if preset else {}
    own = layer.pop("augmentation", None)  # which the preset's other options refine
    if own:
        config = dataclasses.replace(config, augmentation=AUGMENTATIONS[own])
    config = config.replace(**layer)
    if augmentation:
        config = dataclasses.replace(config, augmentation=AUGMENTATIONS[augmentation])
    return config.replace(**explicit)


def explicit_options(namespace: argparse.Namespace, *sections: type) -> dict[str, Any]:
    """The options of `add_options` that the user typed."""
    names = {item.name for section in sections for item in dataclasses.fields(section)}
    return {name: value for name, value in vars(namespace).items() if name in names}


def add_options(parser: argparse.ArgumentParser, *sections: type) -> None:
    """Give `parser` one flag for each field of the section dataclasses.

    Flags that the user does not type stay absent from the result, so that presets can lie beneath them.
    """
    for section in sections:
        hints = get_type_hints(section)
        group = parser.add_argument_group(section.__name__.removesuffix("Config").lower())
        for item in dataclasses.fields(section):
            meta = item.metadata
            shown = "own" if item.default is None else item.default
            group.add_argument(
                "--" + item.name.replace("_", "-"),
                type=meta["parse"] or _checked(hints[item.name], meta["minimum"], meta["maximum"]),
                choices=meta["choices"] or None,
                metavar=None if meta["choices"] else _metavar(hints[item.name], item.name),
                default=argparse.SUPPRESS,
                help=f"{meta['help']} (default: {shown})".replace("%", "%%"),
            )


def _read_section(place: str, plain: Any, section: type) -> Any:
    hints = get_type_hints(section)
    _check_names(place, plain, hints)
    metadata = {item.name: item.metadata for item in dataclasses.fields(section)}
    return section(
        **{
            name: _read_option(f"{place}.{name}", value, hints[name], metadata[name])
            for name, value in plain.items()
        }
    )


def _check_names(place: str, plain: Any, known: Iterable[str]) -> None:
    if not isinstance(plain, dict):
        raise ValueError(f"{place}: expected a dictionary, received {plain!r}")
    unknown = [name for name in plain if name not in known]
    if unknown:
        raise ValueError(f"{place}: expected some of {', '.join(known)}, received {unknown[0]!r}")


def _read_option(place: str, value: Any, hint: Any, meta: Mapping[str, Any]) -> Any:
    """The option that `to_json` saved as `value`, checked as its flag checks what a user types."""
    types = get_args(hint) or (hint,)
    if value is None and NoneType in types:
        return None
    saved_as = {float: (int, float), Size: (str,)}
    allowed = tuple(saved for one in types for saved in saved_as.get(one, (one,)))
    if isinstance(value, bool) or not isinstance(value, allowed):
        names = " or ".join(sorted({one.__name__ for one in allowed}))
        raise ValueError(f"{place}: expected {names}, received {value!r}")
    if meta["choices"] and value not in meta["choices"]:
        raise ValueError(f"{place}: expected one of {', '.join(meta['choices'])}, received {value!r}")
    try:
        return (meta["parse"] or _checked(hint, meta["minimum"], meta["maximum"]))(str(value))
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"{place}: {error}") from error


def _checked(kind: type, minimum: Any, maximum: Any):
    noun = {int: "a whole number", float: "a number"}.get(kind, "a text")
    bounds = f"from {minimum}" if maximum is None else f"from {minimum} to {maximum}"

    def parse(text: str):
        if kind is str:
            return text
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not minimum <= value <= (math.inf if maximum is None else maximum) or value == math.inf:
            raise argparse.ArgumentTypeError(f"expected {noun} {bounds}, received {text!r}")
        return value

    return parse


def _metavar(kind: Any, name: str) -> str:
    named = {
        "input_size": "WxH",
        "batch_size": "N|auto",
        "memory": "SIZE",
        "cache": "SIZE",
        "architecture": "NAME",
        "backbone": "NAME",
        "backbone_weights": "imagenet|none|FILE",
        "mix": "X,X,...",
        "classes": "garment|all|FILE",
        "loss": "X*NAME+...",
    }
    return named.get(name) or {int: "N", float: "X"}.get(kind, "TEXT")
