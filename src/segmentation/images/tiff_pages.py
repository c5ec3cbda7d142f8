"""The page of a TIFF that is the photo, among previews, masks and other photos."""

from contextlib import suppress
from typing import Any

_PREVIEW, _MASK = 1, 4  # bits of NewSubfileType
_OLD_PREVIEW = 2  # SubfileType
_MOST_PAGES = 1000
_MUCH_SMALLER = 2  # times: the sides of a preview that no tag calls one
_SAME_SHAPE = 0.02


def page_of_photo(tiff: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the page of an open file that is the photo, and notes.

    It is the first page that is not marked as preview or mask, but a later one of the same shape where that
    is several times as large. Raises ValueError for a file without a page.
    """
    pages = _pages(tiff)
    whole = [page for page in pages if not _is_smaller(page)] or [*pages]
    first = whole[0]
    larger = [page for page in whole[1:] if _is_preview_of(first, page)]
    page = max(larger, key=lambda page: page.imagelength, default=first)
    others = [other for other in whole if other is not page and not _is_preview_of(other, page)]
    if page is first and others:
        return page, (f"first of {len(others) + 1} frames",)
    if page is first and page is pages[0]:
        return page, ()
    if others:
        return page, (f"one of {len(others) + 1} frames, without their previews",)
    return page, ("the largest of its pages, the others are previews",)


def _pages(tiff: Any) -> list[Any]:
    """Return the pages of a file that hold anything, each once, those below another page after it."""
    found: dict[int, Any] = {}  # by their places: pages that follow each other in a circle have no end
    with suppress(Exception):  # a damaged page behind the first may raise anything
        for number in range(_MOST_PAGES):
            page = tiff.pages[number]
            if page.offset in found:
                break
            found[page.offset] = page
            if _is_smaller(page) and page.subifds:  # as camera makers keep a photo below its preview
                for below in page.pages:
                    found.setdefault(below.offset, below)
    pages = [page for page in found.values() if page.imagelength > 0 and page.imagewidth > 0]
    if not pages:
        raise ValueError("its header is damaged, cut off or of an unknown kind")
    return pages


def _is_smaller(page: Any) -> bool:
    """Return whether its tags call a page a preview or a mask."""
    marked = page.tags.valueof(254, 0) & (_PREVIEW | _MASK)
    return bool(marked or page.tags.valueof(255, 0) == _OLD_PREVIEW)


def _is_preview_of(small: Any, large: Any) -> bool:
    """Return whether a page is a much smaller picture of the same shape as another."""
    down, across = large.imagelength / small.imagelength, large.imagewidth / small.imagewidth
    return min(down, across) >= _MUCH_SMALLER and abs(down / across - 1) <= _SAME_SHAPE
