"""The plan of the house: imports go upward only, and heavy libraries stay where they belong."""

import ast
from functools import cache

import pytest
from support.places import ROOT
from support.rooms import ORDER

SOURCE = ROOT / "src" / "segmentation"

MODULES = sorted(SOURCE.rglob("*.py"))
PROGRAM = [*MODULES, ROOT / "main.py"]


def part_of(path):
    """The room of a file; the package's own names are those of `api`."""
    if not path.is_relative_to(SOURCE):
        return path.stem
    return room_of(path.relative_to(SOURCE).with_suffix("").parts[0])


def room_of(name):
    return name if (SOURCE / name).is_dir() else "api"


@cache  # every library asks for those of every file
def imports(path):
    """Every module that a file imports, wherever in it, as (dotted name, line)."""
    return tuple(_imports(path))


def _imports(path):
    package = ["segmentation", *path.relative_to(SOURCE).parent.parts] if path.is_relative_to(SOURCE) else []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # the names may be modules themselves: `from segmentation.models import registry`
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def importers(library, paths=PROGRAM):
    """Files that import a library, relative to the package or the project."""
    found = {path for path in paths for name, _ in imports(path) if f"{name}.".startswith(f"{library}.")}
    return {str(path.relative_to(SOURCE if path.is_relative_to(SOURCE) else ROOT)) for path in found}


def test_the_reader_of_imports_sees_every_form(tmp_path):
    file = tmp_path / "example.py"
    file.write_text("import a.b\ndef f():\n    from c import d\n    if f:\n        import e as g\n")

    assert imports(file) == (("a.b", 1), ("c.d", 3), ("e", 5))
    assert importers("segmentation.core.errors")
    assert len(MODULES) > 30


@pytest.mark.parametrize("path", PROGRAM, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_upward_only(path):
    own = part_of(path)
    wrong = []
    for name, line in imports(path):
        first, _, rest = name.partition(".")
        part = first if first in ("main", "config") else None
        if first == "segmentation":
            part = room_of(rest.split(".")[0])
        if part is None or part == own:
            continue
        if own not in ORDER or ORDER.index(part) > ORDER.index(own):
            wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")

    assert wrong == []


def test_every_part_has_its_place_in_the_order():
    assert {part_of(path) for path in MODULES} == {*ORDER} - {"main"}


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("albumentations", {"training/augment.py"}),
        (
            "PIL",
            {
                "config/files.py",  # the names of colours
                "images/any_photo.py",
                "images/class_overlay.py",
                "images/colour.py",
                "images/exif.py",
                "images/files.py",
                "images/headers.py",
                "images/opening.py",
                "images/pillow.py",
                "images/pillow_file.py",
                "images/pnm.py",
                "images/opened.py",
                "images/text.py",
                "images/tiff_write.py",
                "reports/contact_sheet.py",
                "reports/study_pictures.py",
            },
        ),
        ("psd_tools", {"images/psd_write.py", "images/psd_read.py"}),
        ("tifffile", {"images/tiff.py", "images/tiff_write.py"}),
        ("simplejpeg", {"images/jpeg.py"}),
        ("scipy.io", {"datasets/matlab.py"}),
        ("pymatting", {"images/refinement.py"}),  # optional
        # to run the two formats that are its own, and for its fused batch normalisation
        ("tensorflow", {"inference/formats.py", "models/batch_norm.py"}),
        (
            "openvino",
            {
                "core/imports.py",
                "inference/engines/openvino_core.py",
                "inference/formats.py",
            },  # types, but for one
        ),
        (
            "fastapi",  # optional
            {
                "web/learning.py",
                "web/routes.py",
                "service/application.py",
                "service/cutout_service.py",
                "service/uploads.py",
            },
        ),
        (
            "uvicorn",  # optional
            {"web/serve.py", "service/draining.py", "service/protocol.py", "service/serve.py"},
        ),
        ("prometheus_client", {"service/metrics.py"}),  # optional
        ("keras.src", set()),
        ("torch", set()),
        ("jax", {"training/distribution.py"}),  # optional
        ("pickle", {"models/torch_file.py"}),  # restricted to the names of a state dict
    ],
)
def test_a_library_is_imported_in_its_home_only(library, homes):
    assert importers(library) == homes


def test_matplotlib_draws_in_few_files():
    # pictures with text borrow its font, and are drawn with Pillow
    assert importers("matplotlib") == {"reports/plots.py", "reports/class_plots.py", "images/text.py"}
    assert importers("matplotlib.pyplot") == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_images_are_opened_and_written_in_one_place(path):
    calls = {
        node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)
    } & {"imread", "imwrite", "imdecode"}

    assert calls == ({"imdecode"} if path.name == "png_colour.py" else set())


@pytest.mark.parametrize("library", ["keras", "cv2", "numpy", "rich", "matplotlib", "sklearn"])
def test_help_needs_no_heavy_import(library):
    of_commands = sorted((SOURCE / "config" / "jobs").glob("*.py"))
    # what the help of a command needs besides, which is imported for it alone
    later = [SOURCE / path for path in ("cli/parser.py", "jobs/recipes.py", "models/architectures.py")]
    starts = [ROOT / "main.py", *later, SOURCE / "config" / "experiment_file.py", *of_commands]

    assert all(imported_by(str(path.relative_to(ROOT)), library) for path in starts)
    assert len(imported_by("src/segmentation/cli/parser.py", library)) > 8


@pytest.mark.parametrize("room", ["segmentation.web", "segmentation.retouch", "segmentation.jobs.cluster"])
def test_a_first_cutout_waits_for_no_page_and_no_cluster(room):
    assert len(imported_by("src/segmentation/cli/predict.py", room)) > 100


def imported_by(start, unwanted):
    """The project's files that one needs, at module level; fails where one of them imports the unwanted."""
    seen, waiting = set(), [start]
    while waiting:
        path = ROOT / waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in top_level(path):
            assert not f"{name}.".startswith(f"{unwanted}."), f"{path.relative_to(ROOT)} imports {name}"
            waiting += [str(found.relative_to(ROOT)) for found in project_files(name)]
    return seen


def top_level(path):
    """Modules that a file imports when it is imported itself."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def project_files(name):
    """The files that importing a dotted name runs."""
    parts = name.split(".")
    if parts[0] != "segmentation":
        return []
    places = [SOURCE.joinpath(*parts[1 : 1 + depth]) for depth in range(len(parts))]
    candidates = [option for place in places for option in (place / "__init__.py", place.with_suffix(".py"))]
    return [candidate for candidate in candidates if candidate.is_file()]


def test_the_command_line_works_without_the_interface_for_programs():
    assert importers("segmentation.api") == {"__init__.py", "api/model.py", "api/jobs.py"}
