"""A photo's alpha on the desk: the predicted one and the operations that were done to it."""

import zlib
from collections.abc import Iterable

import numpy as np

from segmentation.core.boxes import Box
from segmentation.core.labels import HALF
from segmentation.retouch.operations import Operation
from segmentation.retouch.painting import Patch, painted


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
        box, content = before
        earlier = np.frombuffer(zlib.decompress(content), np.uint8)
        self.alpha[box.slices] = earlier.reshape(box.height, box.width)
        return box

    @property
    def changed_px(self) -> int:
        """The number of pixels that went from one side of the mask's edge to the other."""
        return int(np.count_nonzero((self.alpha >= HALF) != (self.base >= HALF)))

    def deep(self, base: np.ndarray) -> np.ndarray:
        """Return the alpha as uint16 by a `base` of 16 bits, whose steps stay where nothing was changed."""
        return np.where(self.alpha == self.base, base, self.alpha.astype(np.uint16) * np.uint16(257))
