"""The documents say what the program does: README.md, the pages of docs, and those beside models and data."""

import inspect
import json
import re
import shlex
import tomllib
from dataclasses import fields
from itertools import takewhile

import pytest
import yaml
from support.places import ROOT
from support.rooms import ORDER

from segmentation.api.cutout import Cutout
from segmentation.api.model import load_model
from segmentation.cli.main import build_parser
from segmentation.cli.parser import read_command
from segmentation.cli.reference import commands_page, tables_of
from segmentation.cli.wording import flag
from segmentation.config.augmentation import AUGMENTATIONS
from segmentation.config.experiment_file import read_experiment, shipped_experiments
from segmentation.config.jobs import JOBS
from segmentation.config.options import options_of
from segmentation.config.presets import PRESETS, preset_names
from segmentation.config.run import RunConfig
from segmentation.config.study import read_questions
from segmentation.config.toml_file import read_options
from segmentation.jobs.recipes import RECIPES
from segmentation.models.registry import ARCHITECTURES

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
DOCUMENTS = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("*/README.md")]
DOCUMENTS += [*(ROOT / "models" / "default").glob("*.md"), *(ROOT / "results" / "study").glob("*.md")]
DOCUMENTS += [ROOT / "benchmarks" / "NOTES.md"]
GENERAL = {"--help", "--help-all", "--home", "--config", "--set"}

of_every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def read(path):
    return path.read_text(encoding="utf-8")


def blocks(text, language):
    """The contents of fenced blocks of a language ("" for those that name none)."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands_in_blocks():
    """Return what follows the program's name in every command of a fenced block."""
    for document in DOCUMENTS:
        for language in ("", "sh", "bash", "console", "text"):
            for block in blocks(read(document), language):
                for line in block.replace("\\\n", " ").splitlines():
                    match = re.match(r"(?:\$ )?(?:python main\.py|garment-cutout) (.+)", line)
                    if match:
                        words = shlex.split(match[1], comments=True)
                        yield shlex.join(takewhile(lambda word: word not in ("|", "<", ">"), words))


def commands_in_prose():
    """Every command that a sentence names, and its flags."""
    for document in DOCUMENTS:
        prose = re.sub(r"^```.*?^```$", "", read(document), flags=re.MULTILINE | re.DOTALL)
        for code in re.findall(r"`([^`]+)`", prose):
            words = code.removeprefix("python main.py ").removeprefix("garment-cutout ").split()
            if words[0] in JOBS or words != code.split():
                yield words[0], tuple(word for word in words if word.startswith("--"))


@pytest.fixture(scope="module")
def parser():
    return build_parser()


def test_the_commands_of_the_container_can_be_typed(parser):
    (started,) = re.findall(r"^CMD (\[.+\])$", read(ROOT / "Containerfile"), re.MULTILINE)
    services = yaml.safe_load(read(ROOT / "compose.yaml"))["services"]
    commands = [json.loads(started), *(service["command"] for service in services.values())]

    assert [command[0] for command in commands] == ["serve", "serve", "watch"]
    for command in commands:
        typed = parser.parse_args(command)
        assert read_command(JOBS[typed.command], typed)


@pytest.fixture(scope="module")
def page():
    return commands_page()


@pytest.mark.parametrize("command", sorted(set(commands_in_blocks())))
def test_every_command_can_be_typed(parser, command):
    words = shlex.split(command)
    if words[0] == "COMMAND":
        return
    typed = parser.parse_args(words)
    typed.config = []  # a file that the reader has

    assert read_command(JOBS[typed.command], typed)


@pytest.mark.parametrize(("command", "flags"), sorted(set(commands_in_prose())))
def test_every_command_that_a_sentence_names_exists_with_its_flags(command, flags):
    if command == "COMMAND":
        assert {*flags} <= GENERAL
        return
    names = {found.name for found in options_of(JOBS[command])}
    names |= {f"no_{name}" for name in names}

    assert {*flags} <= GENERAL | {*map(flag, names)}


def test_commands_are_found_in_the_documents():
    assert len(set(commands_in_blocks())) > 25
    assert {command.split()[0] for command in commands_in_blocks()} >= {*JOBS}


