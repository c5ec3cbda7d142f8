"""The benchmarks, which nothing runs here, name only what the library has."""

import ast
import importlib
import importlib.util
import runpy

import pytest
from support.bundles import write_bundle
from support.drawing import draw_set
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


def test_photos_of_a_models_training_are_left_out_and_counted(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    unseen = runpy.run_path(str(ROOT / "benchmarks" / "unseen.py"))["unseen"]
    folders = [draw_set(tmp_path / name, garments=2) for name in ("one", "two")]
    fronts = {"train": ["000_Front", "001_Front"], "val": []}
    learned = write_bundle(tmp_path / "learned", split=fronts)
    another = write_bundle(tmp_path / "another", split={"train": ["000_Back"], "val": []})

    assert list(unseen([learned], folders)) == ["000_Back", "001_Back", "2/000_Back", "2/001_Back"]
    assert "4 photos new to learned; 4 of its training are left out" in capsys.readouterr().out
    assert list(unseen([learned, another], folders[:1])) == ["001_Back"]

    knows_all = write_bundle(tmp_path / "all", split={"train": [*fronts["train"], "000_Back", "001_Back"]})
    with pytest.raises(
        SystemExit, match="expected photos that are new to all, found 4 photos of its training"
    ):
        unseen([knows_all], folders[:1])
