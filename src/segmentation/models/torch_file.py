"""State dicts that torch saved, read without torch and without running what they pickle."""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from segmentation.core.errors import ConfigError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_HEADERS = 3  # magic number, protocol version, byte order and sizes of the writing machine

_STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}


def read_state(path: Path) -> dict[str, np.ndarray]:
    """Read a state dict that `torch.save` wrote, in its zip form (torch >= 1.6) or the older stream.

    Only ordered dictionaries and dense tensors are understood; whatever else the pickle names
    is refused before it is looked up. Raises ConfigError.
    """
    try:
        tensors, storages = _read_zip(path) if zipfile.is_zipfile(path) else _read_legacy(path)
        return {
            name: _array(tensor, storages) for name, tensor in tensors.items() if isinstance(tensor, _Tensor)
        }
    except Exception as error:  # a broken pickle raises nearly anything
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ConfigError(
            f"{path}: expected a state dict saved by torch, found something else ({reason})"
        ) from error


class _Storage(NamedTuple):
    """The numbers behind a tensor, as the pickle refers to them."""

    dtype: str
    key: str
    length: int


class _Tensor(NamedTuple):
    """The arguments of torch._utils._rebuild_tensor_v2."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    requires_grad: bool = False
    hooks: Any = None


_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
    **{("torch", name): dtype for name, dtype in _STORAGES.items()},  # inert texts
}


class _StateUnpickler(pickle.Unpickler):
    """An unpickler that knows the names of a state dict and no others, each with an inert stand-in."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no state dict needs")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _device, count, *view = pid
        if kind != "storage" or dtype not in _STORAGES.values() or any(view):
            raise pickle.UnpicklingError(f"unknown storage {pid!r}")
        return _Storage(dtype, str(key), int(count))


def _read_zip(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        record = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = record.removesuffix("data.pkl") + "data/"
        tensors = _StateUnpickler(io.BytesIO(archive.read(record))).load()
        names = (name for name in archive.namelist() if name.startswith(folder))
        return tensors, {name.removeprefix(folder): archive.read(name) for name in names}


def _read_legacy(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    with path.open("rb") as file:
        headers = [_StateUnpickler(file).load() for _ in range(_LEGACY_HEADERS)]
        if headers[0] != _LEGACY_MAGIC or not headers[2]["little_endian"]:
            raise pickle.UnpicklingError("not a file of torch, or of a big-endian machine")
        tensors, keys = _StateUnpickler(file).load(), _StateUnpickler(file).load()
        sizes = {
            tensor.storage.key: np.dtype(tensor.storage.dtype).itemsize
            for tensor in tensors.values()
            if isinstance(tensor, _Tensor)
        }
        storages = {}
        for key in keys:  # each as its count of values, then the values
            count = int.from_bytes(file.read(8), "little")
            storages[key] = file.read(count * sizes[key])
        return tensors, storages


def _array(tensor: _Tensor, storages: dict[str, bytes]) -> np.ndarray:
    """Return the tensor as a view of its storage, after a check that it stays inside."""
    values = np.frombuffer(storages[tensor.storage.key], tensor.storage.dtype)
    shape, strides = tensor.shape, tensor.strides
    last = tensor.offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    inside = min((tensor.offset, *shape, *strides)) >= 0 and max(last + 1, math.prod(shape)) <= values.size
    if not inside:
        raise pickle.UnpicklingError("a tensor reaches beyond its storage")
    steps = [stride * values.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], shape, steps, writeable=False)
