"""The callback of a training against discriminators: it ends the warm-up, and notices a collapse."""

from collections.abc import Mapping, Sequence

import keras

from segmentation.config.adversaries import AdversarialConfig
from segmentation.core.events import Caution, Tell
from segmentation.training.adversaries.learner import LOCAL, WHOLE, discriminator_loss
from segmentation.training.run_state import RunState

_CERTAIN = 0.05  # a discriminator's loss: of chance alone it is 0.69
_DROP = 0.1  # of validation Dice
_EPOCHS = 2  # in a row, until it is said

_SEES = {LOCAL: "the discriminator along the edge", WHOLE: "the discriminator of the whole picture"}


class Watch(keras.callbacks.Callback):
    """A callback that lets the network follow its discriminators after the warm-up, and tells of a collapse.

    It stands behind `Run` among the callbacks, which counts an epoch.
    """

    def __init__(self, config: AdversarialConfig, state: RunState, tell: Tell) -> None:
        super().__init__()
        self.config = config
        self.state = state
        self.tell = tell

    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
        self.model.followed.assign(float(epoch >= self.config.adversarial_warmup))

    def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002
        if self.state.epochs == epoch + 1:  # else it was cut short
            for words in collapses(self.state.history, self.config):
                self.tell(Caution(words))


def collapses(history: Mapping[str, Sequence[float]], config: AdversarialConfig) -> list[str]:
    """Return in words the collapses that the last epoch shows for the first time; none if all is well."""
    found = []
    for name, sees in _SEES.items():
        losses = history[discriminator_loss(name)]
        if _newly([loss < _CERTAIN for loss in losses]):
            found.append(
                f"{sees} tells all predicted masks from true ones (loss {losses[-1]:.3f}, by chance 0.69), "
                "so that the network learns little from it; lower `adversarial_rate` "
                f"({config.adversarial_rate:g})"
            )
    dice = history["val_dice"]
    best = [max(dice[: place + 1]) for place in range(len(dice))]
    worse = [
        place >= config.adversarial_warmup and value < high - _DROP
        for place, (value, high) in enumerate(zip(dice, best, strict=True))
    ]
    if _newly(worse):
        found.append(
            f"the masks have become worse against the discriminators, Dice {dice[-1]:.3f} after "
            f"{best[-1]:.3f}; lower `adversarial` ({config.adversarial:g}). The best epoch is kept"
        )
    return found


def _newly(signs: Sequence[bool]) -> bool:
    """Return whether the sign has stood for so many epochs now, and not before."""
    return (
        all(signs[-_EPOCHS:])
        and len(signs) >= _EPOCHS
        and not any(all(signs[end - _EPOCHS : end]) for end in range(_EPOCHS, len(signs)))
    )
