"""Regular files, which can be read to their end."""

import errno
import stat
from pathlib import Path


def check_regular(path: Path) -> Path:
    """Return the path of a regular file.

    Raises OSError where there is none: reading a pipe could block for ever, and a device need not end.
    """
    kind = path.stat().st_mode
    if not stat.S_ISREG(kind):
        what = "a folder" if stat.S_ISDIR(kind) else "a pipe or a device"
        raise OSError(errno.EINVAL, f"{what}, not a file", str(path))
    return path
