"""Strokes that the network of a review follows, on the photos of its desk."""

from typing import TYPE_CHECKING

from segmentation.core.errors import DataError
from segmentation.retouch.hints import settled_in
from segmentation.retouch.network import Network
from segmentation.retouch.operations import Stroke
from segmentation.retouch.photos import CutPhoto

if TYPE_CHECKING:
    from segmentation.retouch.desk import Change, Desk


class Hinting:
    """The hints on the photos of a desk, given to a `network`, where there is one."""

    def __init__(self, desk: "Desk", network: Network | None):
        self._desk = desk
        self._given = network

    def check(self) -> None:
        """Raise SegmentationError where there is none."""
        self._network.check()

    def prepare(self, photo: CutPhoto) -> None:
        """Have the network ready for hints on a photo. Raises SegmentationError where there is none."""
        network = self._network
        with self._desk.ready(photo) as loaded:
            pixels = loaded.sheet.photo
        assert pixels is not None  # with which every sheet on a desk is made
        network.prepare(photo, pixels)

    def hint(self, photo: CutPhoto, revision: int, stroke: Stroke, name: str = "") -> "Change":
        """Tell the network of a stroke, and have the mask follow; see `Desk.edit`.

        Others need not wait while the network is at work. Raises like `prepare` as well.
        """
        network = self._network
        with self._desk.at(photo, revision, name) as (state, loaded):
            sheet = loaded.sheet
            pixels, alpha, settled = sheet.photo, sheet.alpha.copy(), settled_in(sheet, state.done)
        assert pixels is not None
        hint = network.hint(photo, pixels, stroke, alpha, settled)
        if hint is None:
            with self._desk.at(photo, revision, name) as (_state, loaded):
                return self._desk.change(photo, loaded.sheet, None)
        return self._desk.edit(photo, revision, hint, name)

    @property
    def _network(self) -> Network:
        if self._given is None:
            raise DataError("expected a review with a network, received one without; start review again")
        return self._given
