"""Self-contained pages: templates filled in, with pictures and charts as data URIs."""

import base64
from pathlib import Path

import cv2
import numpy as np

from segmentation.core.counting import counted

_LONGEST_PX = 1400  # a garment of a studio photo stays at one picture pixel a photo pixel
_QUALITY = 80
_TEMPLATES = Path(__file__).parent / "templates"


def page(template: str, folder: Path = _TEMPLATES, /, **values: object) -> str:
    """Return a template of a folder filled in; `values` appear as text, never as markup."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["counted"] = counted
    return environment.get_template(template).render(**values)


def chart(svg: bytes) -> str:
    """Return a chart as a data URI."""
    return _uri("svg+xml", svg)


def encode(image: np.ndarray, longest_px: int = _LONGEST_PX) -> str:
    """Return a picture, uint8 RGB [H, W, 3], as a data URI, made smaller where a side is longer."""
    small, _ = shrink(image, longest_px)
    quality = [cv2.IMWRITE_WEBP_QUALITY, _QUALITY]
    _, content = cv2.imencode(".webp", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)
    return _uri("webp", content.tobytes())


def css(colour: tuple[int, int, int]) -> str:
    """Return an RGB colour as style sheets write it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def shrink(image: np.ndarray, longest_px: int) -> tuple[np.ndarray, float]:
    """Return a picture [H, W, C] whose sides are at most so long, and its scale, at most 1."""
    scale = min(longest_px / max(image.shape[:2]), 1.0)
    if scale == 1:
        return image, scale
    height, width = (max(1, round(length * scale)) for length in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), scale


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
