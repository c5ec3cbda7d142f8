"""From folders to batches: discover, split, preprocess, augment; and a studio that draws itself."""
