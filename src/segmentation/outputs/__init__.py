"""The files that are written for a folder of photos: masks, cutouts, label maps, pairs, submissions."""
