"""A network that learns against discriminators."""
