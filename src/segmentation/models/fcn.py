"""FCN: scores of several strides, added from the coarsest to the finest."""

import keras
from keras import layers

from segmentation.core.size import InputShape
from segmentation.models.blocks import conv_norm_relu, scores, upsample
from segmentation.models.encoder import encode

FINEST = 3  # level of the finest scores: 8 pixels of the photo, so FCN-8s


def fcn(
    input_shape: InputShape,
    *,
    backbone: str,
    classes: int = 1,
    filters: int,
    levels: int,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.Model:
    """Build FCN-8s on a backbone: [N, H, W, C] normalised photo -> [N, H, W, classes] scores in [0, 1].

    The coarsest features, of stride 2 ** levels, are scored behind a convolution of `filters`. Their scores
    are enlarged bilinearly and added to those of the next finer features, down to stride 8. With 5 `levels`
    those of strides 16 and 8 are added, as in Long, Shelhamer and Darrell 2015; with 3 nothing is. Height
    and width must be multiples of 2 ** levels. The paper's VGG16 had 4096 filters in `fc6` and `fc7`; a
    residual network ends in features of its own, and one convolution of fewer stands for both. The weights
    are random: see `pretrained.load_backbone`.
    """
    inputs = keras.Input(input_shape)
    features = encode(inputs, backbone, levels=levels, momentum=momentum)
    tensor = conv_norm_relu(features[2**levels], filters, name="fc6", norm=norm, momentum=momentum)
    logits = layers.Conv2D(classes, 1, name="score_fr")(tensor)
    for level in range(levels - 1, FINEST - 1, -1):
        skip = layers.Conv2D(classes, 1, name=f"score_pool{level}")(features[2**level])
        logits = layers.Add(name=f"fuse_pool{level}")([upsample(logits, 2), skip])  # [H / 2 ** level, ...]
    return keras.Model(inputs, scores(upsample(logits, 2**FINEST, name="upscore8")))
