"""Preprocessing, from a photo to the network's input, in one pass or two."""
