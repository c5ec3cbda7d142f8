"""Mask R-CNN (He et al. 2017): a network that finds objects one by one, each with its own mask."""
