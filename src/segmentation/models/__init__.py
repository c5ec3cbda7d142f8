"""Network architectures, their registry, pretrained weights and cost."""
