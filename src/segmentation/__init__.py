"""Garment cutouts: train a segmentation network on (photo, cutout) pairs and produce cutouts with it."""
