"""The options of how a network is trained."""

from dataclasses import dataclass

from segmentation.config.options import option
from segmentation.config.values import Memory, parse_batch_size
from segmentation.core.size import Size


@dataclass(frozen=True)
class TrainConfig:
    """The training of the network."""

    epochs: int = option(100, "largest number of passes over the training set", minimum=1)
    batch_size: int | str = option(
        4, "photos in a batch; auto is as many as fit into `memory`", parse=parse_batch_size
    )
    crops: Size | None = option(
        None,
        "train on crops of this size, width x height, of the network's input; whole inputs judge it",
        shown="whole inputs",
        common=False,
    )
    crop_focus: float = option(
        0.75,
        "share of the crops around the garment's outline, or around faults of the first pass; the others lie "
        "anywhere",
        maximum=1,
        common=False,
    )
    memory: Memory = option(
        Memory.parse("12GB"), "memory of the training device, for `batch_size=auto`", common=False
    )
    optimizer: str = option(
        "rmsprop",
        "optimizer",
        choices=("rmsprop", "adam", "adamw", "adadelta", "sgd", "momentum", "nesterov"),
    )
    learning_rate: float = option(3e-4, "learning rate, or its highest value under a schedule")
    l2: float = option(
        0.0,
        "L2 penalty of the kernels: the loss has this share of half their squared sum besides; 0 for none",
        common=False,
    )
    schedule: str = option(
        "fixed",
        "learning rate over time: fixed; plateau (x0.1 after 4 epochs without gain); cosine, to zero; "
        "triangular (a constant start, then cycles of declining height)",
        choices=("fixed", "plateau", "cosine", "triangular"),
    )
    patience: int = option(
        20,
        "stop after this many epochs without a better validation Dice, counted from the end of "
        "`freeze_epochs`; 0 for never",
    )
    precision: str = option(
        "auto",
        "arithmetic of the training; auto is mixed_bfloat16 on a processor with a matrix unit (AMX), else "
        "float32",
        choices=("auto", "float32", "mixed_bfloat16", "mixed_float16"),
        common=False,
    )
    seed: int = option(0, "seed of the split, the weights, the order and the augmentation", maximum=2**32 - 1)
    workers: int = option(2, "threads that prepare batches", minimum=1, common=False)
    freeze: int = option(
        0,
        "how many of the backbone's five levels, starting at the photo, keep their weights and batch "
        "statistics; 0 for none, 5 for the whole backbone",
        maximum=5,
        common=False,
    )
    freeze_epochs: int = option(
        0,
        "unfreeze the levels of `freeze` after this many epochs; 0 for never",
        common=False,
    )
    backbone_rate: float = option(
        1.0,
        "share of the learning rate for the backbone, 0 to 1; at 0 its batch statistics still change, which "
        "`freeze` keeps",
        maximum=1,
        common=False,
    )
    average: float = option(
        0.0,
        "decay, 0 to 1, of an exponential average of the weights, which is what is judged and kept; it looks "
        "back over 1 / (1 - decay) steps, and over a tenth of those done at most; 0 for none",
        maximum=1,
        common=False,
    )
