"""Training: samples in, a model bundle out."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.names import HISTORY
from segmentation.config.run import RunConfig
from segmentation.core.digests import content_of
from segmentation.core.errors import TrainingError
from segmentation.core.events import Tell, ignore
from segmentation.core.types import BINARY, LabelMap, Sample
from segmentation.models.weights import save_weights
from segmentation.training.adversaries.watch import Watch
from segmentation.training.batches import Batches, PreparedPairs
from segmentation.training.callbacks import Run
from segmentation.training.freezing import phases
from segmentation.training.network import compile_network, load
from segmentation.training.preparing import Ready, judging_pairs, plan_training, prepare_training
from segmentation.training.progress import TrainingStarted
from segmentation.training.rank import ALONE, Rank
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
    config: RunConfig,
    train: Sequence[Sample],
    val: Sequence[Sample],
    folder: Path,
    *,
    logs: Path,
    fingerprint: str,
    labels: LabelMap = BINARY,
    start: ModelBundle | None = None,
    first: ModelBundle | None = None,
    resuming: bool = False,
    begun_with: Mapping[str, Any] | None = None,
    tell: Tell = ignore,
    stop: Callable[[], bool] = lambda: False,
    rank: Rank = ALONE,
) -> tuple[ModelBundle, History]:
    """Train the completed `config` on `train` and keep the epoch with the best validation Dice.

    Returns the bundle, whose weights are written into the existing `folder`, and the history. `logs`, which
    belongs to this run alone, holds what `resuming` needs, TensorBoard events and the history; `fingerprint`
    is the data's, and `labels` are the classes of its ground truth. `start` gives the first weights, and the
    normalisation they were trained with; of other classes, all but those of the head. `first` is the pass
    before this one, where this is the second of a double pass: then the samples have first-pass scores.
    `begun_with`, plain JSON, is kept in `logs` for whoever resumes the run.
    `tell` takes the events of `training.progress` and notes. From the first epoch on, a `stop()` that is true
    ends the training with the best epoch so far, recorded as `interrupted` in the provenance.
    `rank` is the place of this process among those that call `fit` with the same arguments, but with a
    `folder` and `logs` of its own each, to train one network together.

    A backbone begins with `config.model.backbone_weights`, unless `start` or an interrupted run gives the
    weights. Its frozen levels change at most once, between two epochs; the optimizer is then a new one, and
    begins with the averages of the weights, if `config.training.average` has made any.

    Raises ConfigError for backbone weights that are missing or do not fit, and for options that the loss does
    not use; TrainingError for a loss that is not finite, weights that do not fit, a resumption with other
    settings, and files in `logs` that no run made; KeyboardInterrupt for an interruption before the first
    epoch.
    """
    settings = {
        "config": config.to_json(),
        "data": fingerprint,
        "held_out": sorted(sample.id for sample in val),
        "classes": labels.names,
        "start": start and start.digest,
        "first": first and first.digest,
    }
    state = resume(logs, settings) if resuming else RunState(logs, settings)
    state.begun_with = dict(begun_with or {})
    ready = prepare_training(
        config, train, labels, start, first, begun=bool(state.epochs), tell=tell, stop=stop
    )
    plan = plan_training(config, ready, len(val))
    tell(TrainingStarted(logs.name, config.training.epochs, plan))
    val_pairs = judging_pairs(config, val, ready.pairs.preprocessing, labels, first)
    if stop() and not state.epochs:
        raise KeyboardInterrupt  # before the network is compiled, which may take long
    interrupted = _train(config, ready, val_pairs, plan.batch_size, state, tell=tell, stop=stop, rank=rank)
    if not state.epochs:
        raise KeyboardInterrupt  # there is nothing to keep yet
    bundle = ModelBundle(
        path=folder,
        config=config,
        preprocessing=ready.pairs.preprocessing,
        labels=labels,
        split={"train": [sample.id for sample in train], "val": [sample.id for sample in val]},
        contents={sample.id: content_of(sample.photo) for sample in (*train, *val)},
        provenance={
            "data_fingerprint": fingerprint,
            "start": start and start.name,
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
    load(ready.learner, state.weights(state.best_epoch))
    save_weights(ready.model, bundle.weights)
    write_history(folder / HISTORY, state.history)
    return bundle, state.history


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
            one.pairs.release()
    return stop() and state.epochs < training.epochs


def _is_lack_of_memory(error: Exception) -> bool:
    known = isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY
    return known or str(error).startswith(_JAX_OUT_OF_MEMORY)
