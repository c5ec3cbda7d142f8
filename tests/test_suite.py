"""The tests themselves: each is collected, none hides another, and what they share lies in tests/support."""

import ast
import re
from collections import Counter
from fnmatch import fnmatch
from functools import cache

import pytest
from support.places import ROOT
from support.speed import takes_seconds

TESTS = ROOT / "tests"
FILES = sorted(TESTS.rglob("*.py"))
TEST_FILES = [path for path in FILES if path.name.startswith("test_")]

of_every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
of_every_test_file = pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)


@cache
def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def is_test(node):
    """Return whether pytest collects it, by its name, from a file that it reads."""
    if isinstance(node, ast.ClassDef):
        return node.name.startswith("Test")
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test")


def is_fixture(node):
    return any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)


def names_twice(tree):
    """Functions and classes that a later definition of the same name in the same place hides."""
    for scope in ast.walk(tree):
        if isinstance(scope, ast.Module | ast.ClassDef | ast.FunctionDef):
            defined = [node for node in scope.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
            plain = [node.name for node in defined if not is_accessor(node)]
            yield from (name for name, count in Counter(plain).items() if count > 1)


def is_accessor(node):
    """Return whether it is one of the several functions of a property."""
    return any(ast.unparse(decorator).endswith((".setter", ".deleter")) for decorator in node.decorator_list)


def unused_functions(tree):
    """Functions that are no tests, no fixtures and used nowhere: tests that pytest would miss."""
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    names += [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not is_test(node) and not is_fixture(node):
            within = [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]
            if names.count(node.name) == within.count(node.name):
                yield node.name


def out_of_reach(tree):
    """Tests that pytest does not see: those inside functions, and those of classes with a constructor."""
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef):
            yield from (
                node.name for node in scope.body if isinstance(node, ast.FunctionDef) and is_test(node)
            )
        elif isinstance(scope, ast.ClassDef):
            methods = [node for node in scope.body if isinstance(node, ast.FunctionDef)]
            if not is_test(scope) or any(node.name == "__init__" for node in methods):
                yield from (node.name for node in methods if is_test(node))


def imported_modules(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_each_check_finds_what_it_looks_for():
    tree = ast.parse(
        "from test_one import a\nimport conftest\n"
        "def test_b(): pass\n"
        "def helper(): return helper()\n"
        "def used(): pass\n"
        "def test_b(x=used()):\n    def test_c(): pass\n"
        "class Cases:\n    def test_d(self): pass\n"
        "class TestAll:\n    def __init__(self): pass\n    def test_e(self): pass\n"
        "class TestFine:\n    def test_f(self): pass\n    def test_g(self): pass\n"
    )

    assert list(imported_modules(tree)) == ["test_one", "conftest"]
    assert list(names_twice(tree)) == ["test_b"]
    assert list(unused_functions(tree)) == ["helper"]
    assert sorted(out_of_reach(tree)) == ["test_c", "test_d", "test_e"]


@of_every_file
def test_no_file_imports_from_a_test_file(path):
    wrong = [name for name in imported_modules(parse(path)) if name.startswith(("test_", "conftest"))]

    assert wrong == []


@of_every_file
def test_no_definition_hides_another(path):
    assert list(names_twice(parse(path))) == []


def test_every_file_with_a_test_is_collected(pytestconfig):
    patterns = pytestconfig.getini("python_files")
    missed = [
        path.name
        for path in FILES
        if any(is_test(node) for node in parse(path).body)
        and not any(fnmatch(path.name, pattern) for pattern in patterns)
    ]

    assert missed == []
    assert pytestconfig.getini("testpaths") == ["tests"]
    assert {path.parent for path in TEST_FILES} == {TESTS}  # where no two have the same name


@of_every_test_file
def test_every_test_file_has_tests_and_each_is_seen(path):
    tree = parse(path)

    assert any(is_test(node) for node in tree.body)
    assert list(out_of_reach(tree)) == []


@of_every_test_file
def test_every_function_of_a_test_file_is_a_test_or_of_use(path):
    assert list(unused_functions(parse(path))) == []


def test_the_folder_of_the_project_is_found_in_one_place():
    finders = [
        str(path.relative_to(TESTS))
        for path in FILES
        if re.search(r"Path\(__file__\)[.\w()]*\.parents", path.read_text(encoding="utf-8"))
    ]

    assert finders == ["support/places.py"]


def test_a_test_that_computes_with_a_network_or_runs_a_command_is_known(tmp_path):
    file = tmp_path / "test_example.py"
    file.write_text(
        "import pytest\n"
        "from support.program import SMALL, run\n"
        "from support.drawing import draw_pair\n"
        "@pytest.fixture\ndef home(): return run('train', *SMALL)\n"
        "@pytest.fixture\ndef set_up(home): pass\n"
        "def help_of(word): return run(word, '--help')\n"
        "def network():\n    import keras\n    return keras.Input\n"
        "def test_a_fixture(set_up): pass\n"
        "@pytest.mark.usefixtures('set_up')\ndef test_a_mark(): pass\n"
        "def test_a_function(): assert help_of('train')\n"
        "def test_an_import(): network()\n"
        "def test_of_conftest(class_bundle): pass\n"
        "def test_options(): assert SMALL\n"
        "def test_pixels(): draw_pair(0)\n"
        "def test_words(): assert 'run'\n"
    )
    names = [node.name for node in parse(file).body if is_test(node)]

    assert [name for name in names if takes_seconds(file, name)] == names[:5]
