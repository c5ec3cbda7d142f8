"""Write the pages that are made of something else: `make docs` runs it.

docs/reference/commands.md has all commands and options; docs/explanation/study has a page of the site for
each page of results/study.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from segmentation.cli.reference import commands_page

FIRST = "README.md"
INCLUDE = """\
```{{include}} ../../../results/study/{name}
:relative-images:
```
"""
TREE = """
```{toctree}
:hidden:
:glob:

*
```
"""

if __name__ == "__main__":
    (ROOT / "docs" / "reference" / "commands.md").write_text(commands_page(), encoding="utf-8")
    for page in (ROOT / "results" / "study").glob("*.md"):
        text = INCLUDE.format(name=page.name) + (TREE if page.name == FIRST else "")
        (ROOT / "docs" / "explanation" / "study" / page.name).write_text(text, encoding="utf-8")
