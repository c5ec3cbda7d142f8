"""Score functions made of score functions: test-time augmentation, cleaning, two passes."""
