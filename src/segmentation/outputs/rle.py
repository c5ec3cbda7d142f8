"""Run-length encoded masks; how they are written and read is one thing, and stands with the data."""

from segmentation.data.rle import Order, decode, encode

__all__ = ["Order", "decode", "encode"]
