"""How a network learns to find objects: its targets, its losses, and the figure that epochs are judged by."""
