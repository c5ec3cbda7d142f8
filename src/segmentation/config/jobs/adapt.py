"""Options of `adapt`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option
from segmentation.config.values import Shares


@dataclass(frozen=True, kw_only=True)
class AdaptOptions(JobOptions):
    """Train a model further on corrections of its masks, and keep the new one if it is better."""

    from_: tuple[Path, ...] = option(
        MISSING,
        "folder that predict wrote, whose masks or cutouts a person corrected; can be several",
        metavar="RESULTS",
        listed=True,
    )
    name: str = option(MISSING, "name of the new model", metavar="NAME")
    model: str | None = option(
        None,
        "model to go on from, by name in the models folder or by path",
        shown="the one that made the predictions",
        metavar="NAME",
    )
    replay: tuple[Path, ...] = option(
        (),
        "folder of pairs to train on beside the corrections, against forgetting; can be repeated",
        shown="those that the model was trained on, as far as they are still there",
        metavar="DIR",
    )
    mix: Shares | None = option(
        None,
        "shares of the corrections and of each `replay` in an epoch, such as 0.5,0.5, adding up to 1",
        shown="half for the corrections, the rest in equal parts",
        common=False,
    )
    fold_model: tuple[str, ...] = option(
        (),
        "first pass that was not trained on some pairs of `replay`, which shows a second pass where the "
        "garment is in them; can be repeated",
        shown="those that the model records, as far as they are still there",
        common=False,
        metavar="NAME",
    )
    validation: Path | None = option(
        None,
        "folder of pairs on which the new model must not be worse; without any, none is replaced",
        shown="held-out photos of those that the model was trained on, if they are still there",
        metavar="DIR",
    )
    holdout: float = option(
        0.3,
        "fraction of the corrected photos by which old and new are judged, at least 6 garments",
        maximum=0.5,
    )
    epochs: int = option(8, "epochs of about 25 steps, for each pass", minimum=1)
    rate: float = option(
        0.2,
        "learning rate, as a share of the one that the model was trained with",
        maximum=1,
        common=False,
    )
    resume: bool = option(False, "continue the interrupted adaptation of this `name`", shown="no")
    overwrite: bool = option(
        False,
        "replace a model of this name, if the new one is better; begin an interrupted one anew",
        shown="no",
    )
