"""The job `synth`: garments that are drawn, with their cutouts."""

from pathlib import Path

from segmentation.config.jobs.synth import SynthOptions
from segmentation.core.errors import ConfigError
from segmentation.core.events import counting
from segmentation.core.lock import locked
from segmentation.jobs.context import Context
from segmentation.synth import write_groups, write_studio


def synth(options: SynthOptions, context: Context) -> list[Path]:
    """Draw a set of pairs and return its photos.

    Raises what `write_studio` raises, DataError when another process writes into the folder, and ConfigError
    for `views` of several mannequins.
    """
    if options.mannequins > 1 and "views" in options.given:
        raise ConfigError(
            f"`views`: expected without `mannequins={options.mannequins}`, each of which is seen from any "
            "side; leave one of them out"
        )
    with locked(options.output):
        if options.mannequins > 1:
            return write_groups(
                options.output,
                options.count,
                options.mannequins,
                options.size.width,
                options.size.height,
                options.seed,
                options.workers,
                counting(context.tell, "drawing"),
            )
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
