"""What is written of a folder of photos: masks, cutouts, label maps, pairs, submissions."""
