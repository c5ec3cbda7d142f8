"""The page that explains the service, made from its OpenAPI description; it loads nothing from elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segmentation.reports.html import page


def api_page(description: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI description."""
    calls = [
        {"path": path, "method": method.upper(), **call}
        for path, methods in description["paths"].items()
        for method, call in methods.items()
    ]
    return page("api.html.j2", Path(__file__).parent / "templates", info=description["info"], calls=calls)
