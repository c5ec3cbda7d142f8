"""Image files and image processing: reading, writing, Photoshop documents, edges, overlays."""
