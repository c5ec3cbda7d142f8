"""The kinds of files that may be written of a photo; without imports, for the command line."""

FILES = {  # the folder and the suffix of each kind
    "mask": ("masks", ".png"),
    "cutout": ("cutouts", ".png"),
    "cutout-psd": ("cutouts", ".psd"),
    "cutout-tiff": ("cutouts", ".tif"),
    "cutout-webp": ("cutouts", ".webp"),
    "overlay": ("overlays", ".jpg"),
    "trimap": ("trimaps", ".png"),
}
FORMATS = {"png": "cutout", "psd": "cutout-psd", "tiff": "cutout-tiff", "webp": "cutout-webp"}
"""The kinds of cutouts, by what the command line calls them."""
