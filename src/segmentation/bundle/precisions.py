"""The quality of a model in float32 and in bfloat16, and whether the faster of the two is good enough."""

from dataclasses import dataclass

from segmentation.core.counting import counted

LARGEST_LOSS = {"dice": 0.0003, "boundary_f1": 0.002, "clean": 1}
"""The most that bfloat16 may lose against float32 over the held-out photos: in means, and in clean photos."""

SAME_MASK_DICE = 0.9995
"""The agreement of masks by which models are judged that do not have these figures."""

_ROUNDING = 1e-9  # 0.9903 - 0.99 is a little more than 0.0003
_IN_WORDS = {"dice": "mean Dice", "boundary_f1": "boundary F1", "clean": "clean photos"}


@dataclass(frozen=True)
class Exactness:
    """The figures of a model on photos with their ground truth, at full size and with all passes.

    `dice` is the mean Dice and `boundary_f1` the mean F1 of contours within 2 px, both in [0, 1]; `clean` is
    the number of photos without a fault. For several classes these are the means over those of a photo, and a
    photo is clean where no region is of the wrong class.
    """

    dice: float
    boundary_f1: float
    clean: int

    def shown(self, name: str) -> str:
        """Return a figure as people read it."""
        value = getattr(self, name)
        return str(value) if name == "clean" else f"{value:.4f}"


@dataclass(frozen=True)
class Precisions:
    """The figures of a model in float32 and in bfloat16 on the same held-out `photos`."""

    photos: int
    f32: Exactness
    bf16: Exactness

    @property
    def lost(self) -> tuple[str, ...]:
        """The figures of which bfloat16 loses more than `LARGEST_LOSS`; none where it is good enough."""
        return tuple(
            name
            for name, limit in LARGEST_LOSS.items()
            if getattr(self.f32, name) - getattr(self.bf16, name) > limit + _ROUNDING
        )

    def __str__(self) -> str:
        """Return the verdict and its figures in a phrase."""
        names = self.lost or tuple(LARGEST_LOSS)
        figures = ", ".join(
            f"{_IN_WORDS[name]} {self.bf16.shown(name)} for {self.f32.shown(name)}" for name in names
        )
        judged = f"on {counted(self.photos, 'held-out photo')} ({figures})"
        return f"bfloat16 {'is worse than' if self.lost else 'is as good as'} float32 {judged}"
