"""API keys: who may use the service."""

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

from segmentation.core.errors import ConfigError, system_reason

_SHORTEST = 16
_SCHEME = "bearer "


class Keys:
    """The keys of a service by the names of their owners; only their digests are held."""

    def __init__(self, keys: Mapping[str, str]):
        self._digests = {name: _digest(key.encode()) for name, key in keys.items()}

    def __len__(self) -> int:
        return len(self._digests)

    def owner(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Return whose key the headers of a request hold, None where they hold none that is known.

        Every key is compared, and each in constant time, so that nothing is learned from how long it takes.
        """
        given = headers.get(b"x-api-key") or b""
        authorization = headers.get(b"authorization") or b""
        if authorization[: len(_SCHEME)].lower() == _SCHEME.encode():
            given = authorization[len(_SCHEME) :].strip()
        digest, found = _digest(given), None
        for name, known in self._digests.items():
            if secrets.compare_digest(digest, known):
                found = name
        return found


def read_keys(path: Path) -> Keys:
    """Read a file of keys: a name and a key on each line, with a space between; # begins a remark.

    Raises ConfigError for a file that cannot be read, and for a line, a key or a name that cannot be used.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else "no text"
        raise ConfigError(f"`keys` {path}: expected a file of keys, received: {reason}") from error
    keys: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or words[0] in keys:
            raise ConfigError(
                f"`keys` {path}, line {number}: expected another name and its key; mend the line"
            )
        if len(words[1]) < _SHORTEST:
            raise ConfigError(
                f"`keys` {path}, line {number}: expected a key of {_SHORTEST} characters or more; "
                "`openssl rand -hex 24` makes one"
            )
        keys[words[0]] = words[1]
    if not keys:
        raise ConfigError(f"`keys` {path}: expected a name and a key on a line, received none")
    return Keys(keys)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
