"""The file formats of exported networks: how each is written and run."""

import contextlib
import io
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from segmentation.core.imports import import_openvino, require
from segmentation.inference.engines.engine import Network
from segmentation.inference.engines.openvino_core import openvino_core
from segmentation.inference.engines.openvino_engine import compile_network
from segmentation.inference.onnx_names import put_in_order
from segmentation.models.weights import in_half_precision

if TYPE_CHECKING:
    import keras
    import openvino


class Format(NamedTuple):
    """The suffix of a format, and how it is written and run; `run` gives None without its runtime."""

    suffix: str
    write: Callable[["keras.Model", Path, dict[str, str]], None]
    run: Callable[[Path], Network | None]


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Silence converters, whose messages are for their developers."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _write_openvino(model: "keras.Model", path: Path, description: dict[str, str]) -> None:
    """Write a `deployable` network as OpenVINO XML at `path`, its weights as .bin beside it.

    Weights that float16 holds as they are take half the space; the network computes in float32 all the same.
    OpenVINO reads the TensorFlow form itself: its converter for Python would send telemetry.
    """
    openvino = import_openvino()

    with tempfile.TemporaryDirectory() as folder:
        _write_saved_model(model, Path(folder), description)
        network = openvino_core().read_model(folder)
    _halve(network)
    for key, value in description.items():
        network.set_rt_info(value, ["cutout", key])
    openvino.save_model(network, path, compress_to_fp16=False)


def _halve(network: "openvino.Model") -> None:
    """Store the constants of an OpenVINO network as float16 where that loses nothing."""
    openvino = import_openvino()
    opset = openvino.opset8
    for node in network.get_ops():
        if node.get_type_name() != "Constant" or node.get_element_type() != openvino.Type.f32:
            continue
        value = node.data
        half = in_half_precision(value)
        if half.dtype == np.float16 and np.array_equal(half, value):
            widened = opset.convert(opset.constant(half), "f32").output(0)
            for target in node.output(0).get_target_inputs():
                target.replace_source_output(widened)


def _write_saved_model(model: "keras.Model", path: Path, _description: dict[str, str]) -> None:
    """Write a `deployable` network as a SavedModel with the endpoint `serve`.

    Keras's own export makes the same, but traces the network several times, which takes long for a deep one.
    """
    require("tensorflow", "export")
    import tensorflow

    photo = tensorflow.TensorSpec(model.input_shape, "uint8", name="photo")
    module = tensorflow.Module()
    module.network_variables = [variable.value for variable in model.variables]
    module.serve = tensorflow.function(lambda photo: model(photo, training=False), [photo], autograph=False)
    tensorflow.saved_model.save(module, str(path), signatures=module.serve)


def _write_litert(model: "keras.Model", path: Path, _description: dict[str, str]) -> None:
    model.export(path, format="litert", verbose=False)


def _write_onnx(model: "keras.Model", path: Path, description: dict[str, str]) -> None:
    require("tf2onnx", "export")  # Keras needs it, and prints many lines about it
    require("onnx", "export")
    import onnx

    model(np.zeros(model.input_shape, np.uint8))  # Keras exports to ONNX only what was called once
    model.export(path, format="onnx", verbose=False)
    network = onnx.load(path)
    put_in_order(network)
    onnx.helper.set_model_props(network, description)
    onnx.save(network, path)


def _run_openvino(path: Path) -> Network | None:
    return compile_network(path, "f32")


def _run_saved_model(path: Path) -> Network | None:
    import tensorflow

    model = tensorflow.saved_model.load(str(path))
    return lambda prepared: np.asarray(model.serve(prepared))


def _run_litert(path: Path) -> Network | None:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        import tensorflow

        Interpreter = tensorflow.lite.Interpreter
    with silenced():  # TensorFlow's own announces that it will leave
        interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def score(prepared: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(source, prepared)
        interpreter.invoke()
        return interpreter.get_tensor(target)

    return score


def _run_onnx(path: Path) -> Network | None:
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda prepared: session.run(None, {name: prepared})[0]


FORMATS = {
    "openvino": Format(".xml", _write_openvino, _run_openvino),
    "onnx": Format(".onnx", _write_onnx, _run_onnx),
    "saved-model": Format("", _write_saved_model, _run_saved_model),
    "litert": Format(".tflite", _write_litert, _run_litert),
}
