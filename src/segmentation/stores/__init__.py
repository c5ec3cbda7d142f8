"""Object stores: their addresses, what lies there, and calls that are tried again."""
