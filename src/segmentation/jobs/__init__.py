"""The jobs of the program: each takes typed options, tells events and returns a typed result."""
