"""The installed package: what is in the wheel, and what works without the extras."""

import ast
import os
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.drawing import draw_pair, draw_set
from support.places import ROOT
from support.waiting import PATIENCE_S

import segmentation
from segmentation.config.jobs import JOBS

ABSENT = (
    "tensorflow",
    "keras",
    "albumentations",
    "onnx",
    "onnxruntime",
    "tf2onnx",
    "pillow_heif",
    "pymatting",
    "skimage",
    "fastapi",
    "pydantic",
    "uvicorn",
    "starlette",
    "prometheus_client",
    "ray",
)
"""The packages that the extras bring."""

BLOCKER = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
from segmentation.cli.main import run
sys.argv[0] = "garment-cutout"
run()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, by the tool that pip would build it with."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A working folder with `photos` and `pairs`, and no models."""
    home = tmp_path_factory.mktemp("home")
    (home / "photos").mkdir()
    for number in range(2):
        Image.fromarray(draw_pair(number, 240, 160)[0]).save(home / "photos" / f"{number}.jpg")
    draw_set(home / "pairs", height=240, width=160)
    return home


def without_extras(home, *arguments, status=0):
    """Run a command in a process that cannot import what the extras bring."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKER, *map(str, arguments)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == status, f"{arguments}: {done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.slow
def test_the_wheel_holds_what_the_program_reads(wheel):
    names = {*wheel.namelist()}
    source = ROOT / "src"
    read = {
        str(path.relative_to(source))
        for path in (source / "segmentation").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    bundled = {name for name in names if name.startswith("segmentation/bundled/")}

    assert {Path(name).suffix for name in read} >= {".py", ".j2", ".css", ".json", ".typed"}
    assert read <= names
    assert {name.partition("/")[0] for name in names - bundled - read} == {
        f"garment_cutout-{segmentation.__version__}.dist-info"
    }


@pytest.mark.slow
def test_the_wheel_holds_the_model_whole(wheel, tmp_path):
    wheel.extractall(tmp_path)
    bundled = tmp_path / "segmentation" / "bundled" / "default"
    program = "import segmentation; m = segmentation.load_model(); print(m.name, segmentation.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["default", str(tmp_path / "segmentation" / "__init__.py")]
    for file in bundled.rglob("*"):
        if file.is_file():
            own = ROOT / "models" / "default" / file.relative_to(bundled)
            assert file.read_bytes() == own.read_bytes()


@pytest.mark.slow
def test_the_wheel_says_who_made_it_and_what_it_needs(wheel):
    about = f"garment_cutout-{segmentation.__version__}.dist-info"
    metadata = message_from_bytes(wheel.read(f"{about}/METADATA"))
    needed = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]

    assert metadata["Version"] == segmentation.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert wheel.read(f"{about}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert "garment-cutout = segmentation.cli.main:run" in wheel.read(f"{about}/entry_points.txt").decode()
    assert not [line for line in needed if line.startswith((*ABSENT, "pytest", "tensorboard"))]


def test_the_version_stands_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert "version" not in project
    assert project["dynamic"] == ["version"]


def test_what_the_base_imports_is_a_dependency():
    """Every module that is imported, but for the extras, is named in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    distributions = {"cv2": "opencv-python-headless", "PIL": "pillow", "sklearn": "scikit-learn"}
    extras = {*ABSENT, "h5py", "ai_edge_litert", "jax"}
    declared = {line.partition(">")[0].partition("=")[0] for line in project["dependencies"]}
    found = {
        name.partition(".")[0]
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    }
    third_party = found - sys.stdlib_module_names - extras - {"segmentation"}

    assert {distributions.get(name, name.replace("_", "-")) for name in third_party} <= declared


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_requirements_are_pinned_and_name_no_registry():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()

    assert lines[0].startswith("# Every package at a known version")
    assert all("==" in line for line in lines[1:])
    assert not [line for line in lines if "://" in line or "--" in line]


@pytest.mark.parametrize("command", JOBS)
def test_help_needs_no_extra(home, command):
    assert "usage: garment-cutout" in without_extras(home, command, "--help").stdout


def test_photos_are_cut_out_without_any_extra(home):
    without_extras(home, "predict", "--input", "photos", "--save")
    done = without_extras(home, "predict", "--input", "photos/0.jpg", "--model", "default")

    assert "0.jpg" in done.stdout
    with Image.open(home / "results" / "default" / "predict" / "masks" / "0.png") as mask:
        assert np.asarray(mask).shape == (240, 160)


def test_pairs_are_read_and_models_evaluated_without_any_extra(home):
    assert "6" in without_extras(home, "data", "--data", "pairs").stdout
    without_extras(home, "eval", "--model", "default", "--data", "pairs", "--split", "all")

    assert (home / "results" / "default" / "eval" / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        (("train", "--data", "pairs", "--name", "shirts"), "keras", "train"),
        (("predict", "--input", "photos", "--engine", "keras"), "keras", "train"),
        (("export", "--format", "onnx", "--output", "model.onnx"), "keras", "export"),
        (("predict", "--input", "photos", "--save", "--refine", "closed-form"), "pymatting", "matting"),
        (
            (
                "predict",
                "--input",
                "photos",
                "--save",
                "--matte",
                "guided-filter",
                "--matte-band",
                "superpixels",
            ),
            "scikit-image",
            "matting",
        ),
        (("review", "results"), "fastapi", "review"),
        (("predict", "--input", "photos", "--save", "--review"), "fastapi", "review"),
    ],
)
def test_what_needs_an_extra_says_which_in_one_line(home, arguments, package, extra):
    said = without_extras(home, *arguments, status=2).stderr

    assert said.count("\n") == 1
    assert f"{package} is needed and not installed; `pip install 'garment-cutout[{extra}]'` adds it" in said


def test_a_photo_of_a_phone_names_the_extra_that_reads_it(home):
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
    photo = home / "phone.heic"
    pillow_heif.from_pillow(Image.fromarray(draw_pair(0, 240, 160)[0])).save(photo)
    said = without_extras(home, "predict", "--input", photo, status=2).stderr

    assert "phone.heic: is a HEIC picture; pillow-heif is needed and not installed" in said
    assert "`pip install 'garment-cutout[heic]'` adds it, or export it as JPEG" in said
