"""Tells a picture by its first bytes, whatever its name or header says: its kind, and how large it is drawn."""

import struct
from dataclasses import dataclass

PNG, JPEG = "PNG", "JPEG"

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
)
#: By what stands behind a length, at the fifth or ninth byte.
_BOXES = {b"ftypavif": "AVIF", b"ftypheic": "HEIC", b"ftypmif1": "HEIF"}

#: Markers of a JPEG that tell how large it is; the others between them (C4, C8, CC) tell of tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Markers that stand alone, without a length.
_BARE = frozenset(range(0xD0, 0xD9)) | {0x01}


@dataclass(frozen=True, slots=True)
class Size:
    """Of a picture, in pixels."""

    width: int
    height: int


def kind(data: bytes) -> str:
    """The kind of file that begins so, e.g. `PNG`, `WebP` or `HTML`; empty for one that nobody knows."""
    for beginning, name in _BEGINNINGS:
        if data.startswith(beginning):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if box := _BOXES.get(data[4:12]):
        return box
    text = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "HTML"
    if b"<svg" in text:
        return "SVG"
    return "XML" if text.startswith(b"<?xml") else ""


def size(data: bytes) -> Size | None:
    """How large a PNG or JPEG is drawn; None where the bytes do not say."""
    found = _png(data) if kind(data) == PNG else _jpeg(data) if kind(data) == JPEG else None
    return found if found and found.width and found.height else None


def _png(data: bytes) -> Size | None:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return None
    return Size(*struct.unpack(">II", data[16:24]))


def _jpeg(data: bytes) -> Size | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return Size(width, height)
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None
