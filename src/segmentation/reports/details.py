"""Details of photos, shown pixel for pixel."""

DETAIL_PX = 200
"""The width and the height of a detail."""


def detail_about(centre: int, length: int) -> slice:
    """Return the rows, or the columns, of a detail about one of them in a photo with so many."""
    start = max(0, min(centre - DETAIL_PX // 2, length - DETAIL_PX))
    return slice(start, min(start + DETAIL_PX, length))
