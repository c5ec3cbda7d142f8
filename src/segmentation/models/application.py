"""The networks of keras.applications: as encoders, and whole to carry published weights."""

import warnings

import keras

from segmentation.models.backbones import Backbone
from segmentation.models.batch_norm import BatchNormalization
from segmentation.models.dilation import dilate

_SIDE_PX = 512  # of the network that is copied; strides are read from its shapes


def application_features(
    inputs: keras.KerasTensor,
    row: Backbone,
    prefix: str,
    *,
    levels: int = 5,
    momentum: float,
    output_stride: int = 32,
    multi_grid: tuple[int, ...] = (),
) -> dict[int, keras.KerasTensor]:
    """Build the network without its classifier: [N, H, W, C] -> features by stride, 2 to 2 ** levels.

    The features of stride s are [N, H / s, W / s, filters], the output of the layer that `row` names; those
    of strides beyond `output_stride` have that one, by `dilate`, with the `multi_grid` of the row's
    `last_kernels`, one for each. Height and width must be multiples of 2 ** levels, or of `output_stride`
    where that is less. Layers are named `prefix` and their name in
    keras.applications; `momentum` of the batch statistics takes the place of the network's own, which is
    meant for a million photos.

    The ImageNet weights (see `pretrained`) were trained on photos that each network normalises differently:
    MobileNetV3 on -1..1, DenseNet121 on the mean and deviation of ImageNet, ResNet50 on blue, green,
    red less their mean. This program scales by the mean and deviation of its own training photos. That is
    what DenseNet121 was trained on, and ResNet50 once its first kernel is turned and scaled; with
    MobileNetV3, as with EfficientNet-Lite, the batch statistics behind the first convolution take nearly all
    of the difference away as soon as training starts.
    """
    network = application(row, (_SIDE_PX, _SIDE_PX, inputs.shape[-1]))
    grids = dict(zip(row.last_kernels, multi_grid, strict=False))  # no row but those of ResNets has any
    outputs = [network.get_layer(name).output for name in row.features[:levels]]

    def rename(layer: keras.Layer) -> keras.Layer:
        options = dilate(layer, _SIDE_PX, output_stride, grids.get(layer.name, 1))
        options["name"] = prefix + layer.name
        if isinstance(layer, keras.layers.BatchNormalization):
            return BatchNormalization.from_config({**options, "momentum": momentum})
        return layer.__class__.from_config(options)

    # a copy of the part that is needed, for photos of another size than the network's
    encoder = keras.models.clone_model(
        keras.Model(network.input, outputs), input_tensors=inputs, clone_function=rename
    )
    return {2**level: tensor for level, tensor in enumerate(encoder.outputs, start=1)}


def application(row: Backbone, shape: tuple, weights: str | None = None) -> keras.Model:
    """Build the row's network without its classifier for photos of `shape`, [H, W, C].

    Its weights are random, or those that Keras downloads for `weights` `imagenet`, which raises whatever
    a download can raise.
    """
    if row.application is None:
        raise ValueError(f"{row.about}: expected a network of keras.applications")
    build = getattr(keras.applications, row.application)
    with warnings.catch_warnings(action="ignore"):  # about photos of other than 1 or 3 channels
        return build(include_top=False, weights=weights, input_shape=shape, **row.options)
