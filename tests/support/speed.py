"""The tests that take seconds: those that compute with a network, or run a command of the program.

It is read from their code, so that nobody has to keep a list: those that use, through whatever functions and
fixtures of their file, a name that comes from one of these modules.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_MODULES = (
    "keras",
    "main",
    "tensorflow",
    "segmentation.training.fit",
    "segmentation.inference.engines",
    "segmentation.inference.export",
    "support.browser",
    "support.class_model",
    "support.program",
)
_CHEAP = {
    "LABELS",
    "BAG",
    "DRAWN",
    "SIZE",
    "NETWORK",
    "SMALL",
    "TINY_OPTIONS",
    "PROGRAM",
    "colour_score",
    "draw_classes",
}  # of these modules
_FIXTURES = {"chromium", "class_bundle", "tab"}  # of conftest.py


def takes_seconds(path: Path, test: str) -> bool:
    """Return whether a test, by the name of its function, computes with a network or runs a command."""
    return test in _slow_names(path)


@cache
def _slow_names(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    slow = {*_FIXTURES, *(name for node in ast.walk(tree) for name in _imported(node))}
    uses = {name: {*_names(node)} for node in tree.body for name in _defined(node)}
    while more := {name for name, used in uses.items() if name not in slow and used & slow}:
        slow |= more
    return frozenset(slow)


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def _names(node: ast.stmt) -> Iterator[str]:
    """Every name that a definition uses: variables, and fixtures as parameters or by `usefixtures`."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.arg):
            yield inner.arg
        elif isinstance(inner, ast.Attribute) and inner.attr in ("usefixtures", "getfixturevalue"):
            yield from (text.value for text in ast.walk(node) if isinstance(text, ast.Constant))


def _imported(node: ast.AST) -> Iterator[str]:
    """The names that a statement imports from one of the modules."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if _is_slow(alias.name):
                yield (alias.asname or alias.name).split(".")[0]
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            slow = _is_slow(f"{node.module}.{alias.name}")
            if slow and alias.name not in _CHEAP:
                yield alias.asname or alias.name


def _is_slow(module: str) -> bool:
    return any(f"{module}.".startswith(f"{slow}.") for slow in _MODULES)
