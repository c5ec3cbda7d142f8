"""The ways to compose a photo, by their names."""

from segmentation.compose.bare import BARE
from segmentation.compose.placed import PLACED
from segmentation.compose.sources import Way
from segmentation.compose.turned import TURNED

WAYS: dict[str, Way] = {
    "bare": BARE,
    "turned": TURNED,
    "placed": PLACED,
}
