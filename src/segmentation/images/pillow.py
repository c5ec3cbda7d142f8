"""The program's setup of Pillow: it limits pixels itself, and reports itself what is odd in a file."""

import logging
import warnings

from PIL import Image

_MODULES = r"PIL\."


def prepare_pillow() -> None:
    """Lift Pillow's own limit of pixels and silence its warnings and tifffile's, for the whole process.

    Call it before an image is opened, from any thread, as often as you like: importing this package changes
    nothing. The limit here is the caller's `max_pixels`, and a photo below it is no attack. What a decoder
    finds odd in a file tells a user nothing; what matters becomes a note or an ImageError. Both hold for the
    process, since undoing them in one thread, as `warnings.catch_warnings` would, undoes them in all.
    """
    Image.MAX_IMAGE_PIXELS = None
    if not any(getattr(module, "pattern", None) == _MODULES for *_, module, _ in warnings.filters):
        warnings.filterwarnings("ignore", module=_MODULES)
    for name in ("PIL", "tifffile"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
