"""A studio that draws itself: photos of clothed mannequins with exact cutouts, from nothing but a seed."""

from segmentation.synth.folder import GENERATOR_VERSION, write_studio
from segmentation.synth.studio import VIEWS, draw_photo

__all__ = ["GENERATOR_VERSION", "VIEWS", "draw_photo", "write_studio"]