def test_the_page_of_commands_is_the_one_that_the_options_make(page):
    assert read(REFERENCE / "commands.md") == page, "`make docs` makes it anew"


@pytest.mark.parametrize("command", JOBS)
def test_the_page_of_commands_has_every_option_once_and_the_common_ones_first(page, command):
    section = page.split(f"\n## {command}\n")[1].split("\n## ")[0]
    options = options_of(JOBS[command])
    first, *rest = section.split(f"\n### More options of {command}\n")
    for found in options:
        if not found.about.positional:
            assert section.count(f"Key: `{found.key}`.") == 1
            assert (f"Key: `{found.key}`." in first) == found.about.common
            assert len(re.findall(rf"^- `{flag(found.name)}[ ,`]", section, re.MULTILINE)) == 1
        for choice in found.choices:
            assert f"`{choice}`" in section
    assert len(rest) == any(not found.about.common for found in options)


@pytest.mark.parametrize("command", JOBS)
def test_the_tables_of_a_file_are_the_defaults_and_are_read_as_such(command, tmp_path):
    file = tmp_path / "options.toml"
    file.write_text(tables_of(JOBS[command]))
    values = read_options(file, JOBS[command])

    for found in options_of(JOBS[command]):
        if found.name in values:
            assert values[found.name] == found.default
        else:
            assert f"# {found.name} = " in tables_of(JOBS[command])


def test_every_configuration_file_of_the_documents_can_be_read(tmp_path):
    found = [block for document in DOCUMENTS for block in blocks(read(document), "toml")]
    for block in found:
        if "[tool." not in block:
            assert tomllib.loads(block)
            (tmp_path / "config.toml").write_text(block)
            if "[ways" in block:
                assert read_questions((str(tmp_path / "config.toml"),), quick=True)
            elif "[factors" in block:
                assert read_experiment(str(tmp_path / "config.toml")).variants
            else:
                read_options(tmp_path / "config.toml", JOBS["train"])

    assert len(found) >= 2


def test_the_table_of_architectures_is_that_of_the_program():
    rows = re.findall(
        r"^\| `([\w-]+)` \| (\d+) \| (\d+) \| (\d+x\d+) \|",
        read(REFERENCE / "architectures.md"),
        re.MULTILINE,
    )

    assert rows == [
        (name, str(row.filters), str(row.levels), str(row.size)) for name, row in ARCHITECTURES.items()
    ]


def test_the_page_of_presets_has_every_preset_augmentation_and_recipe():
    page = read(REFERENCE / "presets.md")
    tables = [
        re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)
        for table in re.split(r"^\| `(?:--preset|--augmentation|recipe)` \|.*$", page, flags=re.MULTILINE)[1:]
    ]

    assert tables == [[*preset_names()], [*AUGMENTATIONS], [*RECIPES]]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_readme_tells_of_every_preset(preset):
    assert f"`{preset}`" in read(ROOT / "README.md")


def test_the_readme_is_a_front_door():
    assert len(read(ROOT / "README.md").splitlines()) <= 150


