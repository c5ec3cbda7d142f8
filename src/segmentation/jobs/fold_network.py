"""The network that a job trains several times, on parts of the pairs."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from segmentation.config.jobs.fold_network import ARCHITECTURE, FILTERS, FoldNetworkOptions
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.images.files import image_size
from segmentation.jobs.recipes import WHOLE_PHOTOS

_PIXELS = 192 * 288  # of the network's input
_STEP = 32  # pixels, by multiples of which inputs grow


def network_settings(options: FoldNetworkOptions, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return what is chosen of its training, for the photos of these samples; the rest is the start's."""
    network: dict[str, Any] = {}
    if not options.model:
        network = {"architecture": ARCHITECTURE, "filters": FILTERS, "input_size": _usual_size(samples)}
    if options.architecture:
        network |= {"architecture": options.architecture, "filters": 0}  # those of the architecture
    typed = {name: getattr(options, name) for name in ("filters", "input_size")}
    network |= {name: value for name, value in typed.items() if value is not None}
    return {**WHOLE_PHOTOS, **network, "batch_size": options.batch_size}


def _usual_size(samples: Sequence[Sample]) -> Size:
    """Return about as many pixels as 192x288 has, in the median proportions of the photos."""
    proportion = median(height / width for height, width in (image_size(sample.photo) for sample in samples))
    return Size.near(_PIXELS, proportion, _STEP)
