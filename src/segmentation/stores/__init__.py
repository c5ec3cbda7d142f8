"""Object stores: their addresses, their objects, and calls that are tried again."""
