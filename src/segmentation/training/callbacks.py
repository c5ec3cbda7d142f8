"""The callback that drives a run: rates, stopping, checkpoints, and the error of a diverged loss."""

import math
import time
from collections.abc import Callable

import keras

from segmentation.config.training import TrainConfig
from segmentation.core.errors import TrainingError
from segmentation.core.events import Tell
from segmentation.models.parts import single_layers
from segmentation.models.weights import save_state
from segmentation.training.adversaries.learner import network_of
from segmentation.training.averaging import exchange
from segmentation.training.batches import Batches
from segmentation.training.freezing import phases
from segmentation.training.progress import EpochDone, StepDone
from segmentation.training.run_state import RunState
from segmentation.training.schedules import learning_rate, stops


class Run(keras.callbacks.Callback):
    """A callback that keeps `state` on disk in step with the training, which can be interrupted any time.

    Once `stop()` is true the training ends after the current step, or that of the evaluation after an epoch;
    the epoch that it cuts short is not kept.

    Where weights are averaged, the network has the averages whenever it is judged, saved and loaded, and the
    optimizer's state has the weights themselves. Only during training steps is it the other way round.
    """

    def __init__(
        self,
        config: TrainConfig,
        batches: Batches,
        state: RunState,
        tell: Tell,
        stop: Callable[[], bool],
    ):
        super().__init__()
        self.config = config
        self.batches = batches
        self.state = state
        self.tell = tell
        self.phase = phases(config)[0]
        """The current phase of the training."""
        self._stop = stop
        self._cut_short = False

    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
        self.batches.epoch = self._epoch = epoch
        self._began = time.monotonic()
        self._go_on_drawing()
        exchange(self.model)

    def _go_on_drawing(self) -> None:
        """Let dropout draw as after all steps before this epoch; weights files do not hold its state."""
        for layer in single_layers(network_of(self.model)):
            if generator := getattr(layer, "seed_generator", None):
                seed = keras.ops.convert_to_numpy(generator.state)[0]
                generator.state.assign([seed, self._epoch * self.batches.num_batches])

    def on_train_batch_begin(self, batch, logs=None):  # noqa: ARG002
        progress = self._epoch + batch / self.batches.num_batches
        rate = learning_rate(self.config, progress, self.state.history.get("val_loss", []))
        self.model.optimizer.learning_rate = rate

    def on_train_batch_end(self, batch, logs=None):
        if not all(math.isfinite(value) for name, value in logs.items() if name.endswith("loss")):
            raise TrainingError(
                f"the training diverged: loss {logs['loss']} in epoch {self._epoch + 1}, step {batch + 1}; "
                f"lower `learning_rate` ({self.config.learning_rate:g}) or train with `precision=float32`"
            )
        steps = self.batches.num_batches
        self.tell(StepDone(self._epoch + 1, batch + 1, steps, self.batches.size, dict(logs)))
        if self._stop() and batch + 1 < steps:
            self._cut_short = self.model.stop_training = True

    def on_test_begin(self, logs=None):  # noqa: ARG002
        exchange(self.model)

    def on_test_batch_end(self, batch, logs=None):  # noqa: ARG002
        if self._stop():
            self._cut_short = self.model.stop_training = self.model.stop_evaluating = True

    def on_epoch_end(self, epoch, logs=None):
        if self._cut_short:
            return
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        # the weights first: whenever an epoch is counted, its weights are complete on disk
        save_state(self.model, self.state.weights(self.state.epochs + 1))
        self.state.append({**logs, "learning_rate": rate})
        self.state.seconds += time.monotonic() - self._began
        self.state.save()
        self.tell(EpochDone(epoch + 1, dict(logs), self.state.best_epoch == self.state.epochs))
        if self._stop() or self.stalled():
            self.model.stop_training = True

    def stalled(self) -> bool:
        """Return whether the last phase has gone on for too long without a better validation Dice."""
        scores = self.state.history.get("val_dice", [])[self.phase.since :]
        return self.phase.until == self.config.epochs and stops(self.config.patience, scores)
