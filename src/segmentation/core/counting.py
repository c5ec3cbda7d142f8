"""Numbers of things in words."""


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number of things: 1 photo, 2 photos."""
    return f"{count} {one if count == 1 else many or one + 's'}"
