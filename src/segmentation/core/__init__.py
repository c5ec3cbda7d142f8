"""What every other room may use: errors, types, files, signals, timing and tables."""
