"""Pictures among the masks that are something else: label maps, trimaps, and masks turned inside out."""

import cv2
import numpy as np

from segmentation.core.labels import HALF

_FEW = 64  # levels that a picture of hard areas may have; a soft edge has more
_LEAST_FLAT = 0.001  # of the photo: smaller areas of one level may be chance
_NEAR = 4  # levels that a careless brush or a lossy file is away from white
_SAVE_AS_MASK = "save the background as 0 and the garment as 255"
_LABELS = (
    'or put the label maps into a folder named labels, beside a labels.json such as {"0": "background", '
    '"1": "garment", "255": "ignore"}, or give `classes=foreground`, to which whatever is not black is '
    "garment, or `train architecture=mask-rcnn`, to which each value is an object"
)

_UNKNOWN = (64, 191)  # levels of a trimap's band, of which half white is usual
_SAME_GREY = 3  # levels by which a lossy file spreads a grey
_OF_ONE_GREY = 0.5  # of what is neither black nor white: soft edges have all greys
_LEAST_BROAD = 0.25  # of a band's pixels lie inside of it; of an edge's hardly one
_MOST_TOUCHING = 0.1  # of the outline of white: in a trimap the band lies between white and black

_TRACE_OF_COLOUR = 32  # levels between the channels of a pixel: JPEG leaves some in grey
_FEW_PIXELS = 0.0005  # of a picture

_NEARLY_WHITE = 192  # a garment below it would be transparent by more than a quarter

_NEARLY_BLACK = 8  # a background above it would be seen through a cutout; a lossy file stays below

_MUCH = 0.6  # of the photo: more than garments cover, and than backgrounds usually do
_FRAME = 0.75  # of the outermost pixels: garments end before them
_WHOLE_FRAME = 0.95  # of the outermost pixels: only a garment that covers most of a photo has them


def doubt(mask: np.ndarray, *, cutout: bool) -> tuple[str, str] | None:
    """Return why a mask, uint8 [H, W], is taken for something else, and what to do; None for a mask.

    The transparency of a `cutout` may have any levels: a veil is half transparent.
    """
    if not cutout:
        if _is_trimap(mask):
            return (
                "is a trimap: a band of grey, where nothing is decided, parts black and white",
                "give the mask itself, whose edge is no broader than the photo's",
            )
        levels = _flat_levels(mask)
        if levels:
            return f"holds the values {levels}, each in areas of its own, as label maps do", (
                f"{_SAVE_AS_MASK} (soft edges are welcome), {_LABELS}"
            )
        if (level := _level_of_garment(mask)) < _NEARLY_WHITE:
            return (
                f"marks the garment with {level} of 255, as if it were half transparent",
                "save the garment as 255, or as a cutout with transparency if one can look through it",
            )
        if (level := _level_of_background(mask)) > _NEARLY_BLACK:
            return f"marks the background with {level} of 255, as if it were garment in part", _SAVE_AS_MASK
    if _is_inverted(mask):
        return (
            f"marks {np.mean(mask >= HALF):.0%} of the photo, up to its frame, as if garment and "
            "background were exchanged",
            "invert the mask, so that the garment is white, or remove the pair",
        )
    return None


def holds_values(mask: np.ndarray) -> bool:
    """Return whether a mask, uint8 [H, W], has areas of several values, or dark ones alone.

    Those of objects and of classes are stored so, and grey values would make garment of the highest alone.
    """
    return 0 < mask.max() < HALF or (not _is_trimap(mask) and bool(_flat_levels(mask)))


def doubt_colours(picture: np.ndarray) -> tuple[str, str] | None:
    """Return why a picture, uint8 RGB [H, W, 3], is no mask, and what to do; None for one in black and white.

    Its grey values would make garment, or half of it, of the light colours alone.
    """
    spread = picture.max(axis=2) - picture.min(axis=2)
    if (spread > _TRACE_OF_COLOUR).mean() <= _FEW_PIXELS:
        return None
    return "is in colour, and which of its colours are garment is unknown", (
        f"{_SAVE_AS_MASK}, or put it into a folder named labels, beside a labels.json that names the "
        'colours, such as {"1": {"name": "garment", "colour": "#ff0000"}}, or give `classes=foreground`, to '
        "which whatever is not black is garment"
    )


def remedy_for_dark(highest: int) -> str:
    """Return what to do with a picture whose `highest` level is below half, and which may be a label map."""
    return f"{_SAVE_AS_MASK}, {_LABELS}" if highest < _FEW else _SAVE_AS_MASK


def _flat_levels(mask: np.ndarray) -> str:
    """Return the levels of a picture of few, in words, if any but black and white have areas of their own."""
    counts = np.bincount(mask.ravel(), minlength=256)
    levels = np.flatnonzero(counts)
    lowest, highest = levels[0], levels[-1]
    between = (mask > lowest) & (mask < highest - _NEAR)
    if not 3 <= len(levels) <= _FEW or not between.any():
        return ""
    kernel = np.ones((3, 3), np.uint8)
    flat = between & (cv2.erode(mask, kernel) == cv2.dilate(mask, kernel))
    if flat.sum() < max(_LEAST_FLAT * mask.size, between.sum() / 2):
        return ""
    shown = [str(level) for level in levels]
    shown = [*shown[:4], "..."] if len(shown) > 6 else shown[:-1]
    return f"{', '.join(shown)} and {highest}"


def _level_of_garment(mask: np.ndarray) -> int:
    """Return the level of more than half of the marked pixels, 255 where there is none."""
    level = _level_of_most(np.bincount(mask.ravel(), minlength=256)[HALF:])
    return 255 if level is None else level + HALF


def _level_of_background(mask: np.ndarray) -> int:
    """Return the level of more than half of the pixels that are not marked, 0 where there is none."""
    return _level_of_most(np.bincount(mask.ravel(), minlength=256)[:HALF]) or 0


def _level_of_most(counts: np.ndarray) -> int | None:
    return int(counts.argmax()) if counts.max() > counts.sum() / 2 else None


def _is_trimap(mask: np.ndarray) -> bool:
    counts = np.bincount(mask.ravel(), minlength=256)
    grey = int(counts[_UNKNOWN[0] : _UNKNOWN[1] + 1].argmax()) + _UNKNOWN[0]
    near = slice(grey - _SAME_GREY, grey + _SAME_GREY + 1)
    between, of_one_grey = counts[8:248].sum(), counts[near].sum()
    if of_one_grey < max(_LEAST_FLAT * mask.size, _OF_ONE_GREY * between):
        return False
    kernel = np.ones((3, 3), np.uint8)
    band = (np.abs(mask.astype(np.int16) - grey) <= _SAME_GREY).astype(np.uint8)
    white, black = mask > 247, mask < 8
    around_white = cv2.dilate(white.astype(np.uint8), kernel).astype(bool) & ~white
    if not black.any() or not around_white.any() or cv2.erode(band, kernel).sum() < _LEAST_BROAD * band.sum():
        return False
    return bool((around_white & black).sum() < _MOST_TOUCHING * around_white.sum())


def _is_inverted(mask: np.ndarray) -> bool:
    """Return whether more is marked at the frame than inside, unlike a garment that fills the photo."""
    marked = mask >= HALF
    frame = np.concatenate([marked[0], marked[-1], marked[1:-1, 0], marked[1:-1, -1]]).mean()
    share = marked.mean()
    return bool(frame > share and frame >= (_FRAME if share > _MUCH else _WHOLE_FRAME))
