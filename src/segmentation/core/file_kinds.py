"""What may be written of a photo; without imports, for the command line."""

FILES = {  # the folder and the suffix of each kind
    "mask": ("masks", ".png"),
    "cutout": ("cutouts", ".png"),
    "cutout-psd": ("cutouts", ".psd"),
    "cutout-tiff": ("cutouts", ".tif"),
    "cutout-webp": ("cutouts", ".webp"),
    "overlay": ("overlays", ".jpg"),
    "trimap": ("trimaps", ".png"),
    "review": ("review", ".jpg"),
    "labels": ("labels", ".png"),
}
FORMATS = {"png": "cutout", "psd": "cutout-psd", "tiff": "cutout-tiff", "webp": "cutout-webp"}
"""The kinds of cutouts, by what the command line calls them."""

BITS = (8, 16)
"""Of a channel of the files, by what the command line calls them; WebP, JPEG and trimaps have 8."""

REFINEMENTS = ("none", "guided-filter", "closed-form")
"""How an edge may be drawn anew after the photo, by what the command line calls it."""
