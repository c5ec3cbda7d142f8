"""The page that explains the service, made from its OpenAPI description; it loads nothing from elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def api_page(description: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI description."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    calls = [
        {"path": path, "method": method.upper(), **call}
        for path, methods in description["paths"].items()
        for method, call in methods.items()
    ]
    return environment.get_template("api.html.j2").render(info=description["info"], calls=calls)
