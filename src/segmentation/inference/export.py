"""The network in the file formats of other programs, with its normalisation in the graph, and checked.

Every format takes the prepared photo, uint8 [1, h, w, channels] as RGB or grey at the input size, and gives
scores float32 [1, h, w, classes] in [0, 1]. What has to happen to a photo before (size, contrast, colour)
is described beside the file.
"""

import contextlib
import io
import json
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.errors import ExportError, MissingExtraError
from segmentation.core.files import UNFINISHED, write_text
from segmentation.core.imports import import_keras_quietly, import_openvino, require
from segmentation.inference.engines.engine import Network
from segmentation.inference.engines.keras_engine import keras_network, load_model
from segmentation.inference.engines.openvino_engine import compile_network
from segmentation.models.weights import in_half_precision
from segmentation.preprocessing.preprocessing import Preprocessing

if TYPE_CHECKING:
    import keras
    import openvino

TOLERANCE = 1e-3  # of a score; float32 on two engines differs by some 1e-5


class Format(NamedTuple):
    """How a format is called, written and run; `run` gives None where its runtime is not installed."""

    suffix: str
    write: Callable[["keras.Model", Path, dict[str, str]], None]
    run: Callable[[Path], Network | None]


def export(bundle: ModelBundle, name: str, path: Path, photos: Iterable[np.ndarray]) -> float | None:
    """Write the bundle's network at `path` in the format `name` and run it on `photos` to check it.

    A description of the preprocessing lies beside it as `PATH.json`. Returns the `largest_difference`
    of a score from Keras, None where the format's runtime is not installed. Raises BundleError for weights
    that cannot be read, and ExportError for a `path` that cannot be one of the format or holds something
    else, when the converter fails, and when it is more than `TOLERANCE`; then nothing is left. Raises
    MissingExtraError when the converter is not installed.
    """
    path = path.absolute()
    _check_target(path, name)
    preprocessing = Preprocessing.from_json(bundle.preprocessing)
    description = describe(bundle, preprocessing)
    chosen = FORMATS[name]
    import_keras_quietly("export")
    model = load_model(bundle, preprocessing)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{UNFINISHED}export-", dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        try:
            with _quiet():
                chosen.write(deployable(model, preprocessing), unfinished, description)
        except MissingExtraError:
            raise
        except Exception as error:  # whatever the converters raise
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ExportError(f"`format={name}`: the converter failed ({reason})") from error
        network = chosen.run(unfinished)
        difference = None
        if network:
            reference = keras_network(model, preprocessing)
            difference = largest_difference(network, reference, preprocessing, photos)
            if not difference <= TOLERANCE:
                raise ExportError(
                    f"{path}: expected the scores of Keras within {TOLERANCE:g}, received a difference of "
                    f"{difference:.2g}; nothing was kept"
                )
        write_text(unfinished.with_name(path.name + ".json"), json.dumps(description, indent=2) + "\n")
        if path.is_dir():  # with a saved-model in it, or nothing
            shutil.rmtree(path)
        for made in Path(folder).iterdir():
            made.replace(path.parent / made.name)
    return difference


def deployable(model: "keras.Model", preprocessing: Preprocessing) -> "keras.Model":
    """A network that normalises by itself: uint8 [1, h, w, C], prepared -> float32 [1, h, w, classes]."""
    import keras

    photo = keras.Input(model.input_shape[1:], batch_size=1, dtype="uint8", name="photo")
    normalised = keras.ops.cast(photo, "float32")
    if preprocessing.normalisation == "unit":
        normalised = keras.layers.Rescaling(1 / 255)(normalised)
    elif preprocessing.normalisation == "mean-std":
        scale = 1 / np.float64(preprocessing.std)
        offset = -np.float64(preprocessing.mean) * scale
        normalised = keras.layers.Rescaling(scale.tolist(), offset.tolist())(normalised)
    return keras.Model(photo, model(normalised), name="cutout")


def describe(bundle: ModelBundle, preprocessing: Preprocessing) -> dict[str, str]:
    """What another program has to know to use an exported network, as plain text by name."""
    colour = "grey (0.299 R + 0.587 G + 0.114 B)" if preprocessing.colour == "grey" else "RGB"
    size = preprocessing.input_size
    shape = f"1, {size.height}, {size.width}"
    return {
        "architecture": bundle.architecture,
        "input": f"photo, uint8 [{shape}, {preprocessing.channels}], {colour}, 0 to 255",
        "resize": "the whole photo to the input size; smaller by area (cv2.INTER_AREA), larger by cubic",
        "contrast": f"{preprocessing.contrast}, after resizing",
        "normalisation": f"{preprocessing.normalisation}, in the graph",
        "output": f"scores, float32 [{shape}, {len(bundle.labels.names)}], 0 to 1; "
        "to the photo's size by cubic interpolation",
        "labels": ", ".join(bundle.labels.names),
        **bundle.labels.task.rule(bundle.threshold),
    }


def largest_difference(
    network: Network, reference: Network, preprocessing: Preprocessing, photos: Iterable[np.ndarray]
) -> float:
    """The largest difference of a score between two networks over uint8 RGB photos; NaN counts as such.

    One score in a thousand of each photo is left out: where two values in a pooling window are all but equal,
    the indices of SegNet point to either.
    """
    prepared = (preprocessing.prepare(photo)[np.newaxis] for photo in photos)
    differences = (np.abs(network(photo) - reference(photo)) for photo in prepared)
    return float(np.max([np.quantile(difference, 0.999) for difference in differences]))


def _check_target(path: Path, name: str) -> None:
    """Refuse to write where a user would not look for the format, and to replace anything but an export."""
    suffix = FORMATS[name].suffix
    if suffix:
        if path.suffix.lower() != suffix or path.is_dir():
            found = "a folder" if path.is_dir() else path.name
            raise ExportError(f"`output` {path}: expected a file that ends in {suffix}, received {found}")
    elif path.exists() and not path.is_dir():
        raise ExportError(f"`output` {path}: expected a new folder for the {name}, received a file")
    elif path.is_dir() and any(path.iterdir()) and not (path / "saved_model.pb").is_file():
        raise ExportError(
            f"`output` {path}: expected a new folder for the {name}, received one that holds something else"
        )


def _write_openvino(model: "keras.Model", path: Path, description: dict[str, str]) -> None:
    """Write a `deployable` network as OpenVINO XML at `path`, its weights as .bin beside it.

    Weights that float16 holds as they are take half the space; the network computes in float32 all the same.
    OpenVINO reads the TensorFlow form itself: its converter for Python would report its use to its makers.
    """
    openvino = import_openvino()

    with tempfile.TemporaryDirectory() as folder:
        _write_saved_model(model, Path(folder), description)
        network = openvino.Core().read_model(folder)
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
    require("tf2onnx", "export")  # Keras needs it, and would say so in many lines
    require("onnx", "export")
    import onnx

    model(np.zeros(model.input_shape, np.uint8))  # Keras exports to ONNX only what was called once
    model.export(path, format="onnx", verbose=False)
    network = onnx.load(path)
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
    with _quiet():  # TensorFlow's own announces that it will leave
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


@contextlib.contextmanager
def _quiet():
    """Converters talk to people who mend converters."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


FORMATS = {
    "openvino": Format(".xml", _write_openvino, _run_openvino),
    "onnx": Format(".onnx", _write_onnx, _run_onnx),
    "saved-model": Format("", _write_saved_model, _run_saved_model),
    "litert": Format(".tflite", _write_litert, _run_litert),
}
