"""The command `synth`."""

from segmentation.cli.display import Display
from segmentation.config.jobs.synth import SynthOptions
from segmentation.core.counting import counted
from segmentation.jobs.context import Context
from segmentation.jobs.synth import synth


def run(options: SynthOptions, context: Context) -> int:
    """Draw the set and print where it is."""
    with Display() as display:
        photos = synth(options, display.shown(context))
    print(f"{counted(len(photos), 'photo')} of {counted(options.count, 'garment')} in {options.output}")
    return 0
