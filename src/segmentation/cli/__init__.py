"""The command line: a command parses its options, runs one job and shows its events and its result."""
