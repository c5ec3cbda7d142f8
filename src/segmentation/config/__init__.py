"""Options as typed dataclasses, and the presets of a training."""
