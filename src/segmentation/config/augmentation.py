"""The options of random changes of training pairs."""

from dataclasses import dataclass

from segmentation.config.options import option


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of a training pair; the defaults are the gentle `studio` preset."""

    flip: float = option(0.5, "probability of a horizontal flip", maximum=1, common=False)
    shift: float = option(0.03, "largest shift, as a fraction of the picture", maximum=0.5, common=False)
    scale: float = option(0.08, "largest relative change of scale", maximum=0.9, common=False)
    rotation: float = option(2.0, "largest rotation in degrees", maximum=180, common=False)
    hue: float = option(6.0, "largest shift of the hue, in units of 2 degrees", maximum=180, common=False)
    saturation: float = option(
        20.0, "largest shift of the saturation, on a scale of 255", maximum=255, common=False
    )
    value: float = option(15.0, "largest shift of the value, on a scale of 255", maximum=255, common=False)
    brightness: float = option(0.1, "largest relative change of brightness", maximum=1, common=False)
    contrast_jitter: float = option(0.1, "largest relative change of contrast", maximum=1, common=False)
    recolour: float = option(
        0.0,
        "probability of recolouring the garment, a band of it, or everything else",
        maximum=1,
        common=False,
    )
    one_channel: float = option(
        0.0,
        "probability of showing a photo as the grey picture of one of its channels, for a network that is to "
        "score them one by one (`predict channels=each`)",
        maximum=1,
        common=False,
    )
    strokes: float = option(
        0.0,
        "probability of strokes, drawn as a person would where first-pass scores are wrong: a second pass "
        "sees them in a channel of their own, so that it follows the smart strokes of a review; 0 for a "
        "network without that channel",
        maximum=1,
        common=False,
    )


AUGMENTATIONS: dict[str, AugmentConfig] = {
    "none": AugmentConfig(
        flip=0, shift=0, scale=0, rotation=0, hue=0, saturation=0, value=0, brightness=0, contrast_jitter=0
    ),
    "studio": AugmentConfig(),
    # the augmentation of the Carvana solution, which has neither rotation nor brightness and contrast
    "carvana": AugmentConfig(
        shift=0.0625, scale=0.1, rotation=0, hue=50, saturation=5, value=15, brightness=0, contrast_jitter=0
    ),
}
