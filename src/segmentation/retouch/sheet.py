"""A photo's alpha on the desk: the predicted one and the operations that were done to it."""

import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from segmentation.core.boxes import Box
from segmentation.core.labels import HALF
from segmentation.retouch.operations import Operation
from segmentation.retouch.painting import Patch, painted


class Step(NamedTuple):
    """The part of a photo that an operation changed, and the alpha there before and after: uint8 [h, w]."""

    box: Box
    before: np.ndarray
    after: np.ndarray


class Sheet:
    """The alpha of a photo, uint8 [H, W]: `base` as it was predicted, `alpha` as it is now.

    `photo`, uint8 RGB [H, W, 3], is what edges are fitted to. What each operation replaced is kept,
    compressed, so that undoing one takes no longer than doing it.
    """

    def __init__(
        self,
        base: np.ndarray,
        operations: Iterable[Operation] = (),
        photo: np.ndarray | None = None,
        *,
        binary: bool = False,
    ):
        self.base = base
        self.alpha = base.copy()
        self.photo = photo
        self._binary = binary
        self._before: list[tuple[Box, bytes] | None] = []
        for operation in operations:
            self.do(operation)

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return 2 * self.base.nbytes + sum(len(before[1]) for before in self._before if before)

    def preview(self, operation: Operation) -> Patch | None:
        """Return what an operation would make of the alpha."""
        return painted(operation, self.alpha, self.photo, binary=self._binary)

    def do(self, operation: Operation) -> Box | None:
        """Do an operation; return where the alpha may have changed."""
        return self.put(self.preview(operation))

    def put(self, patch: Patch | None) -> Box | None:
        """Do the operation that a `preview` was of."""
        if patch is None:
            self._before.append(None)
            return None
        part = self.alpha[patch.box.slices]
        self._before.append((patch.box, zlib.compress(part.tobytes(), 1)))
        part[...] = patch.alpha
        return patch.box

    def undo(self) -> Box | None:
        """Undo the last operation; return where the alpha may have changed."""
        before = self._before.pop()
        if before is None:
            return None
        box, earlier = _unpacked(*before)
        self.alpha[box.slices] = earlier
        return box

    def steps_back(self) -> Iterator[Step | None]:
        """Yield what each operation changed, the last one first; None for one that changed nothing."""
        alpha = self.alpha.copy()
        for kept in reversed(self._before):
            if kept is None:
                yield None
                continue
            box, before = _unpacked(*kept)
            part = alpha[box.slices]
            yield Step(box, before, part)
            part[...] = before

    @property
    def changed_px(self) -> int:
        """The number of pixels that went from one side of the mask's edge to the other."""
        return int(np.count_nonzero((self.alpha >= HALF) != (self.base >= HALF)))

    def deep(self, base: np.ndarray) -> np.ndarray:
        """Return the alpha as uint16 by a `base` of 16 bits, whose steps stay where nothing was changed."""
        return np.where(self.alpha == self.base, base, self.alpha.astype(np.uint16) * np.uint16(257))


def _unpacked(box: Box, content: bytes) -> tuple[Box, np.ndarray]:
    return box, np.frombuffer(zlib.decompress(content), np.uint8).reshape(box.height, box.width)
