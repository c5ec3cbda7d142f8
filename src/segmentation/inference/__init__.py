"""Inference: from a model bundle to a score function, and from a photo to a prediction."""
