"""Options in a TOML file: a table a section, and only what is not None."""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from segmentation.config.options import accept, fields_by_name, plain
from segmentation.core.errors import ConfigError

_LARGEST_BYTES = 2**20


def read_options(path: Path, kind: type) -> dict[str, Any]:
    """Return the values of a dataclass of options that a TOML file gives, by flat name, read and checked.

    Tables are sections; an option may also stand at the top by its name alone. Raises ConfigError for a file
    that cannot be read, and for an option or a value that is none.
    """
    try:
        content = path.read_bytes()
        if len(content) > _LARGEST_BYTES:
            raise ValueError(f"expected at most {_LARGEST_BYTES} bytes")
        tables = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"{path}: expected a TOML file of options, received: {reason}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: expected options in TOML, received a file with: {error}") from error
    try:
        return accept(kind, dict(_flat(tables, fields_by_name(kind))))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def write_options(options: Any, leave_out: Collection[str] = ()) -> str:
    """Return options as the text of a TOML file, which `read_options` reads back; some left out by name."""
    import tomli_w

    return tomli_w.dumps(_without(plain(options), leave_out))


def _flat(tables: Mapping[str, Any], known: Mapping[str, Any], place: str = "") -> list[tuple[str, Any]]:
    found = []
    for name, value in tables.items():
        key = f"{place}{name}"
        if isinstance(value, dict) and key not in known:
            found += _flat(value, known, f"{key}.")
        else:
            found.append((key, value))
    return found


def _without(saved: Any, names: Collection[str]) -> Any:
    """A copy without None, which TOML does not have, without some options, and without empty tables.

    Tables are called as some options are, and stay.
    """
    if not isinstance(saved, dict):
        return saved
    kept = {
        name: _without(value, names)
        for name, value in saved.items()
        if value is not None and (isinstance(value, dict) or name not in names)
    }
    return {name: value for name, value in kept.items() if value != {}}
