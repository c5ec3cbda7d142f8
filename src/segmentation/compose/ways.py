"""The ways to compose a photo, by their names."""

from segmentation.compose.bare import BARE
from segmentation.compose.cut import CUT_FROM_DRESS
from segmentation.compose.dressed import DRESSED
from segmentation.compose.layered import LAYERED
from segmentation.compose.placed import PLACED
from segmentation.compose.sources import Way
from segmentation.compose.turned import TURNED

WAYS: dict[str, Way] = {
    "bare": BARE,
    "dressed": DRESSED,
    "cut": CUT_FROM_DRESS,
    "turned": TURNED,
    "placed": PLACED,
    "layered": LAYERED,
}
