"""Synthetic studio photos: photos of clothed mannequins with exact cutouts, from nothing but a seed."""

from segmentation.synth.drawn_set import drawn_empty_rooms, drawn_set
from segmentation.synth.folder import GENERATOR_VERSION, write_groups, write_studio
from segmentation.synth.studio import VIEWS, draw_photo

__all__ = [
    "GENERATOR_VERSION",
    "VIEWS",
    "draw_photo",
    "drawn_empty_rooms",
    "drawn_set",
    "write_groups",
    "write_studio",
]
