"""The configuration of Sphinx: `make docs`, or `sphinx-build -W -b html docs OUTPUT`.

Nothing is fetched, neither while building nor while reading.
"""

import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGE = _ROOT / "src" / "segmentation" / "__init__.py"

project = "Garment cutout"
author = "the garment-cutout authors"
project_copyright = author
_version = re.search(r'^__version__ = "(.+)"$', _PACKAGE.read_text(encoding="utf-8"), re.MULTILINE)
version = release = _version[1] if _version else ""

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3  # so that links such as page.md#a-heading work, as they do on GitHub
myst_links_external_new_tab = False

highlight_language = "text"  # of blocks that name no other

html_theme = "furo"
html_title = f"{project} {version}".strip()
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None  # the same sources, the same pages
