"""The place of the project. A benchmark imports this first, so that the library is found uninstalled."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
