"""Measures of masks and of label maps, threshold search and confidence intervals."""
