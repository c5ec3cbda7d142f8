"""The lines of trimaps between which the true edge lies with a probability that was asked for."""

from segmentation.confidence.edge_distances import EdgeLines
from segmentation.config.files import FileOptions
from segmentation.core.errors import ConfigError
from segmentation.inference.ensemble import Ensemble


def choose_lines(files: FileOptions, models: Ensemble) -> EdgeLines | None:
    """Return the lines that the options ask for; None where they ask for none.

    Raises ConfigError where no trimap is written, for a model that was not calibrated on true edges, and what
    `EdgeDistances.lines` raises.
    """
    if files.trimap_certainty is None:
        return None
    if not (files.trimap or "psd" in files.format):
        raise ConfigError(
            "`trimap_certainty`: expected with `trimap`, or with `format=psd`, which has one, received "
            "neither; add one of them"
        )
    edges = models.confidence_model.edges if models.confidence_model else None
    if edges is None:
        name = models.members[0].name
        raise ConfigError(
            f"`trimap_certainty`: expected a model that knows how far true edges are from its masks, "
            f"received {name}, which does not; `calibrate model={name} data=DIR name=NAME` makes a copy that "
            "does"
        )
    return edges.lines(files.trimap_certainty)
