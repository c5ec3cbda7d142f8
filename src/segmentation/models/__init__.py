"""Network architectures, their registry and their cost."""
