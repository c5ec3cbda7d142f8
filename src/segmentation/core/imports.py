"""Imports of extras, and of libraries without what they send unasked to the terminal or the network."""

import os
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from segmentation.core.errors import MissingExtraError


def require(module: str, extra: str, package: str = "") -> ModuleType:
    """Import an optional library and return it.

    Raises MissingExtraError in one line where it, or a package that it needs, is not installed: what is
    missing and the `extra` of this package that brings it. `package` is what it is installed as, where that
    is not its name.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).partition(".")[0]
        missing = package if package and missing == module.partition(".")[0] else missing
        raise _missing(missing, extra) from error


def require_installed(module: str, extra: str) -> None:
    """Raise what `require` raises where an optional library is not installed, without importing it."""
    if find_spec(module) is None:
        raise _missing(module, extra)


def _missing(package: str, extra: str) -> MissingExtraError:
    return MissingExtraError(
        f"{package} is needed and not installed; `pip install 'garment-cutout[{extra}]'` adds it"
    )


def import_openvino() -> ModuleType:
    """Import OpenVINO without its telemetry, which forks a process at every import to report it.

    Where the telemetry cannot be imported, OpenVINO falls back to a stub; without its converter of models,
    which nothing here needs, it is there in half the time.
    """
    absent: Any = None  # Python's sign for a module that cannot be imported
    sys.modules.setdefault("openvino_telemetry", absent)
    sys.modules.setdefault("openvino.tools.ovc", absent)
    import openvino

    return openvino


def import_keras_quietly(extra: str = "train") -> None:
    """Import Keras with standard error captured, and show what was captured only if the import fails.

    TensorFlow's native code logs to file descriptor 2 before its log level applies; once it is imported,
    TF_CPP_MIN_LOG_LEVEL (set here unless the user did) keeps it quiet. Raises MissingExtraError, naming the
    `extra`, where Keras or what it computes with is not installed.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as captured:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(captured.fileno(), 2)
        try:
            require("keras", extra)
        except (MissingExtraError, KeyboardInterrupt):
            raise
        except BaseException:
            captured.seek(0)
            os.write(stderr, captured.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
