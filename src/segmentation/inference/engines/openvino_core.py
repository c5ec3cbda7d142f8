"""OpenVINO as this process uses it."""

from functools import cache
from typing import TYPE_CHECKING

from segmentation.core.imports import import_openvino

if TYPE_CHECKING:
    import openvino


@cache
def openvino_core() -> "openvino.Core":
    """Return the one core of this process, which is never released.

    Its device for CPUs gives the thread that first uses it a stack for signal handlers, and takes that back
    when the core is released. In another thread it cannot, and the next signal would crash the process.
    """
    return import_openvino().Core()
