"""Training: samples in, a model bundle out."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.run import RunConfig
from segmentation.core.digests import content_of
from segmentation.core.errors import TrainingError
from segmentation.core.events import Tell, ignore
from segmentation.core.types import BINARY, LabelMap, Sample
from segmentation.models.architectures import finds_objects
from segmentation.models.cost import measure
from segmentation.models.pretrained import load_backbone
from segmentation.models.weights import save_weights
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.preprocessing.second_pass import SecondPassView
from segmentation.training.adversaries.learner import Adversaries
from segmentation.training.adversaries.watch import Watch
from segmentation.training.augment import build_augment
from segmentation.training.batches import Batches, PreparedPairs, sample_weights
from segmentation.training.callbacks import Run
from segmentation.training.crops import Crops
from segmentation.training.freezing import phases
from segmentation.training.input_statistics import with_statistics
from segmentation.training.matte_pairs import MattePairs
from segmentation.training.mixture import Mixture
from segmentation.training.network import build_network, compile_network, load, load_start
from segmentation.training.objectives import build_loss, check_loss
from segmentation.training.objects.losses import ObjectLoss
from segmentation.training.objects.pairs import ObjectPairs
from segmentation.training.optimizers import dtype_policy
from segmentation.training.progress import Plan, TrainingStarted
from segmentation.training.rank import ALONE, Rank
from segmentation.training.run_state import (
    HISTORY,
    TENSORBOARD,
    History,
    RunState,
    clear_folder,
    resume,
    write_history,
)
from segmentation.training.second_pass_pairs import SecondPassPairs
from segmentation.training.strokes import Strokes
from segmentation.training.tile_pairs import TilePairs

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
    model, pairs, policy, mixture = ready.model, ready.pairs, ready.policy, ready.mixture
    plan = _plan(config, model, pairs, policy, (len(mixture), len(val)))
    tell(TrainingStarted(logs.name, config.training.epochs, plan))
    val_pairs = judging_pairs(config, val, pairs.preprocessing, labels, first)
    if stop() and not state.epochs:
        raise KeyboardInterrupt  # before the network is compiled, which may take long
    interrupted = _train(config, ready, val_pairs, plan.batch_size, state, tell=tell, stop=stop, rank=rank)
    if not state.epochs:
        raise KeyboardInterrupt  # there is nothing to keep yet
    bundle = ModelBundle(
        path=folder,
        config=config,
        preprocessing=pairs.preprocessing,
        labels=labels,
        split={"train": [sample.id for sample in train], "val": [sample.id for sample in val]},
        contents={sample.id: content_of(sample.photo) for sample in (*train, *val)},
        provenance={
            "data_fingerprint": fingerprint,
            "start": start and start.name,
            "backend": keras.backend.backend(),
            "policy": policy,
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
    save_weights(model, bundle.weights)
    write_history(folder / HISTORY, state.history)
    return bundle, state.history


@dataclasses.dataclass(frozen=True)
class Ready:
    """The beginning of a training: a network with its first weights, its pairs, and how they are mixed.

    `learner` is the model that is trained: the network itself, or with discriminators around it.
    """

    model: keras.Model
    learner: keras.Model
    loss: keras.losses.Loss | ObjectLoss
    pairs: PreparedPairs
    mixture: Mixture
    policy: str

    def batches(self, config: RunConfig, batch_size: int, rank: Rank = ALONE) -> Batches:
        """Return the batches that the network learns from, augmented and cropped, or the part of a `rank`."""
        training, pairs = config.training, self.pairs
        in_colour = config.preprocessing.colour == "colour"
        augment = pairs.vary(
            build_augment(config.augmentation, colour=in_colour, labels=pairs.labels, task=pairs.task)
        )
        if pairs.preprocessing.strokes:
            augment = Strokes(config.augmentation.strokes, augment)
        if training.crops and not pairs.cuts:
            guided = pairs.preprocessing.guided
            augment = Crops(training.crops, training.crop_focus, pairs.task, guided, augment)
        return Batches(
            pairs,
            batch_size,
            augment=augment,
            seed=training.seed,
            mixture=self.mixture,
            weights=sample_weights(pairs.samples, config.data.pseudo_weight),
            workers=training.workers,
            rank=rank,
        )


def prepare_training(
    config: RunConfig,
    train: Sequence[Sample],
    labels: LabelMap = BINARY,
    start: ModelBundle | None = None,
    first: ModelBundle | None = None,
    *,
    begun: bool = False,
    tell: Tell = ignore,
    stop: Callable[[], bool] = lambda: False,
) -> Ready:
    """Return what a training of the completed `config` begins with; the arguments are as in `fit`.

    With `begun` the first weights are left to whoever loads those of the last epoch.
    """
    keras.utils.set_random_seed(config.training.seed)
    pairs = _prepare(config, train, labels, start, _view(config, first), stop)
    loss = _loss(config, pairs)
    policy = dtype_policy(config.training.precision)
    size = None if config.training.crops else pairs.preprocessing.input_size
    model = build_network(config, pairs.preprocessing, len(labels.names), policy, size)
    if start and not begun:
        load_start(model, start, labels, pairs.preprocessing.channel_names, tell)
    elif config.model.backbone_weights and not begun:
        load_backbone(model, config.model.backbone_weights)
    learner = model
    if config.adversaries.adversarial:
        learner = Adversaries(model, config.adversaries.adversarial, config.data.target, policy)
    return Ready(model, learner, loss, pairs, _mixture(config, train), policy)


def plan_training(config: RunConfig, ready: Ready) -> Plan:
    """Return the cost of a training, the largest batch that fits its memory for `auto`, and that memory."""
    return _plan(config, ready.model, ready.pairs, ready.policy, (len(ready.mixture), 0))


def judging_pairs(
    config: RunConfig,
    samples: Sequence[Sample],
    preprocessing: Preprocessing,
    labels: LabelMap,
    first: ModelBundle | None,
) -> PreparedPairs:
    """Return held-out samples as a network sees them after each epoch; the arguments are as in `fit`."""
    return _pairs(config, samples, preprocessing, labels, _view(config, first))


def _prepare(
    config: RunConfig,
    train: Sequence[Sample],
    labels: LabelMap,
    start: ModelBundle | None,
    view: SecondPassView | None,
    stop: Callable[[], bool],
) -> PreparedPairs:
    preprocessing = Preprocessing.of_run(config)
    # the guides of a matte are seen as they are, in [0, 1]: only the photos have statistics
    plain = dataclasses.replace(preprocessing, guides=())
    pairs = (
        PreparedPairs(train, plain, config.data, labels)
        if preprocessing.guides
        else _pairs(config, train, preprocessing, labels, view)
    )
    if preprocessing.normalisation == "mean-std":
        preprocessing = with_statistics(
            preprocessing,
            start.preprocessing if start else None,
            lambda: _until(stop, pairs.images(config.training.workers)),
        )
    if preprocessing.guides:
        return MattePairs(train, preprocessing, config, varied=True)
    pairs.preprocessing = preprocessing
    if config.preprocessing.sees == "tiles":
        return TilePairs(train, pairs.preprocessing, config, labels, varied=True)
    return SecondPassPairs(train, pairs.preprocessing, config.data, view, varied=True) if view else pairs


def _until(stop: Callable[[], bool], images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield images; raise KeyboardInterrupt once `stop()` is true."""
    for image in images:
        if stop():
            raise KeyboardInterrupt
        yield image


