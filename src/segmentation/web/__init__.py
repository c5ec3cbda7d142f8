"""The page of a review: its server, and the guard that keeps it to the person at this machine."""
