"""ImageMagick, which reads what the program writes with none of its code."""

import shutil
import subprocess

import pytest

from support.waiting import PATIENCE_S


def _find() -> str | None:
    """Return ImageMagick's program: `magick` from version 7 on, or `convert`, unless it is something else."""
    for name in ("magick", "convert"):
        if shutil.which(name):
            said = subprocess.run([name, "-version"], capture_output=True, text=True, check=False)
            if "Version: ImageMagick" in said.stdout:
                return name
    return None


PROGRAM = _find()
needs_imagemagick = pytest.mark.skipif(PROGRAM is None, reason="ImageMagick is not installed")


def imagemagick(*arguments: object) -> bytes:
    """Run ImageMagick, and return what it prints."""
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S).stdout
