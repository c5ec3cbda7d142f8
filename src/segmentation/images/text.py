"""Small text in pictures: font, colours and line breaks."""

from functools import cache
from pathlib import Path

from PIL import ImageFont

LINE_HEIGHT_PX = 15
TEXT_GAP_PX = 5
PAPER = (250, 250, 250)
INK = (60, 60, 60)

_FONT_SIZE_PX = 11


@cache
def load_font() -> ImageFont.FreeTypeFont:
    """Load the font of all pictures."""
    import matplotlib  # brings a font that knows more than ASCII, unlike Pillow's own

    return ImageFont.truetype(
        str(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")), _FONT_SIZE_PX
    )


def wrap(text: str, font: ImageFont.FreeTypeFont, width_px: int) -> list[str]:
    """Break text into at most two lines that fit; a longer one loses its middle, since its end is telling."""
    if font.getlength(text) <= width_px:
        return [text]
    end = next(end for end in range(len(text), 0, -1) if end == 1 or font.getlength(text[:end]) <= width_px)
    after_separator = 1 + max(text.rfind(separator, 0, end) for separator in "/_- ")
    if after_separator > end // 2 and font.getlength(text[after_separator:]) <= width_px:
        end = after_separator
    first, rest = text[:end], text[end:]
    if font.getlength(rest) <= width_px:
        return [first, rest]
    while rest and font.getlength("…" + rest) > width_px:
        rest = rest[1:]
    return [first, "…" + rest]
