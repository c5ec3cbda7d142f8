"""The parts of a network that transfer learning treats differently: backbone and head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from segmentation.models.backbones import BACKBONES, LEVELS, layer_prefix

if TYPE_CHECKING:
    import keras


def backbone_name(model: keras.Model) -> str | None:
    """Return which of BACKBONES the network was built on, None for none."""
    prefixes = {layer_prefix(name): name for name in BACKBONES}
    found = (
        name for layer in model.layers for prefix, name in prefixes.items() if layer.name.startswith(prefix)
    )
    return next(found, None)


def backbone_layers(model: keras.Model, levels: int = LEVELS) -> list[keras.Layer]:
    """Return the layers with weights behind the backbone's features of stride 2 to 2 ** levels.

    They are in the order of the network; none for 0 levels and without a backbone. A level ends with the
    features that the table BACKBONES names, whatever their stride is after dilation. In a network that was
    built with fewer levels, the last level has all that is left.
    """
    import keras

    backbone = backbone_name(model)
    if backbone is None or not levels:
        return []
    prefix = layer_prefix(backbone)
    end = prefix + BACKBONES[backbone].features[levels - 1]
    if levels < LEVELS and any(layer.name == end for layer in model.layers):
        model = keras.Model(model.input, model.get_layer(end).output)
    return [layer for layer in model.layers if layer.name.startswith(prefix) and layer.weights]


def head_layers(model: keras.Model) -> list[keras.Layer]:
    """Return the layers that score the classes: the last ones with weights before the output.

    An FCN has one for each stride that it scores; a network of objects scores boxes and masks.
    """
    import keras

    from segmentation.models.mask_rcnn.network import MaskRCNN

    if isinstance(model, MaskRCNN):
        return [model.parts.box_head.logits, model.parts.mask_head.logits]
    made_by = {id(layer.output): layer for layer in model.layers}
    tensors, found = [model.output], []
    while tensors:
        layer = made_by[id(tensors.pop())]
        if layer.weights:
            found.append(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            tensors += keras.tree.flatten(layer.input)
    return found


def copy_weights(
    source: keras.Model,
    target: keras.Model,
    channels: Sequence[Mapping[int, float]],
    *,
    head: bool,
) -> None:
    """Give `target` the weights of `source`, which may have other classes and channels.

    Without `head` the `head_layers` of the target keep theirs. `channels` says of each input channel of the
    target which of the source's it stands for, with a factor each; none for a new one, whose weights become
    0. Raises ValueError with the reason, in one line, when the networks differ in more than that.
    """
    kept = set() if head else {id(layer) for layer in head_layers(target)}
    before, after = single_layers(source), single_layers(target)
    if len(before) != len(after):
        raise ValueError(f"expected {len(after)} layers, received {len(before)}")
    seen = source.input_shape[-1]
    for old, new in zip(before, after, strict=True):
        if id(new) in kept:
            continue
        expected = [tuple(weight.shape) for weight in new.weights]
        weights = [
            _of_channels(weight, shape, seen, channels)
            for weight, shape in zip(old.get_weights(), expected, strict=False)
        ]
        received = [weight.shape for weight in weights]
        if expected != received:
            raise ValueError(f"layer {new.name}: expected shapes {expected}, received {received}")
        new.set_weights(weights)


def _of_channels(
    kernel: np.ndarray, shape: tuple[int, ...], seen: int, channels: Sequence[Mapping[int, float]]
) -> np.ndarray:
    """Return the weights of other channels where a kernel [h, w, C, N] is one of the input itself."""
    if kernel.ndim != 4 or kernel.shape == shape or kernel.shape[2] != seen:
        return kernel
    nothing = np.zeros_like(kernel[:, :, 0])
    summed = (
        sum((np.float32(factor) * kernel[:, :, place] for place, factor in sources.items()), nothing)
        for sources in channels
    )
    return np.stack([*summed], axis=2)


def single_layers(model: keras.Model) -> list[keras.Layer]:
    """Return the layers of the network, in place of a layer of layers those that it names."""
    return [single for layer in model.layers for single in getattr(layer, "sublayers", (layer,))]
