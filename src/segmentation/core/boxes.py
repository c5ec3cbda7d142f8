"""Boxes in a picture."""

from typing import NamedTuple, Self


class Box(NamedTuple):
    """A part of a picture, in pixels; `right` and `bottom` are the first column and row outside of it."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def between(cls, top: int, left: int, bottom: int, right: int) -> Self:
        """Return the box from two of its corners."""
        return cls(left, top, right - left, bottom - top)

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and its columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def joined(self, other: "Box") -> "Box":
        """Return the smallest box that holds both."""
        top, left = min(self.top, other.top), min(self.left, other.left)
        return Box.between(top, left, max(self.bottom, other.bottom), max(self.right, other.right))

    def shared_px(self, other: "Box") -> int:
        """Return the pixels that both have."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, across) * max(0, down)
