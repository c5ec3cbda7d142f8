"""The page of a review: what it is served, and by what it is kept to the person at this machine.

`asgi` and `listening` are those of every server, so that the service has them too.
"""
