"""Garment cutouts: train a segmentation network on (photo, cutout) pairs and produce cutouts with it."""

__version__ = "0.2.0"