def anchors(document):
    """The addresses of a page's headings, as GitHub and the site make them."""
    included = re.findall(r"^```\{include\} (.+)$", read(document), re.MULTILINE)
    texts = [read(document), *(read(document.parent / path) for path in included)]
    headings = [heading for text in texts for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@of_every_document
def test_documents_link_only_to_what_exists(document):
    missing = []
    for link in re.findall(r"\]\(((?!https?:|mailto:)[^)\s]+)\)", read(document)):
        place, _, anchor = link.partition("#")
        target = (document.parent / place) if place else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(link)

    assert missing == []


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_a_page_of_the_site_links_to_no_page_outside_of_it(page):
    links = re.findall(r"\]\(((?!https?:|mailto:)[^)#\s]+\.md)", read(page))

    assert [link for link in links if not (page.parent / link).resolve().is_relative_to(DOCS)] == []


@of_every_document
def test_documents_name_only_targets_that_make_has(document):
    targets = {*re.findall(r"^([a-z][a-z-]*):", read(ROOT / "Makefile"), re.MULTILINE)}
    named = re.findall(r"(?:`|^)make ([a-z][a-z-]*)", read(document), re.MULTILINE)

    assert {*named} <= targets


@pytest.mark.parametrize("folder", ["how-to", "explanation", "reference"])
def test_every_page_is_linked_from_the_first_and_stands_in_the_tree_of_the_site(folder):
    first = read(DOCS / "index.md")
    pages = {f"{folder}/{page.stem}" for page in (DOCS / folder).glob("*.md")}

    assert pages
    assert set(re.findall(rf"\(({folder}/[\w-]+)\.md\)", first)) == pages
    assert set(re.findall(rf"^(?:.+ <)?({folder}/[\w-]+)>?$", first, re.MULTILINE)) == pages


def test_every_page_of_the_study_is_a_page_of_the_site():
    pages = {page.name: page for page in (DOCS / "explanation" / "study").glob("*.md")}
    found = {page.name for page in (ROOT / "results" / "study").glob("*.md")}

    assert {*pages} == found, "`make docs` makes them"
    for name, page in pages.items():
        assert f"```{{include}} ../../../results/study/{name}\n" in read(page)
    assert "(explanation/study/README.md)" in read(DOCS / "index.md")


@of_every_document
def test_documents_name_only_recipes_and_experiments_that_there_are(document):
    named = re.findall(r"`(?:python main\.py )?(recipe|experiment) ([a-z][\w-]*)[` ]", read(document))

    assert {name for kind, name in named if kind == "recipe"} <= {*RECIPES}
    assert {name for kind, name in named if kind == "experiment"} <= {*shipped_experiments()}


def rows_of(text, heading):
    """The names in the first column of the first table below a heading."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    first_cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return [name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)]


def test_the_page_of_the_library_has_every_keyword_and_every_attribute():
    page = read(REFERENCE / "api.md")
    keywords = [*inspect.signature(load_model).parameters]
    attributes = [one.name for one in fields(Cutout) if not one.name.startswith("_")]

    assert {"model", "home", *rows_of(page, "load_model")} == {*keywords}
    assert {*rows_of(page, "Cutout")} == {*attributes, "rgba"}


def test_the_guide_of_contributors_names_files_and_what_is_in_them():
    """Such as `FORMATS` of `images/formats.py`, and every path by itself."""
    guide = read(DOCS / "contributing-guide.md")
    package = ROOT / "src" / "segmentation"
    paths = {path for path in re.findall(r"`([\w/.]+\.(?:py|md))`", guide) if "NAME" not in path}
    named = re.findall(r"`([A-Z_]{3,})` of\s+`([\w/]+\.py)`", guide)

    assert {path for path in paths if not ((ROOT / path).is_file() or (package / path).is_file())} == set()
    assert len(named) >= 3
    for name, path in named:
        assert re.search(rf"^{name}\b", read(package / path), re.MULTILINE), f"{name} in {path}"


def test_the_page_of_installing_has_every_extra():
    extras = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    install = read(ROOT / "README.md").split("\n## Install\n")[1].split("\n## ")[0]

    assert {*re.findall(r'`pip install "\.\[(\w+)\]"`', read(DOCS / "getting-started.md"))} == {*extras}
    assert {name for name in extras if not re.search(rf"\b{name}\b", install)} == set()


def test_the_page_of_formats_names_every_section_of_a_configuration():
    page = read(REFERENCE / "file-formats.md")
    (row,) = re.findall(r"^\| `config` \| (.+) \|$", page, re.MULTILINE)

    assert re.findall(r"`(\w+)`", row) == [section.name for section in fields(RunConfig)]


def test_every_user_command_is_in_the_changelog():
    changes = read(ROOT / "CHANGELOG.md")

    assert [name for name in JOBS if f"`{name}`" not in changes] == []


def test_the_drawing_of_the_rooms_is_true():
    page = read(DOCS / "explanation" / "architecture.md")
    (drawing,) = (block for block in blocks(page, "text") if block.startswith(f"{ORDER[0]}:"))
    rooms = re.findall(r"^(\w+):", drawing, re.MULTILINE)
    folders = [path.parent.name for path in (ROOT / "src" / "segmentation").glob("*/__init__.py")]

    assert rooms == [room for room in ORDER if room not in ("__init__", "main")]
    assert sorted(rooms) == sorted(folders)
