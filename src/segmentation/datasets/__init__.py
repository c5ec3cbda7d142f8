"""Data sets, from folders to samples: layouts, matching, ground truth, classes and splits."""
