"""Options of a training against discriminators, which learn to tell predicted masks from true ones."""

from dataclasses import dataclass, fields

from segmentation.config.options import option


@dataclass(frozen=True)
class AdversarialConfig:
    """Two discriminators beside the network; none where `adversarial` is 0."""

    adversarial: float = option(
        0.0,
        "weight in the loss of what two discriminators, one along the edge and one of the whole picture, "
        "still notice of a predicted mask; they see the photo too, and are not kept in the model; 0 for none",
        common=False,
    )
    adversarial_warmup: int = option(
        4,
        "epochs at the beginning in which the discriminators learn, but the network does not follow them",
        common=False,
    )
    adversarial_rate: float = option(
        0.3,
        "share of the learning rate for the discriminators, above 0",
        maximum=10,
        common=False,
    )


ADVERSARIAL_PARTS = tuple(field.name for field in fields(AdversarialConfig))[1:]
"""The names of options that do nothing without `adversarial`."""
