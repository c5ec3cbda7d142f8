"""The documents say what the program does."""

import re
import shlex

import pytest
from support.places import ROOT

from main import build_parser
from segmentation.config.presets import PRESETS
from segmentation.models.registry import ARCHITECTURES

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md")]


def _commands() -> list[str]:
    found = re.findall(r"python main\.py (\w[^\n`]*)", README)
    return sorted({line.split("  ")[0].split(" #")[0].strip() for line in found})


@pytest.mark.parametrize("command", _commands())
def test_every_command_in_the_readme_can_be_typed(command):
    options = build_parser().parse_args(shlex.split(command))
    assert callable(options.run)


def test_the_readme_lists_every_architecture_as_it_is():
    rows = re.findall(r"^\| `([\w-]+)` \| (\d+) \| (\d+) \| (\d+x\d+) \|", README, re.MULTILINE)
    assert rows == [
        (name, str(row.filters), str(row.levels), str(row.size)) for name, row in ARCHITECTURES.items()
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_readme_tells_of_every_preset(preset):
    assert f"`{preset}`" in README


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_link_only_to_files_that_exist(document):
    links = re.findall(r"\]\(((?!https?:)[^)#]+)\)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


def test_every_user_command_is_in_the_changelog():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    from segmentation.cli import COMMANDS

    assert [name for name in COMMANDS if f"`{name}`" not in changes] == []
