"""An object store by the package fsspec: listed lazily, read, written, and tried again within bounds."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from segmentation.core.errors import ConfigError, DataError, MissingExtraError, printable
from segmentation.core.imports import require
from segmentation.stores.address import Address
from segmentation.stores.patience import Patience, is_final
from segmentation.stores.stored_object import StoredObject

Answer = TypeVar("Answer")

_S3 = ("s3", "s3a")
_PACKAGES = {"gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
_REMEDIES = {
    "NoCredentialsError": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "PartialCredentialsError": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "ProfileNotFound": "check AWS_PROFILE",
    "PermissionError": "check the credentials and what they allow",
    "FileNotFoundError": "check the address",
}

_WHOLE = 10  # times the time that a store may be silent: how long a whole call may take


class Store:
    """The store of an address, open. Any thread may call it.

    Endpoints and credentials are found where the package of the store finds them: AWS_ENDPOINT_URL,
    AWS_PROFILE and so on. Methods raise DataError in the name of the object, once `patience` is at its end;
    its cause is the store's own error.
    """

    def __init__(self, address: Address, patience: Patience):
        self.address = address
        self._patience = patience
        self._files = _file_system(address.scheme, patience)
        # the packages bound a silence alone, and not every one of them
        self._bounds = {"timeout": _WHOLE * patience.timeout_s} if self._files.async_impl else {}

    def objects(self, below: Address) -> Iterator[StoredObject]:
        """Yield the objects below an address in the order of their names, those of subfolders among them.

        Of S3 a page of 1000 names is held at a time, of other stores the names of a folder and of those
        around it.
        """
        if below.scheme in _S3:
            yield from self._list_pages(below)
        else:
            yield from self._list_folders(below)

    def look(self, address: Address) -> StoredObject | None:
        """Return the facts about an object; None where there is none, or a folder."""
        try:
            told = self._call(lambda: self._told(address), address)
        except _Absent:
            return None
        return None if told.get("type") == "directory" else StoredObject.of(address, told)

    def fetch(self, stored: StoredObject, path: Path) -> None:
        """Copy an object into a file, whole."""

        def fetch() -> None:
            self._files.get_file(stored.address.path, str(path), **self._bounds)
            if (received := path.stat().st_size) != stored.size_bytes:
                raise OSError(f"{received} of {stored.size_bytes} bytes were received")

        self._call(fetch, stored.address)

    def read(self, address: Address) -> bytes:
        """Return the content of an object."""
        return self._call(lambda: self._files.cat_file(address.path, **self._bounds), address)

    def put(self, path: Path, address: Address) -> None:
        """Write a file as an object, which appears whole or not at all where the store can do that."""
        self._place(lambda place: self._files.put_file(str(path), place, **self._bounds), address)

    def write(self, content: bytes, address: Address) -> None:
        """Write the content of an object, as `put` does."""
        self._place(lambda place: self._files.pipe_file(place, content, **self._bounds), address)

    def copy(self, source: Address, target: Address) -> None:
        """Copy an object within the store."""
        self._call(lambda: self._files.cp_file(source.path, target.path, **self._bounds), target)

    def remove(self, address: Address) -> None:
        """Remove an object; one that is not there need not be."""
        with contextlib.suppress(_Absent):
            self._call(lambda: self._files.rm_file(address.path, **self._bounds), address)

    def _place(self, write: Callable[[str], None], address: Address) -> None:
        """Write an object; where a store has folders and unfinished files, it takes its place once whole."""

        def place() -> None:
            if address.scheme in _S3 or address.scheme in _PACKAGES:
                write(address.path)
                return
            folder, _slash, name = address.path.rpartition("/")
            unfinished = f"{folder}/.{name}-{secrets.token_hex(8)}"
            self._files.makedirs(folder, exist_ok=True)
            write(unfinished)
            self._files.mv(unfinished, address.path)

        self._call(place, address)

    def _told(self, address: Address) -> dict[str, Any]:
        if address.scheme not in _S3:
            return self._files.info(address.path, **self._bounds)
        bucket, _slash, key = address.path.partition("/")  # s3fs would list what may lie below it as well
        told = self._files.call_s3("head_object", Bucket=bucket, Key=key, **self._bounds)
        return {**told, "size": told["ContentLength"]}

    def _list_pages(self, below: Address) -> Iterator[StoredObject]:
        bucket, _slash, prefix = below.path.partition("/")
        asked: dict[str, Any] = {"Bucket": bucket, "Prefix": f"{prefix}/" if prefix else ""}
        while True:
            page = self._call(lambda: self._files.call_s3("list_objects_v2", **asked, **self._bounds), below)
            for told in page.get("Contents", ()):
                if not told["Key"].endswith("/"):  # an empty object that stands for a folder
                    yield StoredObject.of(replace(below, path=f"{bucket}/{told['Key']}"), told)
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def _list_folders(self, below: Address) -> Iterator[StoredObject]:
        waiting: list[Iterator[dict[str, Any]]] = []
        with contextlib.suppress(_Absent):  # as S3, which knows no folders
            waiting.append(iter(self._folder(below)))
        while waiting:
            told = next(waiting[-1], None)
            if told is None:
                waiting.pop()
                continue
            address = replace(below, path=self._name(told["name"], below))
            if told["type"] == "directory":
                waiting.append(iter(self._folder(address)))
            elif not told["name"].endswith("/"):
                yield StoredObject.of(address, told)

    def _folder(self, folder: Address) -> list[dict[str, Any]]:
        """Return the entries of a folder, in the order of the names of all objects below it."""
        found = self._call(lambda: self._files.ls(folder.path, detail=True, **self._bounds), folder)
        found = [told for told in found if self._name(told["name"], folder) != folder.path]
        return sorted(found, key=lambda told: told["name"].rstrip("/") + "/" * (told["type"] == "directory"))

    def _name(self, told: str, like: Address) -> str:
        """Return the name of an object as addresses have it: some stores begin it with a slash."""
        told = told.rstrip("/")
        return told.lstrip("/") if not like.path.startswith("/") else told

    def _call(self, call: Callable[[], Answer], address: Address) -> Answer:
        try:
            return self._patience.try_out(call)
        except Exception as error:
            kind = _Absent if isinstance(error, FileNotFoundError) else DataError
            raise kind(self._failed(error, address)) from error

    def _failed(self, error: Exception, address: Address) -> str:
        reason = printable(str(error) or type(error).__name__).rstrip(".")
        tried = "" if is_final(error) else f" in {self._patience.attempts} attempts"
        kind = next((kind for kind in (type(error).__name__, *_REMEDIES) if _is(error, kind)), "")
        remedy = _REMEDIES.get(kind, "run the same command again later")
        return f"{printable(str(address))}: not reached{tried} ({reason}); {remedy}"


class _Absent(DataError):
    """The error for an object that does not exist."""


def _file_system(scheme: str, patience: Patience) -> Any:
    """Return the file system of a scheme. Raises MissingExtraError and ConfigError."""
    fsspec = require("fsspec", "store")
    if scheme in _S3:
        s3fs = require("s3fs", "store")
        limits = {"connect_timeout": patience.timeout_s, "read_timeout": patience.timeout_s}
        files = s3fs.S3FileSystem(
            use_listings_cache=False,
            skip_instance_cache=True,
            config_kwargs={**limits, "retries": {"total_max_attempts": 1}, "max_pool_connections": 64},
        )
        files.retries = 1  # tried again here alone, else the bounds would multiply
        return files
    try:
        return fsspec.filesystem(scheme, use_listings_cache=False, skip_instance_cache=scheme in _PACKAGES)
    except ImportError as error:
        package = _PACKAGES.get(scheme, "its package")
        raise MissingExtraError(
            f"{scheme}://: {package} is needed and not installed; `pip install {package}` adds it"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"{scheme}://: expected an address of a store that fsspec knows, such as s3://, gs:// or az://, "
            f"received {scheme}"
        ) from error


def _is(error: Exception, kind: str) -> bool:
    return kind in _REMEDIES and any(kind == one.__name__ for one in type(error).__mro__)
