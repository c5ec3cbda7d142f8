"""This project's folder, and its own presets of a training beside those of the library.

A preset is a name and options of `train` by their names, as in `segmentation.config.presets`:
`PRESETS = {"shoes": {"architecture": "unet-512", "epochs": 40}}` adds `train --preset shoes`.
"""

from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent
"""The folder that holds data, models, logs and results."""

PRESETS: dict[str, dict[str, Any]] = {}
