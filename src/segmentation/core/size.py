"""A picture size in pixels."""

import re
from dataclasses import dataclass
from typing import ClassVar

REFERENCE_HEIGHT_PX = 1728
"""The height of a photo for which sizes are given; in photos of other heights they are in proportion."""


@dataclass(frozen=True)
class Size:
    """A picture size in pixels; written as WIDTHxHEIGHT wherever a person reads or types it."""

    metavar: ClassVar[str] = "WxH"

    height: int
    width: int

    @classmethod
    def parse(cls, text: str) -> "Size":
        """Read "256x384" (width x height). Raises ValueError for anything else."""
        match = re.fullmatch(r"([1-9]\d{0,4})[xX]([1-9]\d{0,4})", text.strip())
        if not match:
            raise ValueError(f"expected WIDTHxHEIGHT such as 256x384, received {text!r}")
        return cls(height=int(match[2]), width=int(match[1]))

    @classmethod
    def near(cls, area: int, proportion: float, step: int) -> "Size":
        """Return the size of about so many pixels whose sides are multiples of `step`.

        Its height is about `proportion` times its width.
        """
        sides = (area * proportion) ** 0.5, (area / proportion) ** 0.5
        return cls(*(max(step, step * round(side / step)) for side in sides))

    @property
    def area(self) -> int:
        """The number of pixels."""
        return self.height * self.width

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


InputShape = tuple[int | None, int | None, int]
"""Height, width and channels of what a network sees; None for any."""
