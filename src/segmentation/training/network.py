"""The network of a training: built, given its first weights, and compiled."""

from collections.abc import Sequence
from pathlib import Path

import keras

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.run import RunConfig
from segmentation.core.errors import TrainingError
from segmentation.core.events import Note, Tell, ignore
from segmentation.core.labels import LabelMap
from segmentation.core.size import Size
from segmentation.models import registry
from segmentation.models.parts import backbone_layers, copy_weights
from segmentation.models.weights import load_weights
from segmentation.preprocessing.preprocessing import GREY, GREY_OF, Preprocessing
from segmentation.training.adversaries.learner import Adversaries, network_of
from segmentation.training.freezing import freeze
from segmentation.training.objectives import metrics
from segmentation.training.objects.judging import object_dice
from segmentation.training.objects.losses import ObjectLoss
from segmentation.training.optimizers import build_optimizer


def build_network(
    config: RunConfig, preprocessing: Preprocessing, classes: int, policy: str, size: Size | None
) -> keras.Model:
    """Build the untrained network of a completed configuration, which computes in the dtype `policy`.

    It takes pictures of `size`, or of any that its levels divide if none is given.
    """
    shape = (size.height, size.width) if size else (None, None)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        return registry.build(config.model, (*shape, preprocessing.channels), classes)
    finally:
        keras.config.set_dtype_policy(before)


def load(model: keras.Model, path: Path) -> None:
    """Load weights, and the optimizer's state where it is of the same variables. Raises TrainingError."""
    try:
        load_weights(model, path)
    except ValueError as error:
        raise _misfit(path, error) from error


def load_start(
    model: keras.Model,
    start: ModelBundle,
    labels: LabelMap,
    channels: Sequence[str],
    tell: Tell = ignore,
) -> None:
    """Load the weights of `start` into the network of `labels`; with other classes, all but the head's.

    `channels` are the names of the network's input. Those that `start` does not see begin with weights of 0,
    but for grey and colours, which begin as each other. Notes tell of other channels, and of a head that
    starts from scratch. Raises TrainingError for weights that do not fit.
    """
    known = start.preprocessing.channel_names
    if (start.labels.names, known) == (labels.names, tuple(channels)):
        load(model, start.weights)
        return
    before, now = len(start.labels.names), len(labels.names)
    source = registry.build(start.config.model, (*model.input_shape[1:-1], len(known)), before)
    load(source, start.weights)
    sources = [_sources(name, known) for name in channels]
    same_classes = start.labels.names == labels.names
    try:
        copy_weights(source, model, sources, head=same_classes)
    except ValueError as error:
        raise _misfit(start.path, error) from error
    if new := [name for name, found in zip(channels, sources, strict=True) if not found]:
        tell(Note(f"{start.name}: the network sees {' and '.join(new)} as well, at first without effect"))
    used = {place for found in sources for place in found}
    if unseen := [name for place, name in enumerate(known) if place not in used]:
        tell(Note(f"{start.name}: the network does not see {' and '.join(unseen)} any more"))
    if same_classes:
        return
    counts = f"{before} {'class' if before == 1 else 'classes'} -> {now}"
    change = "other names or another order" if before == now else counts
    tell(Note(f"{start.name}: the head starts from scratch, {change}"))


def _sources(name: str, known: Sequence[str]) -> dict[int, float]:
    """Return which channels one begins as, with factors: grey as all colours, and colours as parts of it."""
    if name in known:
        return {known.index(name): 1.0}
    if name == GREY and {*GREY_OF} <= {*known}:
        return {known.index(colour): 1.0 for colour in GREY_OF}
    return {known.index(GREY): GREY_OF[name]} if name in GREY_OF and GREY in known else {}


def compile_network(
    config: RunConfig, model: keras.Model, loss: keras.losses.Loss | ObjectLoss, frozen: int
) -> None:
    """Freeze `frozen` levels of the backbone, and compile the network with a new optimizer.

    The network may have discriminators around it, which learn at a rate of their own.
    """
    network = network_of(model)
    freeze(network, frozen)
    backbone = [variable for layer in backbone_layers(network) for variable in layer.trainable_variables]
    against = list(model.discriminators.values()) if isinstance(model, Adversaries) else []
    optimizer = build_optimizer(
        config.training,
        backbone,
        network.weights,
        [variable for discriminator in against for variable in discriminator.trainable_variables],
        config.adversaries.adversarial_rate,
    )
    judged_by = metrics(network.output_shape[-1], config.data.target)
    if isinstance(loss, ObjectLoss):
        judged_by = [object_dice()]
    model.compile(optimizer, loss, weighted_metrics=judged_by)
    model.optimizer.build(model.trainable_variables)  # so that loading weights loads its state too


def _misfit(path: Path, error: ValueError) -> TrainingError:
    return TrainingError(
        f"{path}: expected weights of the same architecture, filters and levels, received others ({error})"
    )
