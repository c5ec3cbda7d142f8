"""The job `synth`: garments that are drawn, with their cutouts."""

from pathlib import Path

from segmentation.config.jobs.synth import SynthOptions
from segmentation.core.events import counting
from segmentation.core.lock import locked
from segmentation.jobs.context import Context
from segmentation.synth import write_studio


def synth(options: SynthOptions, context: Context) -> list[Path]:
    """Draw a set of pairs and return its photos.

    Raises what `write_studio` raises, and DataError when another process writes into the folder.
    """
    with locked(options.output):
        return write_studio(
            options.output,
            options.count,
            options.size.width,
            options.size.height,
            options.seed,
            options.workers,
            counting(context.tell, "drawing"),
            options.views,
        )
