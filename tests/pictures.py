"""Small pictures for tests: whole PNG and JPEG files of any size in pixels."""

import struct
import zlib


def png(width: int = 720, height: int = 576, *, padding: int = 0) -> bytes:
    """A black PNG; `padding` makes the file so many bytes longer."""
    rows = (b"\0" + bytes((width + 7) // 8)) * height
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), *([(b"teXt", bytes(padding))] if padding else [])]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in [*chunks, (b"IEND", b"")])


def jpeg(width: int = 720, height: int = 576, *, exif: int = 0) -> bytes:
    """The headers of a JPEG, and the beginning of its picture; `exif` is the length of what stands before them."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    parts = [(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"), *([(0xE1, bytes(exif))] if exif else []), (0xDB, bytes(65))]
    parts += [(0xC0, frame), (0xDA, b"\x01\x01\0\0\x3f\0")]
    segments = (bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body for marker, body in parts)
    return b"\xff\xd8" + b"".join(segments) + b"\x2a\xff\xd9"


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
