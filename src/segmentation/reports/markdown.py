"""Tables in GitHub's Markdown."""

import re
from collections.abc import Collection, Sequence

_SPECIAL = re.compile(r"([\\`*_~\[\]<>|&])")  # signs with a meaning in Markdown or its tables


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def markdown_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], words: Collection[int] = (0,)
) -> str:
    """Return a table of cells in Markdown; the columns of `words`, by their places, stand on the left."""
    rule = ["---" if place in words else "---:" for place in range(len(headings))]
    return "".join(f"| {' | '.join(line)} |\n" for line in (headings, rule, *rows))
