"""Training: samples in, a model bundle out."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.names import HISTORY
from segmentation.config.run import RunConfig
from segmentation.core.digests import content_of
from segmentation.core.errors import TrainingError
from segmentation.core.events import Tell, ignore
from segmentation.models.weights import save_weights
from segmentation.training.adversaries.watch import Watch
from segmentation.training.batches import Batches, PreparedPairs
from segmentation.training.callbacks import Run
from segmentation.training.freezing import phases
from segmentation.training.network import compile_network, load
from segmentation.training.preparing import Ready, judging_pairs, plan_training, prepare_training
from segmentation.training.progress import Plan, TrainingStarted
from segmentation.training.rank import ALONE, Rank
from segmentation.training.request import TrainingRequest
from segmentation.training.run_state import (
    TENSORBOARD,
    History,
    RunState,
    clear_folder,
    resume,
    write_history,
)

_OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError")  # of TensorFlow and of torch
_JAX_OUT_OF_MEMORY = "RESOURCE_EXHAUSTED"  # its error has the same name whatever went wrong


def fit(
    request: TrainingRequest,
    folder: Path,
    *,
    logs: Path,
    tell: Tell = ignore,
    stop: Callable[[], bool] = lambda: False,
    rank: Rank = ALONE,
) -> tuple[ModelBundle, History]:
    """Train as it is requested, and keep the epoch with the best validation Dice.

    Returns the bundle, whose weights are written into the existing `folder`, and the history. `logs`, which
    belongs to this run alone, holds what a resumption needs, TensorBoard events and the history.
    `tell` takes the events of `training.progress` and notes. From the first epoch on, a `stop()` that is true
    ends the training with the best epoch so far, recorded as `interrupted` in the provenance.
    `rank` is the place of this process among those that call `fit` with the same request, but with a
    `folder` and `logs` of its own each, to train one network together.

    A backbone begins with `config.model.backbone_weights`, unless `start` or an interrupted run gives the
    weights. Its frozen levels change at most once, between two epochs; the optimizer is then a new one, and
    begins with the averages of the weights, if `config.training.average` has made any.

    Raises ConfigError for backbone weights that are missing or do not fit, and for options that the loss does
    not use; TrainingError for a loss that is not finite, weights that do not fit, a resumption with other
    settings, and files in `logs` that no run made; KeyboardInterrupt for an interruption before the first
    epoch.
    """
    config, settings = request.config, request.settings
    state = resume(logs, settings) if request.resuming else RunState(logs, settings)
    state.begun_with = dict(request.begun_with)
    ready = prepare_training(
        config,
        request.train,
        request.labels,
        request.start,
        request.first,
        begun=bool(state.epochs),
        tell=tell,
        stop=stop,
    )
    plan = plan_training(config, ready, len(request.val))
    tell(TrainingStarted(logs.name, config.training.epochs, plan))
    preprocessing = ready.pairs.preprocessing
    val_pairs = judging_pairs(config, request.val, preprocessing, request.labels, request.first)
    if stop() and not state.epochs:
        raise KeyboardInterrupt  # before the network is compiled, which may take long
    interrupted = _train(config, ready, val_pairs, plan.batch_size, state, tell=tell, stop=stop, rank=rank)
    if not state.epochs:
        raise KeyboardInterrupt  # there is nothing to keep yet
    bundle = _bundle_of(request, folder, ready, plan, state, interrupted)
    load(ready.learner, state.weights(state.best_epoch))
    save_weights(ready.model, bundle.weights)
    write_history(folder / HISTORY, state.history)
    return bundle, state.history


def _bundle_of(
    request: TrainingRequest, folder: Path, ready: Ready, plan: Plan, state: RunState, interrupted: bool
) -> ModelBundle:
    """Return the bundle of the best epoch, which has no files yet."""
    return ModelBundle(
        path=folder,
        config=request.config,
        preprocessing=ready.pairs.preprocessing,
        labels=request.labels,
        split={
            "train": [sample.id for sample in request.train],
            "val": [sample.id for sample in request.val],
        },
        contents={sample.id: content_of(sample.photo) for sample in (*request.train, *request.val)},
        provenance={
            "data_fingerprint": request.fingerprint,
            "start": request.start and request.start.name,
            "backend": keras.backend.backend(),
            "policy": ready.policy,
            "batch_size": plan.batch_size,
            "cost": dataclasses.asdict(plan.cost),
            "epochs": state.epochs,
            "best_epoch": state.best_epoch,
            "training_seconds": round(state.seconds, 1),
            "interrupted": interrupted,
            "val_at_input_size": {
                name: values[state.best_epoch - 1]
                for name, values in state.history.items()
                if name.startswith("val_")
            },
        },
    )


def _train(
    config: RunConfig,
    ready: Ready,
    val_pairs: PreparedPairs,
    batch_size: int,
    state: RunState,
    *,
    tell: Tell,
    stop: Callable[[], bool],
    rank: Rank,
) -> bool:
    """Run the epochs that are left; return whether they were interrupted."""
    training, model = config.training, ready.learner
    val_size = batch_size
    if training.crops:
        whole = ready.pairs.preprocessing.input_size
        val_size = max(1, batch_size * training.crops.area // whole.area)
    batches = ready.batches(config, batch_size, rank)
    val_batches = Batches(val_pairs, rank.whole(val_size), workers=training.workers, rank=rank)
    run = Run(training, batches, state, tell, stop)
    callbacks: list[keras.callbacks.Callback] = [run]
    if config.adversaries.adversarial:
        callbacks.append(Watch(config.adversaries, state, tell))
    if keras.backend.backend() == "tensorflow":
        callbacks.append(keras.callbacks.TensorBoard(state.folder / TENSORBOARD, write_graph=False))
    if not state.epochs:
        clear_folder(state.folder)
        state.folder.mkdir(parents=True, exist_ok=True)
    try:
        for run.phase in phases(training):
            if state.epochs >= run.phase.until or run.stalled():
                continue
            compile_network(config, model, ready.loss, run.phase.frozen)
            if state.epochs:  # between two phases as well, so that a resumed run does the same
                load(model, state.weights(state.epochs))
            batches.epoch = state.epochs  # Keras looks at a batch before the epoch begins
            model.fit(
                batches,
                validation_data=val_batches,
                initial_epoch=state.epochs,
                epochs=run.phase.until,
                callbacks=callbacks,
                shuffle=False,  # Keras would shuffle by a state that a resumed run does not have
                verbose=0,
            )
            if model.stop_training:
                break
    except KeyboardInterrupt:
        return True
    except Exception as error:
        failure = batches.failure or val_batches.failure
        if failure:  # the error that TensorFlow has wrapped in one of its own
            raise failure from error
        if _is_lack_of_memory(error):
            raise TrainingError(
                f"the device ran out of memory at batch size {batch_size}; lower `batch_size`, "
                "`input_size` or `filters`"
            ) from error
        raise
    finally:  # Keras holds the batches for longer, and the next training of a recipe needs the memory
        for one in (batches, val_batches):
            one.close()
            one.pairs.release()
    return stop() and state.epochs < training.epochs


def _is_lack_of_memory(error: Exception) -> bool:
    known = isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY
    return known or str(error).startswith(_JAX_OUT_OF_MEMORY)
