"""The examples of the pages, run as a reader would: those of a page one after the other, in one folder."""

import re

import pytest
from PIL import Image
from support.drawing import draw_pair, draw_set
from support.places import ROOT

PAGES = ("README.md", "docs/reference/api.md", "docs/how-to/use-from-python.md")
NOT_RUN = "<!-- not run -->"
"""Stands in the line before a block that is for reading alone."""

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(text):
    """Yield the Python blocks of a page: the lines above the code, the code, and whether it is to be run."""
    for block in _BLOCK.finditer(text):
        above = text[: block.start()].rstrip().rpartition("\n")[2]
        yield text[: block.start(1)].count("\n"), block[1], above != NOT_RUN


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a photo, a folder of photos and one of pairs."""
    (tmp_path / "photos" / "more").mkdir(parents=True)
    for number, name in enumerate(["shirt.jpg", "photos/a.jpg", "photos/more/b.jpg"]):
        Image.fromarray(draw_pair(number, 240, 160)[0]).save(tmp_path / name)
    draw_set(tmp_path / "pairs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_blocks_are_found_with_their_lines_and_left_out_where_the_page_says_so():
    page = f"text\n\n```python\na = 1\n```\n\n```\nmake\n```\n\n{NOT_RUN}\n\n```python\nb = 2\nc = 3\n```\n"

    assert list(examples(page)) == [(3, "a = 1\n", True), (13, "b = 2\nc = 3\n", False)]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run(page):
    session = {}
    blocks = list(examples((ROOT / page).read_text(encoding="utf-8")))
    for line, code, is_run in blocks:
        if is_run:
            exec(compile("\n" * line + code, page, "exec"), session)

    assert any(is_run for *_, is_run in blocks)
