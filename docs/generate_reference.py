"""Write docs/reference/commands.md, the page of all commands and options: `make docs` runs it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from segmentation.cli.reference import commands_page

if __name__ == "__main__":
    (ROOT / "docs" / "reference" / "commands.md").write_text(commands_page(), encoding="utf-8")
