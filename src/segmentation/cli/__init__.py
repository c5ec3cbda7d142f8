"""The command line: a command parses its options, runs one job, and shows what it tells."""
