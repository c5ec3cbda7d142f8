"""The configuration of a training, as a file that `train` reads."""

import shutil
import subprocess
import sys

import pytest
from support.places import MAIN, ROOT
from support.program import make

from segmentation.bundle.bundle import load_bundle
from segmentation.config.jobs.export import ExportOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.toml_file import read_options
from segmentation.core.errors import ConfigError
from segmentation.core.workspace import Workspace
from segmentation.jobs.context import Context
from segmentation.jobs.export import export

DEFAULT = ROOT / "models" / "default"


def exported(home, model="model"):
    """The file that the job writes of a model."""
    return export(ExportOptions.of(model=model, format="config"), Context(Workspace(home))).path


@pytest.fixture
def home(tmp_path):
    """A working folder with a copy of the model that comes with the program."""
    shutil.copytree(DEFAULT, tmp_path / "models" / "model")
    return tmp_path


def test_an_earlier_bundles_file_holds_its_configuration_and_where_it_came_from(home):
    (home / "models" / "model" / "config.toml").unlink(missing_ok=True)
    path = exported(home)
    options = TrainOptions.of(**read_options(path, TrainOptions))

    assert path == home / "results" / "model" / "export" / "model.toml"
    assert options.run == load_bundle(DEFAULT).config
    assert options.data == (home / "../shared/data/studio",)
    assert options.model == "default-second"
    assert options.second_pass == ("default-first", "default-fold1", "default-fold2", "default-fold3")
    assert options.given.isdisjoint({"name", "resume", "overwrite"})


def test_the_file_of_a_bundle_that_holds_one_is_that_one(home):
    text = 'data = ["pairs"]\n\n[run.training]\nepochs = 3\n'
    (home / "models" / "model" / "config.toml").write_text(text)

    assert exported(home).read_text() == text


@pytest.mark.parametrize("content", [b"\xff", b"[", b"epochs = -1", b"colour_of_the_sky = 3"])
def test_a_file_that_is_no_configuration_is_refused(home, content):
    (home / "models" / "model" / "config.toml").write_bytes(content)

    with pytest.raises(ConfigError, match=r"config\.toml"):
        exported(home)
    assert not (home / "results").exists()


def test_the_command_writes_it_where_it_is_told_to(home, tmp_path, capsys):
    make("export", "--home", home, "--model", "model", "--format", "config", "--output", tmp_path / "x.toml")

    assert str(tmp_path / "x.toml") in capsys.readouterr().out
    assert (
        read_options(tmp_path / "x.toml", TrainOptions)["epochs"]
        == load_bundle(DEFAULT).config.training.epochs
    )


def test_it_needs_neither_keras_nor_openvino(home):
    script = (
        "import runpy, sys\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'keras', 'tensorflow', 'openvino'} & set(sys.modules), 'a heavy import'"
    )
    words = [str(MAIN), "export", "--home", str(home), "--model", "model", "--format", "config"]
    start = f"import sys; sys.argv = {words}; sys.path.insert(0, {str(ROOT)!r})\n"
    done = subprocess.run([sys.executable, "-c", start + script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
