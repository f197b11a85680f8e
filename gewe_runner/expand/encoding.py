"""Finds out, in one pass and bounded memory, how a text list is encoded."""

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

from gewe_runner import errors
from gewe_runner.expand.content import Content
from gewe_runner.problems import Problems
from gewe_runner.rules import lists

_CHUNK = 1024 * 1024
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
}
_WRONG_BYTE = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")


class Encoding(NamedTuple):
    """The arguments `encoding` and `errors` with which a list is opened."""

    codec: str
    #: `surrogateescape` where single rows hold bytes that are no text.
    errors: str = "strict"


def detect(content: Content, name: str, problems: Problems) -> Encoding:
    """UTF-8 with or without its mark, UTF-8 with some damaged rows, or else GB18030.

    Raises:
        errors.InvalidError: None of them, or no text at all; the problem has been added.
    """
    _check_text(content, name, problems)
    fault = _fault(content, "utf-8")
    if fault is None:
        return Encoding("utf-8-sig")
    if _is_damaged_utf8(content):
        return Encoding("utf-8-sig", "surrogateescape")
    if _fault(content, "gb18030") is None:
        problems.add(lists.GB18030.at(name, None, "not UTF-8, so read as GB18030; check the names in the preview"))
        return Encoding("gb18030")
    offset, byte = fault
    message = f"neither UTF-8 nor GB18030 (byte 0x{byte:02x} at offset {offset}); save the list as UTF-8"
    problems.add(lists.ENCODING.at(name, None, message))
    raise errors.InvalidError(f"{name} is not UTF-8")


def _chunks(content: Content) -> Iterator[bytes]:
    with content.open() as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _check_text(content: Content, name: str, problems: Problems) -> None:
    line = 1
    for number, chunk in enumerate(_chunks(content)):
        kind = next((kind for magic, kind in _MAGIC.items() if number == 0 and chunk.startswith(magic)), None)
        if number == 0 and chunk.startswith(_UTF16):
            problems.add(lists.ENCODING.at(name, None, "the list is UTF-16; save it as CSV UTF-8"))
        elif kind:
            problems.add(lists.BINARY.at(name, None, f"this is {kind}, not text; export the list as CSV UTF-8"))
        elif (nul := chunk.find(b"\0")) >= 0:
            line += chunk.count(b"\n", 0, nul)
            message = f"a NUL byte in line {line}: not a text file, or a damaged one; export it as CSV UTF-8"
            problems.add(lists.BINARY.at(name, None, message))
        else:
            line += chunk.count(b"\n")
            continue
        raise errors.InvalidError(f"{name} is not text")


def _fault(content: Content, codec: str) -> tuple[int, int] | None:
    """Offset and value of the first byte that the codec cannot read."""
    decoder, read = codecs.getincrementaldecoder(codec)(), 0
    try:
        for chunk in _chunks(content):
            read += len(chunk)
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as exc:
        return read - len(exc.object) + exc.start, exc.object[exc.start]
    return None


def _is_damaged_utf8(content: Content) -> bool:
    # GB18030 text gives by chance a few valid UTF-8 characters, damaged UTF-8 gives many for each wrong byte.
    decoder, wrong, right = codecs.getincrementaldecoder("utf-8")("surrogateescape"), 0, 0
    for chunk in _chunks(content):
        text = decoder.decode(chunk)
        bad = len(_WRONG_BYTE.findall(text))
        wrong += bad
        right += len(_NOT_ASCII.findall(text)) - bad
    return wrong < right