def _pairs(
    config: RunConfig,
    samples: Sequence[Sample],
    preprocessing: Preprocessing,
    labels: LabelMap,
    view: SecondPassView | None,
) -> PreparedPairs:
    if config.preprocessing.sees == "tiles":
        return TilePairs(samples, preprocessing, config, labels, varied=False)
    if view:
        return SecondPassPairs(samples, preprocessing, config.data, view, varied=False)
    if preprocessing.guides:
        return MattePairs(samples, preprocessing, config, varied=False)
    kind = ObjectPairs if finds_objects(config.model.architecture) else PreparedPairs
    return kind(samples, preprocessing, config.data, labels)


def _loss(config: RunConfig, pairs: PreparedPairs) -> keras.losses.Loss | ObjectLoss:
    if finds_objects(config.model.architecture):
        return ObjectLoss()
    classes, target = len(pairs.labels.names), config.data.target
    check_loss(config.loss, classes, target)  # before many photos are read
    counted = config.loss.class_weights != "none"
    counts = pairs.class_counts(config.training.workers) if counted else None
    return build_loss(config.loss, classes, counts, target)


def _view(config: RunConfig, first: ModelBundle | None) -> SecondPassView | None:
    size = config.preprocessing.input_size
    if first is None or size is None:
        return None
    return SecondPassView.from_config(config.second_pass, first.threshold, size)


def _mixture(config: RunConfig, train: Sequence[Sample]) -> Mixture:
    shares = config.data.mix
    return Mixture([sample.source for sample in train], shares, config.training.seed, config.data.repeats)


def _plan(
    config: RunConfig, model: keras.Model, pairs: PreparedPairs, policy: str, photos: tuple[int, int]
) -> Plan:
    training = config.training
    if training.crops:
        whole, cropped = (
            measure(build_network(config, pairs.preprocessing, len(pairs.labels.names), policy, size))
            for size in (pairs.preprocessing.input_size, training.crops)
        )
    else:
        whole = cropped = measure(model)
    value_bytes = 4 if policy == "float32" else 2
    averaged = training.average > 0
    if isinstance(training.batch_size, int):
        batch_size = training.batch_size
    else:  # auto
        batch_size = cropped.largest_batch(
            training.memory, training.optimizer, value_bytes, averaged=averaged
        )
    memory_bytes = cropped.training_bytes(batch_size, training.optimizer, value_bytes, averaged=averaged)
    return Plan(whole, batch_size, memory_bytes, policy, *photos)


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
