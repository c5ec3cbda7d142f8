"""Importing libraries that talk when nobody asked: Keras to the terminal, OpenVINO to the network."""

import os
import sys
import tempfile
from types import ModuleType


def import_openvino() -> ModuleType:
    """Import OpenVINO without its telemetry, which forks a process at every import to report it.

    Without that package OpenVINO takes a stub of its own.
    """
    sys.modules.setdefault("openvino_telemetry", None)
    import openvino

    return openvino


def import_keras_quietly() -> None:
    """Import Keras with standard error set aside, and show what was set aside only if the import fails.

    TensorFlow's native code logs to file descriptor 2 before its log level applies; once it is imported,
    TF_CPP_MIN_LOG_LEVEL (set here unless the user did) keeps it quiet.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as aside:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(aside.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
