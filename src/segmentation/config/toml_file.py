"""Options in a TOML file: a table for each section, without values that are None."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from segmentation.config.options import accept, plain
from segmentation.core.errors import ConfigError, system_reason
from segmentation.core.regular_file import check_regular

_LARGEST_BYTES = 2**20


def read_options(path: Path, kind: type) -> dict[str, Any]:
    """Read the values of a dataclass of options from a TOML file, by flat name, and check them.

    Tables are sections; an option may also stand at the top by its name alone. Raises ConfigError for a file
    that cannot be read, for an unknown option and for an invalid value.
    """
    tables = read_tables(path, "a TOML file of options", "options in TOML")
    try:
        return accept(kind, dict(_flat(tables)))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def read_tables(path: Path, file: str, content: str) -> dict[str, Any]:
    """Return the tables of a TOML file. Raises ConfigError for one that cannot be read.

    `file` and `content` say in the error what was expected: at the path, and in the file.
    """
    import tomllib  # here, since help needs none

    try:
        read = check_regular(path).read_bytes()
        if len(read) > _LARGEST_BYTES:
            raise ValueError(f"expected at most {_LARGEST_BYTES} bytes")
        return tomllib.loads(read.decode("utf-8"))
    except OSError as error:
        reason = system_reason(error)
        raise ConfigError(f"{path}: expected {file}, received: {reason}; check the path") from error
    except ValueError as error:
        raise ConfigError(
            f"{path}: expected {content}, received a file with: {error}; mend that line"
        ) from error


def table_in(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a table of tables, empty where there is none. Raises ConfigError for something else."""
    found = tables.get(name, {})
    if not isinstance(found, dict):
        raise ConfigError(f"{name}: expected a table, received {found!r}")
    return found


def check_table(place: str, given: Any, known: Collection[str]) -> None:
    """Raise ConfigError for what is no table, and for a name in it that is not known."""
    if not isinstance(given, dict):
        raise ConfigError(f"{place}: expected a table, received {given!r}")
    _check_names(place, given, known)


def check_list(place: str, given: Any, known: Collection[str]) -> None:
    """Raise ConfigError for what is no list, and for a name in it that is not known."""
    if not isinstance(given, list):
        raise ConfigError(f"{place}: expected a list, received {given!r}")
    _check_names(place, given, known)


def switch(place: str, value: Any) -> bool:
    """Return what is true or false. Raises ConfigError for anything else, such as the text "false"."""
    if not isinstance(value, bool):
        raise ConfigError(f"{place}: expected true or false, received {value!r}")
    return value


def _check_names(place: str, given: Collection[Any], known: Collection[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ConfigError(f"{place}: expected some of {', '.join(known)}, received {unknown[0]!r}")


def write_options(options: Any, leave_out: Collection[str] = ()) -> str:
    """Return options as a TOML file that `read_options` reads back, without those in `leave_out`."""
    import tomli_w

    return tomli_w.dumps(_without(plain(options), leave_out))


def _flat(tables: Mapping[str, Any], place: str = "") -> list[tuple[str, Any]]:
    """Return the values by NAME and TABLE.NAME; a table may have the name of an option elsewhere."""
    found = []
    for name, value in tables.items():
        if isinstance(value, dict):
            found += _flat(value, f"{place}{name}.")
        else:
            found.append((f"{place}{name}", value))
    return found


def _without(saved: Any, names: Collection[str]) -> Any:
    """Return a copy without None, which TOML does not have, without some options, and without empty tables.

    Tables stay, even those that have the name of an option.
    """
    if not isinstance(saved, dict):
        return saved
    kept = {
        name: _without(value, names)
        for name, value in saved.items()
        if value is not None and (isinstance(value, dict) or name not in names)
    }
    return {name: value for name, value in kept.items() if value != {}}
