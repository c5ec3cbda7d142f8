"""The benchmarks, which nothing runs here, name only what the library has."""

import ast
import importlib
import importlib.util
import runpy

import pytest
from support.places import ROOT

BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))


def imported_by(file):
    """Every (module, name) of the library that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("segmentation"):
            yield from ((node.module, alias.name) for alias in node.names)


def is_there(module, name):
    return hasattr(importlib.import_module(module), name) or importlib.util.find_spec(f"{module}.{name}")


def class_at(path):
    module, _, kind = path.rpartition(".")
    return getattr(importlib.import_module(module), kind)


@pytest.mark.parametrize("file", BENCHMARKS, ids=lambda file: file.stem)
def test_a_benchmark_imports_what_there_is(file):
    assert [name for name in imported_by(file) if not is_there(*name)] == []


def test_the_stages_of_a_photo_are_functions_of_the_library(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    functions = runpy.run_path(str(ROOT / "benchmarks" / "stages.py"))["FUNCTIONS"]
    for place in (place for places in functions.values() for place in places):
        path, _, name = f"segmentation.{place}".rpartition(".")
        method = path.rpartition(".")[2][:1].isupper()
        owner = class_at(path) if method else importlib.import_module(path)
        assert callable(getattr(owner, name, None)), place
