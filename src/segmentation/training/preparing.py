"""The beginning of a training: a network with its first weights, its pairs, and what it will cost."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

import keras
import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.events import Tell, ignore
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.samples import Sample
from segmentation.models.architectures import finds_objects
from segmentation.models.cost import measure
from segmentation.models.pretrained import load_backbone
from segmentation.models.registry import ARCHITECTURES
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.preprocessing.second_pass import SecondPassView
from segmentation.training.adversaries.learner import Adversaries
from segmentation.training.augment import build_augment
from segmentation.training.batches import Batches, PreparedPairs, sample_weights
from segmentation.training.crops import Crops
from segmentation.training.input_statistics import with_statistics
from segmentation.training.matte_pairs import MattePairs
from segmentation.training.mixture import Mixture
from segmentation.training.network import build_network, load_start
from segmentation.training.objectives import build_loss, check_loss
from segmentation.training.objects.losses import ObjectLoss
from segmentation.training.objects.pairs import ObjectPairs
from segmentation.training.optimizers import dtype_policy
from segmentation.training.progress import Plan
from segmentation.training.rank import ALONE, Rank
from segmentation.training.second_pass_pairs import SecondPassPairs
from segmentation.training.strokes import Strokes
from segmentation.training.tile_pairs import TilePairs


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
            build_augment(config.augmentation, colour=in_colour, labels=pairs.labels, coding=pairs.coding)
        )
        if pairs.preprocessing.strokes:
            augment = Strokes(config.augmentation.strokes, augment)
        if training.crops and not pairs.cuts:
            guided = pairs.preprocessing.guided
            augment = Crops(training.crops, training.crop_focus, pairs.coding, guided, augment)
        return Batches(
            pairs,
            batch_size,
            augment=augment,
            seed=training.seed,
            mixture=self.mixture,
            weights=sample_weights(pairs.samples, config.data.pseudo_weight),
            epochs=training.epochs,
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
    """Return what a training of the completed `config` begins with.

    The arguments are as in `TrainingRequest`. With `begun` the first weights are left to whoever loads those
    of the last epoch.
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


def _check_batch(config: RunConfig, batch_size: int) -> None:
    """Raise ConfigError where a batch has one value to be normalised, which is then always 0."""
    family = ARCHITECTURES[config.model.architecture].family
    if family == "deeplab_v3" and config.model.norm == "batch" and batch_size == 1:
        raise ConfigError(
            f"`batch_size`: expected 2 or more for {config.model.architecture}, which normalises means of "
            "photos over the batch, received 1; choose more, or `norm=group`"
        )


def plan_training(config: RunConfig, ready: Ready, judged: int = 0) -> Plan:
    """Return the cost of a training, the largest batch that fits its memory for `auto`, and that memory.

    So many held-out photos are `judged` after each epoch.
    """
    training, model, pairs, policy = config.training, ready.model, ready.pairs, ready.policy
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
    _check_batch(config, batch_size)
    memory_bytes = cropped.training_bytes(batch_size, training.optimizer, value_bytes, averaged=averaged)
    return Plan(whole, batch_size, memory_bytes, policy, len(ready.mixture), judged)


def judging_pairs(
    config: RunConfig,
    samples: Sequence[Sample],
    preprocessing: Preprocessing,
    labels: LabelMap,
    first: ModelBundle | None,
) -> PreparedPairs:
    """Return held-out samples as a network sees them after each epoch; see `TrainingRequest`."""
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
