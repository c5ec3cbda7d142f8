"""The basis of every other room: errors, types, files, signals, timing and tables."""
