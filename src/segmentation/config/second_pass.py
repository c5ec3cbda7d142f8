"""The options of a second pass."""

from dataclasses import dataclass

from segmentation.config.options import option


@dataclass(frozen=True)
class SecondPassConfig:
    """The input of a second pass; `look` is none for a single pass."""

    look: str = option(
        "none",
        "what a second pass sees: crop, the region of the first mask, enlarged; mask, the photo blanked "
        "outside of that mask, dilated; crop when `second_pass` is given",
        choices=("none", "crop", "mask"),
        common=False,
    )
    margin_px: float = option(
        50.0,
        "how far beyond the first mask a second pass sees, in pixels of a photo 1728 pixels high",
        maximum=1728,
        common=False,
    )
    guide: str = option(
        "held-out",
        "what shows a second pass the garment in training: held-out, first-pass scores of models that were "
        "not trained on the photo, which are one more channel of its input; truth, the ground truth, which "
        "leaks the outline (as in the capstone)",
        choices=("held-out", "truth"),
        common=False,
    )

    @property
    def guided(self) -> bool:
        """Return whether the network sees the first-pass scores as one more channel."""
        return self.look != "none" and self.guide == "held-out"
