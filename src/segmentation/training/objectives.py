"""Losses and training metrics: pure functions on score tensors first, the Keras losses last.

Tensors are targets and scores of shape [N, H, W, C] in [0, 1]; every photo counts the same, however
large its garment. Functions for several classes take the tensors that `class_losses` describes.
"""

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from segmentation.config.loss import PIXEL_WEIGHTS, LossConfig
from segmentation.core.errors import ConfigError
from segmentation.training.class_losses import (
    CROSS_ENTROPIES,
    LOSSES,
    Tensor,
    hard,
    mean_of_classes,
    two_classes,
)
from segmentation.training.class_weights import class_weights
from segmentation.training.matte_losses import (
    DEFAULT,
    MATTE_LOSSES,
    MatteLoss,
    closeness,
    soft_dice,
    soft_iou,
)
from segmentation.training.pixel_weights import pixel_weights

_PHOTO = (1, 2, 3)  # the axes of one photo
_SMOOTH = 1.0  # one pixel: keeps the ratio of two empty masks defined, and at 1


def dice(targets: Tensor, scores: Tensor, weights: Tensor = 1.0) -> Tensor:
    """Return the soft Dice coefficient of each photo: [N] in [0, 1]. Weights broadcast over the pixels."""
    overlap = ops.sum(weights * targets * scores, axis=_PHOTO)
    total = ops.sum(weights * targets, axis=_PHOTO) + ops.sum(weights * scores, axis=_PHOTO)
    return (2.0 * overlap + _SMOOTH) / (total + _SMOOTH)


def cross_entropy(targets: Tensor, scores: Tensor, weights: Tensor = 1.0) -> Tensor:
    """Return the binary cross-entropy, the mean over each photo: [N]. Weights broadcast over the pixels."""
    epsilon = keras.config.epsilon()
    scores = ops.clip(scores, epsilon, 1.0 - epsilon)
    losses = -(targets * ops.log(scores) + (1.0 - targets) * ops.log(1.0 - scores))
    return ops.mean(weights * losses, axis=_PHOTO)


