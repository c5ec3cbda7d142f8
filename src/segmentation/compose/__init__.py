"""Composed photos: new pairs of photo and cutout, made of real ones and exact to the edge."""

from segmentation.compose.folder import GENERATOR_VERSION, write_composed
from segmentation.compose.pictures import usable_background, usable_foreground
from segmentation.compose.ways import WAYS

__all__ = ["GENERATOR_VERSION", "WAYS", "usable_background", "usable_foreground", "write_composed"]
