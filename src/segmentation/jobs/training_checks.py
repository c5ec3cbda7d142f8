"""Checks of the options of a training, before anything is read."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.adversaries import ADVERSARIAL_PARTS, AdversarialConfig
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.loss import LOSS_PARTS, PIXEL_WEIGHTS, LossConfig
from segmentation.config.matting import MATTE_PARTS
from segmentation.config.options import options_of
from segmentation.config.presets import AUTO, PRESETS
from segmentation.config.record import chosen
from segmentation.config.run import RunConfig
from segmentation.config.values import LossSum
from segmentation.core.errors import ConfigError
from segmentation.core.imports import require_installed
from segmentation.datasets.origin import PSEUDO
from segmentation.datasets.split import Split
from segmentation.images.refinement import ensure_available
from segmentation.inference.suitability import refuse_objects, require_cutout
from segmentation.jobs.graphics_cards import check_cards
from segmentation.models.architectures import ARCHITECTURES, finds_objects
from segmentation.training.objectives import check_loss


def check_start(start: ModelBundle, options: TrainOptions) -> None:
    """Raise ConfigError for a model to start from that does not fit the other options."""
    if options.preset and "architecture" in PRESETS[options.preset]:
        raise ConfigError(f"`model={options.model}` brings its own architecture; leave out `preset`")
    if start.first and not options.second_pass:
        raise ConfigError(
            f"`model={options.model}`: expected a single pass, received a double pass; start from its first, "
            f"`model={start.first.path}`, and then, with `second_pass`, from {options.model}"
        )
    own = start.config.model.backbone_weights
    weights = chosen(options, "run").get("backbone_weights", own)
    if weights != own:
        raise ConfigError(
            f"`backbone_weights={weights}`: expected without `model`, whose weights a training begins with, "
            f"received beside `model={options.model}`; leave one of them out"
        )


def check_first_passes(first_passes: Sequence[ModelBundle], explicit: Mapping[str, Any]) -> dict[str, str]:
    """Return the default input of a second pass, the region of the first mask, where none was chosen.

    Raises ConfigError for models that cannot be a first pass, and for `look` without one.
    """
    has_second_pass = explicit.get("look", "crop") != "none"
    if first_passes and not has_second_pass:
        raise ConfigError("`look=none` is a single pass; leave out `second_pass`, or choose crop or mask")
    if not first_passes:
        if "look" in explicit and has_second_pass:
            raise ConfigError(
                "`look`: expected `second_pass` with it, received none; name the first pass with it"
            )
        return {}
    for first in first_passes:
        require_cutout(first, "`second_pass`", "choose another first pass")
        refuse_objects(first, "`second_pass`", "choose another first pass")
    double = [first.name for first in first_passes if first.first]
    if double:
        raise ConfigError(f"`second_pass`: expected models of a single pass, received {', '.join(double)}")
    if tiled := [first.name for first in first_passes if first.preprocessing.sees == "tiles"]:
        raise ConfigError(
            f"`second_pass`: expected models that see whole photos, received {', '.join(tiled)}, trained on "
            "tiles; choose others, and give `sees=tiles` to the second pass"
        )
    return {} if "look" in explicit else {"look": "crop"}


def check_loss_parts(explicit: Collection[str], loss: LossSum | None) -> None:
    """Raise ConfigError for weights of the default loss beside a sum of losses, which replaces it."""
    given = [f"`{name}`" for name in LOSS_PARTS if name in explicit]
    if given and loss:
        raise ConfigError(
            f'{" and ".join(given)}: expected without `loss`, received beside `loss` "{loss}", '
            "which replaces the loss that they make up; leave one of them out"
        )


def check_matte_parts(explicit: Collection[str], config: RunConfig) -> None:
    """Raise ConfigError for options of mattes where masks are trained, which would ignore them."""
    if (given := [f"`{name}`" for name in MATTE_PARTS if name in explicit]) and not config.guides:
        raise ConfigError(
            f"{' and '.join(given)}: expected `target=alpha` with it, received {config.data.target}; add "
            "it, or leave them out"
        )


def check_used(explicit: Mapping[str, Any], config: RunConfig, *, second_pass: bool) -> None:
    """Raise ConfigError for chosen options that would do nothing in a completed configuration."""
    cut_out = bool(config.training.crops) or config.preprocessing.sees == "tiles"
    used = {
        "guide": (second_pass, "`second_pass`"),
        "margin_px": (second_pass, "`second_pass`"),
        "crop_focus": (cut_out and not config.guides, "`crops` or `sees=tiles`, and no matte"),
    }
    for weight in PIXEL_WEIGHTS:  # of which 0 may be chosen, as by a row of an experiment
        given = weight in explicit or getattr(config.loss, weight) > 0
        used[weight.replace("weight", "width")] = (given, f"`{weight}`")
    usual = {found.name: found.default for found in options_of(RunConfig)}
    for name, (does, others) in used.items():
        if not does and explicit.get(name, usual[name]) != usual[name]:
            raise ConfigError(
                f"`{name}`: expected {others} with it, received none; add it, or leave `{name}` out"
            )


def check_planned(options: TrainOptions) -> None:
    """Raise ConfigError for the minutes of a training that is not planned, which would not keep to them."""
    if "minutes" in chosen(options) and options.preset != AUTO:
        raise ConfigError(
            f"`minutes`: expected `preset={AUTO}` with it, which plans how long to train, received "
            f"{options.preset or 'no preset'}; add it, or leave `minutes` out"
        )


def check_processes(options: TrainOptions) -> None:
    """Raise ConfigError for what one process does alone, and for fewer graphics cards than processes.

    Raises MissingExtraError for several processes without JAX.
    """
    if options.processes == 1:
        return
    for name, given in (("find_rate", options.find_rate), (f"preset={AUTO}", options.preset == AUTO)):
        if given:
            raise ConfigError(
                f"`{name}`: expected without `processes`, since it times and tries one process, received "
                f"`processes={options.processes}`; leave one of them out"
            )
    check_cards(options.processes)
    require_installed("jax", "jax")


def check_parts(processes: int, config: RunConfig) -> None:
    """Raise ConfigError for a completed configuration whose batches have no equal parts for the processes."""
    if processes == 1:
        return
    alone = {
        f"architecture={config.model.architecture}": finds_objects(config.model.architecture),
        "average": config.training.average,
        "adversarial": config.adversaries.adversarial,
    }
    for name in (name for name, given in alone.items() if given):
        raise ConfigError(
            f"`{name}`: expected without `processes`, received `processes={processes}`; leave one of them out"
        )
    batch_size = config.training.batch_size
    if not isinstance(batch_size, int) or batch_size % processes:
        raise ConfigError(
            f"`batch_size`: expected a multiple of `processes={processes}`, received {batch_size}; choose one"
        )


def check_before_data(config: RunConfig, start: ModelBundle | None, *, second_pass: bool) -> None:
    """Raise ConfigError for a completed configuration that could not be trained on any data."""
    if config.data.held_out_from == "model" and start is None:
        raise ConfigError(
            "`held_out_from=model`: expected `model` with it, received none; add it, or choose all"
        )
    _check_classes(config, second_pass)
    _check_pretrained(config, start)
    _check_matte(config, second_pass)
    _check_adversaries(config)
    if finds_objects(config.model.architecture):
        _check_losses_of_objects(config)
    if config.augmentation.strokes and not config.second_pass.guided:
        raise ConfigError(
            "`strokes`: expected a second pass that sees first-pass scores, received none; add `second_pass` "
            "without `guide=truth`, or leave it out"
        )
    if config.strokes and (
        config.second_pass.look == "mask" or config.preprocessing.normalisation != "mean-std"
    ):
        raise ConfigError(
            "`strokes`: expected `look=crop` and `normalisation=mean-std` with it, received "
            f"{config.second_pass.look} and {config.preprocessing.normalisation}; leave one of them out"
        )
    if config.preprocessing.sees == "tiles" and config.second_pass.look == "mask":
        raise ConfigError("`sees=tiles`: expected `look=crop` with it, received mask; leave one of them out")
    classes = 1 if config.data.one_class else 2  # any number above one
    check_loss(config.loss, classes, config.data.target)


def check_shares(mix: Sequence[float] | None, sources: int) -> None:
    """Raise ConfigError for shares of an epoch that are not as many as the sources."""
    if mix and len(mix) != sources:
        raise ConfigError(f"`mix`: expected a share for each `data`, {sources}, received {mix}")


def check_made_by_a_person(split: Split) -> None:
    """Raise ConfigError for predicted pairs, which a second pass cannot be trained on."""
    if any(sample.origin == PSEUDO for sample in split.train):
        raise ConfigError(
            "`second_pass`: expected pairs that a person made, received predictions as well, from which a "
            "second pass would learn to repeat the first; leave out their `data`"
        )


def _check_losses_of_objects(config: RunConfig) -> None:
    """Refuse what a network of objects would ignore: its losses are those of its paper."""
    name, usual = config.model.architecture, LossConfig()
    changed = [
        f"`{option}`" for option in vars(usual) if getattr(config.loss, option) != getattr(usual, option)
    ]
    if changed:
        raise ConfigError(
            f"{' and '.join(changed)}: expected without `architecture={name}`, which has losses of its own; "
            "leave it out"
        )


def _check_classes(config: RunConfig, second_pass: bool) -> None:
    """Refuse drawn garments and a second pass for classes: they are for cutouts alone."""
    if config.data.one_class:
        return
    cutouts_alone = {
        "second_pass": (second_pass, "leave it out"),
        "synthetic": (config.data.synthetic, "set it to 0"),
        "empty_rooms": (config.data.empty_rooms, "set it to 0"),
        f"target={config.data.target}": (config.data.target != "soft", "leave it out"),
    }
    for name, remedy in ((name, remedy) for name, (given, remedy) in cutouts_alone.items() if given):
        raise ConfigError(
            f"`{name}`: expected `classes=garment`, a cutout, received `classes={config.data.classes}`; "
            f"{remedy}"
        )


def _check_matte(config: RunConfig, second_pass: bool) -> None:
    """Refuse what a matte cannot be trained with, and a network of mattes for masks."""
    guess = ARCHITECTURES[config.model.architecture].guess
    if config.data.target != "alpha":
        if guess:
            raise ConfigError(
                f"`architecture={config.model.architecture}`: expected `target=alpha` with it, received "
                f"{config.data.target}; add it, or choose another"
            )
        return
    preprocessing = config.preprocessing
    if preprocessing.sees != "whole":
        raise ConfigError(
            "`sees=tiles`: expected without `target=alpha`, whose network sees nothing else; leave it out"
        )
    if second_pass:
        raise ConfigError(
            "`second_pass`: expected without `target=alpha`, whose network sees a trimap; leave it out"
        )
    if preprocessing.colour != "colour":
        raise ConfigError("`colour`: expected colour with `target=alpha`, received grey; leave it out")
    if preprocessing.normalisation == "none":
        raise ConfigError(
            "`normalisation`: expected unit or mean-std with `target=alpha`, received none; leave it out"
        )
    if config.matte.prior != "none":
        ensure_available(config.matte.prior)


def _check_adversaries(config: RunConfig) -> None:
    """Refuse options of discriminators without any, and discriminators of what is no mask."""
    given, usual = config.adversaries, AdversarialConfig()
    if not given.adversarial:
        changed = [f"`{name}`" for name in ADVERSARIAL_PARTS if getattr(given, name) != getattr(usual, name)]
        if changed:
            raise ConfigError(
                f"{' and '.join(changed)}: expected `adversarial` above 0 with it, received 0; add "
                "it, or leave it out"
            )
        return
    if not given.adversarial_rate:
        raise ConfigError("`adversarial_rate`: expected a share above 0, received 0; raise it")
    if finds_objects(config.model.architecture):
        raise ConfigError(
            f"`adversarial`: expected without `architecture={config.model.architecture}`, which makes "
            "objects and no masks; leave it out"
        )


def _check_pretrained(config: RunConfig, start: ModelBundle | None) -> None:
    """Refuse to freeze levels that were never trained."""
    if config.training.freeze and not start and config.model.backbone_weights == "none":
        raise ConfigError(
            "`freeze`: expected a backbone that was trained before, received `backbone_weights=none`, "
            "random ones; give imagenet, a file or `model`, or leave it out"
        )
