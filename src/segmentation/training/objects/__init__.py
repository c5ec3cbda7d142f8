"""Training to find objects: the targets, the losses, and the figure that epochs are judged by."""
