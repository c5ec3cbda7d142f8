"""Checks that models and options of scoring fit each other, and a job."""

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.scoring import ModelOptions, ScoringOptions
from segmentation.core.errors import ConfigError
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scoring import own_tiling
from segmentation.scores.channels import Channels


def require_cutout(model: ModelBundle | Ensemble, what: str, remedy: str = "choose another `model`") -> None:
    """Raise ConfigError for a model that does not cut one thing out, but marks several classes.

    `what` names the job or the options that can do nothing with it. A matte is refused as well, since it cuts
    nothing out.
    """
    if model.matte:
        raise _no_mask(model, remedy)
    if not model.labels.binary:
        raise ConfigError(
            f"{what}: expected a model that cuts one thing out, received {model.name}, which marks "
            f"{len(model.labels.names)} classes; {remedy}"
        )


def refuse_objects(model: ModelBundle | Ensemble, what: str, remedy: str) -> None:
    """Raise ConfigError for a model that finds objects one by one; `what` can do nothing with them."""
    if model.finds_objects:
        raise ConfigError(
            f"{what}: expected a model of scores, received {model.name}, which finds objects; {remedy}"
        )


def options_of_masks(given: frozenset[str]) -> list[str]:
    """Return those of the given options that mean nothing where classes are marked, as messages name them."""
    return [f"`{name}`" for name in ("threshold", "remove_islands", "fill_holes") if name in given]


def choose_passes(bundle: ModelBundle, scoring: ScoringOptions) -> ModelBundle:
    """Return the bundle, or its first pass alone where `scoring` is for that.

    Raises ConfigError where both passes are asked for but the model has one, where passes are chosen for a
    model of classes, and for a matte; a quality is for every model.
    """
    if bundle.matte:
        raise _no_mask(bundle, "leave it out of `model`")
    double_pass = scoring.double_pass
    if double_pass is not None:
        require_cutout(bundle, "`double_pass`" if double_pass else "`no_double_pass`", "leave it out")
    if double_pass and not bundle.first:
        raise ConfigError(
            f"`double_pass`: expected a model with two passes, received {bundle.name}, which has one; "
            f"`train second_pass={bundle.name}` adds the second"
        )
    return bundle.first if bundle.first and not scoring.resolved.double_pass else bundle


def check_scoring(models: Ensemble, options: ModelOptions, scoring: ScoringOptions) -> None:
    """Raise ConfigError for an option that does not fit the models, or that would be without effect."""
    if models.finds_objects:
        _check_objects(models, scoring)
    _check_parts(models, options, scoring)


def choose_channels(models: Ensemble, scoring: ScoringOptions) -> Channels | None:
    """Return the channels that are scored one by one, None for the photo as it is.

    Raises ConfigError for models without passes to cross, and for other than one weight each.
    """
    if scoring.channels == "rgb":
        return None
    cross = scoring.channels == "cross"
    if cross and (single := [bundle.name for bundle in models.members if not bundle.first]):
        raise ConfigError(
            f"`channels=cross`: expected a model with two passes, received {single[0]}, which has one; "
            "use `channels=each`"
        )
    channels = Channels(scoring.channel_names, cross, scoring.channel_merge)
    pairs = len(channels.pairs())
    if not pairs:
        raise ConfigError(
            "`channels=cross`: expected two `channel_names` at least, received one; add another"
        )
    if not isinstance(channels.merge, str) and len(channels.merge) != pairs:
        raise ConfigError(
            f"`channel_merge`: expected {pairs} weights, one for each picture that is scored, received "
            f"{len(channels.merge)}"
        )
    return channels


def _no_mask(model: ModelBundle | Ensemble, remedy: str) -> ConfigError:
    return ConfigError(
        f"`model`: expected a model that makes masks, received {model.name}, which finds the alpha in a "
        f"trimap; {remedy}, and give it to `predict matte={model.name}`, or to `eval`"
    )


def _check_objects(models: Ensemble, scoring: ScoringOptions) -> None:
    """Raise ConfigError for what would lose the objects among the scores that they make."""
    if len(models.members) > 1:
        raise ConfigError(f"`model`: expected one model that finds objects, received {models.name}; take one")
    given = {
        "tta": scoring.resolved.tta != "none",
        "tiles": scoring.tiles,
        "channels": scoring.channels != "rgb",
        "remove_islands": scoring.remove_islands,
        "fill_holes": scoring.fill_holes,
    }
    for option in (option for option, value in given.items() if value):
        cause = "`quality=best`" if option == "tta" and not scoring.tta else f"`{option}`"
        refuse_objects(models, cause, "leave it out")


def _check_parts(models: Ensemble, options: ModelOptions, scoring: ScoringOptions) -> None:
    """Raise ConfigError for an option of what is not done, which would be without effect."""
    usual, own_tiles = ScoringOptions(), any(own_tiling(bundle, 0.0) for bundle in models.members)
    without = {}
    if not scoring.tiles:
        without["tiles_on"] = "with `tiles`"
    if not (scoring.tiles or own_tiles):
        without["overlap"] = "with `tiles`, or of a model that sees tiles"
    if scoring.channels == usual.channels:
        without |= dict.fromkeys(("channel_names", "channel_merge"), "with `channels`")
    for name, expected in without.items():
        if getattr(scoring, name) != getattr(usual, name):
            raise ConfigError(f"`{name}`: expected {expected}, received alone; add that, or leave it out")
    if not models.finds_objects and options.object_score != ModelOptions().object_score:
        raise ConfigError(
            f"`object_score`: expected of a model that finds objects, received {models.name}, which finds "
            "none; leave it out"
        )
