"""The fast engine: the exported network on OpenVINO, several photos at a time, compiled once."""

import hashlib
import os
import queue
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from segmentation.bundle.bundle import ENGINE_FILES, ModelBundle
from segmentation.core.errors import BundleError
from segmentation.core.parallel import cores
from segmentation.inference.engines.engine import Network
from segmentation.inference.engines.openvino_core import openvino_core
from segmentation.inference.engines.precision import ChosenPrecision, choose_precision
from segmentation.models import registry
from segmentation.preprocessing.preprocessing import Preprocessing

_KEPT_NETWORKS = 8  # compiled, of some 40 MB each


def openvino_network(
    bundle: ModelBundle, preprocessing: Preprocessing, precision: str, streams: int
) -> tuple[Network, ChosenPrecision]:
    """Compile the bundle's network; return it and the precision that it computes in.

    `streams` photos are scored at the same time on the cores of this process. The compiled network is
    kept in the user's cache folder, so that the next start need not compile. Raises BundleError when the
    bundle has no export or OpenVINO cannot read it, and what `choose_precision` raises.
    """
    if not bundle.openvino:
        raise BundleError(
            f"{bundle.path}: expected a network exported to OpenVINO, found none; make it with "
            f"`export model={bundle.name} format=openvino`, or use `engine=keras`"
        )
    chosen = choose_precision(bundle, precision)
    size = preprocessing.input_size
    photo = [1, size.height, size.width, preprocessing.channels]
    shapes = photo, [1, *registry.output_shape(bundle.config.model, size, len(bundle.labels.names))]
    cache = _cache_folder(bundle)
    return compile_network(bundle.openvino, chosen.name, streams, shapes=shapes, cache=cache), chosen


def compile_network(
    path: Path,
    precision: str,
    streams: int = 1,
    *,
    shapes: tuple[list[int], list[int]] | None = None,
    cache: Path | None = None,
) -> Network:
    """Compile the network of an OpenVINO file, `model.xml` with `model.bin` beside it.

    `cache` is a folder for the compiled network. Raises BundleError when it cannot be used, or when its
    input and output do not have the `shapes`.
    """
    _check_ir(path)
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": max(streams, cores()),
        "ENABLE_CPU_PINNING": False,  # a stream that is tied to a core waits for the coders on that core
    }
    if cache:
        settings["CACHE_DIR"] = str(cache)
    try:
        compiled = openvino_core().compile_model(path, "CPU", settings)
        received = [list(port.shape) for port in (*compiled.inputs, *compiled.outputs)]
        requests: queue.SimpleQueue = queue.SimpleQueue()
        for _ in range(streams):
            request = compiled.create_infer_request()
            # the arrays are made here, by one thread: OpenVINO's binding can lock up when the first
            # conversions of arrays happen in several threads at once
            requests.put((request, request.get_input_tensor().data, request.get_output_tensor().data))
    except RuntimeError as error:
        raise _unusable(path, error) from error
    if shapes and received != list(shapes):
        raise BundleError(
            f"{path}: expected shapes {list(shapes)}, received {received}; export the model again"
        )

    def score(prepared: np.ndarray) -> np.ndarray:
        request, photo, scores = requests.get()
        try:
            np.copyto(photo, prepared)
            request.start_async()
            request.wait()
            return scores.copy()
        except RuntimeError as error:
            raise _unusable(path, error) from error
        finally:
            requests.put((request, photo, scores))

    return score


def _check_ir(path: Path) -> None:
    """Raise BundleError for a file of another program, for which OpenVINO has readers of their own."""
    try:
        with path.open("rb") as file:
            root = next(ElementTree.iterparse(file, events=["start"]))[1].tag
    except (OSError, StopIteration, ElementTree.ParseError):
        root = None
    if root != "net":
        raise BundleError(
            f"{path}: expected a network in OpenVINO's XML, received something else; export the model again"
        )


def _unusable(path: Path, error: RuntimeError) -> BundleError:
    reason = str(error).strip().splitlines()[-1]
    return BundleError(f"{path}: OpenVINO cannot use it ({reason}); export the model again")


def _cache_folder(bundle: ModelBundle) -> Path | None:
    """Return the folder that keeps the compiled network, not in the bundle, which may come from anywhere.

    Every network has its own folder, named after its checksums, since OpenVINO itself checks only the path
    and the time of its files. The folders that have not been used for longest are removed.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "garment-cutout"
    checksums = "".join(bundle.files[name] for name in ENGINE_FILES)
    cache = folder / hashlib.sha256(checksums.encode()).hexdigest()[:16]
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        cache.touch()
        for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[:-_KEPT_NETWORKS]:
            shutil.rmtree(old, ignore_errors=True)
    except (OSError, RuntimeError):
        return None
    return cache if os.access(cache, os.W_OK) else None
