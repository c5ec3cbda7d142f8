"""Colours of cloth, with how often each is worn."""

COLOURS = {
    "black": (0.07, 0.07, 0.08), "charcoal": (0.22, 0.22, 0.24), "navy": (0.10, 0.13, 0.30),
    "royal": (0.12, 0.18, 0.62), "sky": (0.45, 0.63, 0.86), "teal": (0.10, 0.42, 0.45), "mint": (0.62, 0.84, 0.76),
    "olive": (0.36, 0.34, 0.18), "green": (0.15, 0.45, 0.25), "yellow": (0.95, 0.84, 0.32),
    "mustard": (0.78, 0.58, 0.16), "orange": (0.93, 0.45, 0.20), "coral": (0.96, 0.55, 0.45),
    "red": (0.80, 0.12, 0.12), "burgundy": (0.42, 0.06, 0.11), "pink": (0.95, 0.66, 0.70),
    "fuchsia": (0.80, 0.18, 0.48), "plum": (0.32, 0.12, 0.30), "lilac": (0.72, 0.64, 0.84),
    "white": (0.94, 0.94, 0.93), "ivory": (0.94, 0.91, 0.84), "grey": (0.58, 0.58, 0.60),
    "silver": (0.76, 0.77, 0.79), "beige": (0.84, 0.73, 0.60), "camel": (0.70, 0.52, 0.34),
    "brown": (0.36, 0.22, 0.14), "rust": (0.64, 0.28, 0.13),
}  # fmt: skip
COMMON = {"black": 5.0, "white": 2.2, "navy": 2.0, "ivory": 1.6, "red": 1.6}
COLOUR_WEIGHTS = {name: COMMON.get(name, 1.0) for name in COLOURS}
