"""Options of a training that do not fit each other are refused before anything is read."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.training import DataConfig, LossConfig, RunConfig
from segmentation.core.errors import ConfigError
from segmentation.datasets.origin import PSEUDO
from segmentation.datasets.split import Split
from segmentation.inference.scorer import require_cutout
from segmentation.training.objectives import check_loss

_LOSS_PARTS = ("bce_weight", "dice_weight", "boundary_weight", "boundary_width")


def check_start(start: ModelBundle, options: TrainOptions, presets: Mapping[str, Collection[str]]) -> None:
    """Raise ConfigError for a start that the other options do not go with."""
    if options.preset and "architecture" in presets[options.preset]:
        raise ConfigError(f"`model={options.model}` brings its own architecture; leave out `preset`")
    if start.first and not options.second_pass:
        raise ConfigError(
            f"`model={options.model}`: expected a single pass, received a double pass; start from its first, "
            f"`model={start.first.path}`, and then, with `second_pass`, from {options.model}"
        )


def check_first_passes(first_passes: Sequence[ModelBundle], explicit: Mapping[str, Any]) -> dict[str, str]:
    """Return what a second pass looks at where it was not said: the region of the first mask.

    Raises ConfigError for first passes that cannot be such, and for a single pass that is to look at
    something.
    """
    looks = explicit.get("look", "crop") != "none"
    if first_passes and not looks:
        raise ConfigError("`look=none` is a single pass; leave out `second_pass`, or choose crop or mask")
    if not first_passes:
        if "look" in explicit and looks:
            raise ConfigError(
                "`look`: expected `second_pass` with it, received none; name the first pass with it"
            )
        return {}
    for first in first_passes:
        require_cutout(first, "`second_pass`", "choose another first pass")
    twice = [first.name for first in first_passes if first.first]
    if twice:
        raise ConfigError(f"`second_pass`: expected models of a single pass, received {', '.join(twice)}")
    return {} if "look" in explicit else {"look": "crop"}


def check_loss_parts(explicit: Mapping[str, Any]) -> None:
    """Raise ConfigError for parts of the program's own loss beside a sum of losses, which takes its place."""
    defaults = vars(LossConfig())
    given = [f"`{name}`" for name in _LOSS_PARTS if explicit.get(name, defaults[name]) != defaults[name]]
    if given and explicit.get("loss"):
        raise ConfigError(
            f'{" and ".join(given)}: expected without `loss`, received beside `loss` "{explicit["loss"]}", '
            "which takes the place of the loss that they make up; leave one of them out"
        )


def check_before_data(config: RunConfig, start: ModelBundle | None, *, second_pass: bool) -> None:
    """Raise ConfigError for a completed configuration that no data could be trained on with."""
    _check_classes(config, second_pass)
    _check_pretrained(config, start)
    check_loss(config.loss, 1 if config.data.classes == DataConfig.classes else 2)  # two, or any more


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


def _check_classes(config: RunConfig, second_pass: bool) -> None:
    """Drawn garments and a second pass are of a cutout alone."""
    if config.data.classes == DataConfig.classes:
        return
    cutouts_alone = {
        "second_pass": (second_pass, "leave it out"),
        "synthetic": (config.data.synthetic, "set it to 0"),
        "target=binary": (config.data.target == "binary", "leave it out"),
    }
    for name, remedy in ((name, remedy) for name, (given, remedy) in cutouts_alone.items() if given):
        raise ConfigError(
            f"`{name}`: expected `classes=garment`, a cutout, received `classes={config.data.classes}`; "
            f"{remedy}"
        )


def _check_pretrained(config: RunConfig, start: ModelBundle | None) -> None:
    """What is frozen was trained before."""
    if config.training.freeze and not start and config.model.backbone_weights == "none":
        raise ConfigError(
            "`freeze`: expected a backbone that was trained before, received `backbone_weights=none`, "
            "random ones; give imagenet, a file or `model`, or leave it out"
        )