def dice_coefficient(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the Dice of each photo's mask at threshold 0.5: [N]."""
    return dice(_hard(targets), _hard(scores))


def iou(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the intersection over union of each photo's mask at threshold 0.5: [N]."""
    targets, scores = _hard(targets), _hard(scores)
    overlap = ops.sum(targets * scores, axis=_PHOTO)
    union = ops.sum(targets, axis=_PHOTO) + ops.sum(scores, axis=_PHOTO) - overlap
    return (overlap + _SMOOTH) / (union + _SMOOTH)


def accuracy(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the fraction of each photo's pixels on the right side of threshold 0.5: [N]."""
    return ops.mean(ops.cast(ops.equal(_hard(targets), _hard(scores)), "float32"), axis=_PHOTO)


def class_dice(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the mean Dice of the classes of each photo's targets: [N].

    The class of a pixel is that of its highest score. A photo that is ignored as a whole has 1, here and in
    `class_iou` and `class_accuracy`.
    """
    overlap, areas, found = _class_areas(targets, scores)
    return 1.0 - mean_of_classes(1.0 - 2.0 * overlap / ops.maximum(areas + found, 1.0), areas > 0)


def class_iou(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the mean intersection over union of the classes of each photo's targets: [N]."""
    overlap, areas, found = _class_areas(targets, scores)
    return 1.0 - mean_of_classes(1.0 - overlap / ops.maximum(areas + found - overlap, 1.0), areas > 0)


def class_accuracy(targets: Tensor, scores: Tensor) -> Tensor:
    """Return the fraction of each photo's counted pixels whose class has the highest score: [N]."""
    overlap, areas, _ = _class_areas(targets, scores)
    return 1.0 - ops.sum(areas - overlap, axis=-1) / ops.maximum(ops.sum(areas, axis=-1), 1.0)


def metrics(classes: int = 1, target: str = "soft") -> list[keras.metrics.Metric]:
    """Return new training metrics, each the mean over photos; their names depend on neither argument."""
    functions = zip(("dice", "iou", "accuracy"), _objective_of(classes, target).metrics, strict=True)
    return [keras.metrics.MeanMetricWrapper(function, name=name) for name, function in functions]


def build_loss(
    config: LossConfig, classes: int, class_counts: np.ndarray | None = None, target: str = "soft"
) -> keras.losses.Loss:
    """Build the loss of a network with so many classes, 1 for a cutout: `config.loss`, or the default.

    The default is CrossEntropyMinusDice for a cutout, and for several classes `ce` and `dice` with the same
    weights; that of the `target` alpha is the sum `DEFAULT` of losses of mattes. `class_counts` are the
    pixels [P, C] of each class in each photo, which class weights are made from. `config.loss` sees a cutout
    as the two classes background and garment.

    Raises what `check_loss` raises.
    """
    check_loss(config, classes, target)
    terms = _objective_of(classes, target).terms(config)
    if target == "alpha":
        return MatteLoss(terms)
    if not terms:
        return CrossEntropyMinusDice(config)
    weights = None
    if config.class_weights != "none":
        if class_counts is None:
            raise ValueError("class weights: expected the pixels of each class")
        weights = class_weights(config.class_weights, class_counts)
    return WeightedLosses(terms, weights, config.label_smoothing)


def check_loss(config: LossConfig, classes: int, target: str = "soft") -> None:
    """Raise ConfigError for options that the loss over so many classes, or of the target, would ignore."""
    objective = _objective_of(classes, target)
    terms = objective.terms(config)
    known, others = (MATTE_LOSSES, "masks") if target == "alpha" else (LOSSES, "mattes, for `target=alpha`")
    if unfit := [name for name in terms if name not in known]:
        raise ConfigError(
            f"`loss`: expected some of {', '.join(known)}, received {unfit[0]}, a loss of {others}; choose "
            "another"
        )
    chosen = {"class_weights": config.class_weights != "none", "label_smoothing": config.label_smoothing}
    named = " and ".join(f"`{name}`" for name, given in chosen.items() if given)
    if named and not {*terms}.intersection(CROSS_ENTROPIES):
        raise ConfigError(
            f"{named}: expected a `loss` with {' or '.join(CROSS_ENTROPIES)}, received "
            f'{config.loss or "none"}; leave it out, or choose one such as `loss` "ce + dice"'
        )
    objective.check(config)


class CrossEntropyMinusDice(keras.losses.Loss):
    """`bce_weight * BCE - dice_weight * Dice`, the capstone's loss; with pixel weights when asked for.

    The smallest value is `-dice_weight`, reached by a perfect mask.
    """

    def __init__(self, config: LossConfig, name: str = "cross_entropy_minus_dice"):
        super().__init__(name=name)
        self.config = config

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        config = self.config
        targets, scores = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        weights = pixel_weights(targets, scores, config)
        return config.bce_weight * cross_entropy(targets, scores, weights) - config.dice_weight * dice(
            targets, scores, weights
        )


class WeightedLosses(keras.losses.Loss):
    """The weighted sum of losses over classes; targets and scores [N, H, W, 1] are taken as two classes.

    `terms` are weights by the names of LOSSES; `class_weights` [C] and `label_smoothing` apply to those
    of CROSS_ENTROPIES.
    """

    def __init__(
        self,
        terms: Mapping[str, float],
        class_weights: np.ndarray | None = None,
        label_smoothing: float = 0.0,
        name: str = "loss_sum",
    ):
        super().__init__(name=name)
        self.terms = terms
        self.options = {"class_weights": class_weights, "label_smoothing": label_smoothing}

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        targets, scores = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        if scores.shape[-1] == 1:
            targets, scores = two_classes(targets), two_classes(scores)
        return sum(
            weight * LOSSES[name](targets, scores, **(self.options if name in CROSS_ENTROPIES else {}))
            for name, weight in self.terms.items()
        )


class _CutoutObjective:
    metrics = (dice_coefficient, iou, accuracy)

    @staticmethod
    def terms(config: LossConfig) -> Mapping[str, float]:
        """Return the weights of a sum of losses; none for the cutout's own loss."""
        return config.loss.weights if config.loss is not None else {}

    @staticmethod
    def check(config: LossConfig) -> None:
        if config.class_weights != "none":
            raise ConfigError(
                "`class_weights`: expected none for a cutout, whose pixels are not counted by class, "
                f"received {config.class_weights}; leave it out"
            )


class _ClassObjective:
    metrics = (class_dice, class_iou, class_accuracy)

    @staticmethod
    def terms(config: LossConfig) -> Mapping[str, float]:
        own = {"ce": config.bce_weight, "dice": config.dice_weight}
        return config.loss.weights if config.loss is not None else own

    @staticmethod
    def check(config: LossConfig) -> None:
        for name in PIXEL_WEIGHTS if config.loss is None else ():
            if weight := getattr(config, name):
                raise ConfigError(
                    f"`{name}`: expected 0 for several classes, received {weight:g}; set it to 0"
                )


class _MatteObjective:
    metrics = (soft_dice, soft_iou, closeness)

    @staticmethod
    def terms(config: LossConfig) -> Mapping[str, float]:
        return config.loss.weights if config.loss is not None else DEFAULT

    @staticmethod
    def check(config: LossConfig) -> None:
        for name in PIXEL_WEIGHTS:
            if weight := getattr(config, name):
                raise ConfigError(
                    f"`{name}`: expected 0 with `target=alpha`, received {weight:g}; set it to 0"
                )


def _objective_of(
    classes: int, target: str
) -> type[_CutoutObjective] | type[_ClassObjective] | type[_MatteObjective]:
    if target == "alpha":
        return _MatteObjective
    return _CutoutObjective if classes == 1 else _ClassObjective


def _class_areas(targets: Tensor, scores: Tensor) -> Tensor:
    """Count each class's pixels that are right, that are true and that are predicted: three [N, C]."""
    found = hard(targets, scores)
    return tuple(ops.sum(values, axis=(1, 2)) for values in (targets * found, targets, found))


def _hard(values: Tensor) -> Tensor:
    return ops.cast(values >= 0.5, "float32")
