"""The page of a review: what it is served, and by what it is kept to the person at this machine."""
