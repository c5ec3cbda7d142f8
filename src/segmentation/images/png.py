"""PNG files as a list of chunks: texts are left out unread, and check sums and sizes are checked."""

import io
import struct
import zlib
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_DEFLATED = 1032  # bytes that one byte can become

_NEEDED = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"})
_ABOUT = frozenset({b"tRNS", b"pHYs", b"eXIf", b"gAMA", b"cHRM", b"sRGB"})
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_TEXTS = frozenset({b"tEXt", b"zTXt"})
_OLD_EXIF = b"Raw profile type exif\0"  # where ImageMagick kept it before PNG had a place for it
_HEADER_BYTES = 13
_MOST_METADATA = 1 << 24  # bytes of a colour profile, unpacked
_MOST_TEXT = 1 << 19  # of what is kept, far below Pillow's limit


class PngChunks:
    """The chunks of a PNG that make its picture.

    `content` is the file with those chunks alone, in a state that Pillow reads whatever else the file held.
    `icc_profile` is its colour profile, `notes` say what was left out as damaged. Where only its `header` was
    asked for, it ends before the pixels. Raises ValueError for damage in what makes the pixels.
    """

    def __init__(self, file: BinaryIO, *, header: bool = False):
        self.icc_profile: bytes | None = None
        self.notes: tuple[str, ...] = ()
        self._kept = [SIGNATURE]
        self._data_bytes = 0
        file.seek(len(SIGNATURE))
        while start := file.read(8):
            if len(start) < 8:
                raise ValueError("the file ends too early")
            length, kind = struct.unpack(">I4s", start)
            if header and kind == b"IDAT":
                self._kept.append(start)
                break
            if not self._take(file, start, length, kind) or kind == b"IEND":
                break

    @property
    def content(self) -> BinaryIO:
        """The file without what makes no pixels."""
        return io.BytesIO(b"".join(self._kept))

    def _take(self, file: BinaryIO, start: bytes, length: int, kind: bytes) -> bool:
        """Read or skip a chunk; return whether there is more."""
        wanted = kind in _NEEDED or kind in _ABOUT or kind == b"iCCP" or kind in _TEXTS
        if not wanted and kind[:1].isupper() and kind.isalpha():
            wanted = True  # kept for a reader that needs to understand it
        if not wanted or (kind in _TEXTS and length > _MOST_TEXT):
            file.seek(length + 4, io.SEEK_CUR)
            return True
        content, check = file.read(length), file.read(4)
        sound = len(content) == length and check == struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
        if not sound:
            if kind in _NEEDED:
                short = len(content) < length or len(check) < 4
                raise ValueError("the file ends too early" if short else "damaged: a check sum does not fit")
            self.notes = ("damaged metadata ignored",)
            return len(content) == length
        if kind == b"iCCP":
            self._take_profile(content)
        elif kind not in _TEXTS or self._is_exif(content):
            self._kept += [start, content, check]
            self._data_bytes += length if kind == b"IDAT" else 0
        return True

    def _take_profile(self, content: bytes) -> None:
        packed = content.partition(b"\0")[2][1:]  # behind its name and the way it is packed
        unpacking = zlib.decompressobj()
        try:
            profile = unpacking.decompress(packed, _MOST_METADATA)
        except zlib.error:
            profile = b""
        if unpacking.eof and profile:
            self.icc_profile = profile
        elif unpacking.unconsumed_tail:
            self.notes = ("a colour profile of more than 16 MB left out",)
        else:
            self.notes = ("damaged metadata ignored",)

    @staticmethod
    def _is_exif(content: bytes) -> bool:
        if not content.startswith(_OLD_EXIF):
            return False
        unpacking = zlib.decompressobj()
        try:
            unpacking.decompress(content[len(_OLD_EXIF) + 1 :], _MOST_TEXT)
        except zlib.error:
            return False
        return not unpacking.unconsumed_tail

    def check_size(self) -> None:
        """Raise ValueError where the pixels would be more than their data can hold."""
        if self._kept[1:2] and self._kept[1][4:] == b"IHDR" and len(self._kept[2]) == _HEADER_BYTES:
            width, height, bits, colour = struct.unpack_from(">IIBB", self._kept[2])
            if width * height * bits * _CHANNELS.get(colour, 1) > 8 * MOST_DEFLATED * self._data_bytes:
                raise ValueError("the file ends too early")
