"""Files that another program is still writing: whether it has them open, and whether their end is there."""

import errno
import os
import signal
from contextlib import suppress
from pathlib import Path

_TAIL_BYTES = 4096
_ENDS = {  # what a whole file of a format has near its end, by what it begins with
    b"\xff\xd8": b"\xff\xd9",  # JPEG: the end of the picture
    b"\x89PNG": b"IEND",
}


def is_open_for_writing(path: Path) -> bool:
    """Return whether a process of this machine has a file open to write it.

    It is found out by a lease, which the system of a local disk refuses on such a file. Where it gives us
    none, as on network drives and for files of others, nothing is known, and the answer is False.
    """
    try:
        import fcntl

        set_lease, set_signal = fcntl.F_SETLEASE, fcntl.F_SETSIG
    except (ImportError, AttributeError):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, set_signal, signal.SIGURG)  # ignored by default, unlike the usual SIGIO
        fcntl.fcntl(descriptor, set_lease, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    else:
        with suppress(OSError):
            fcntl.fcntl(descriptor, set_lease, fcntl.F_UNLCK)
        return False
    finally:
        os.close(descriptor)


def has_its_end(path: Path) -> bool:
    """Return whether a file ends as its format does; True for formats that have no such end.

    Some programs give a copy its full size before they fill it, and some cameras write more behind the end.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
    except OSError:
        return False
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return size >= 8 + int.from_bytes(start[4:8], "little") and not tail.endswith(bytes(64))
    return size > 0 and all(end in tail for begin, end in _ENDS.items() if start.startswith(begin))
