"""The texts of a workbook, which its cells share by number, laid out on the disk: a long list has millions of them."""

import functools
import os
import re
import struct
import tempfile
from typing import IO

from gewe_runner.expand import cells

_CHUNK = 64 * 1024
_PLACE = struct.Struct("<QQ")
#: What the format writes for characters that XML cannot hold, and for what would look so.
_ESCAPED = re.compile("_x((?![Dd][89A-Fa-f])[0-9A-Fa-f]{4})_")


class Strings:
    """The shared texts by number; `close` removes them from the disk."""

    def __init__(self) -> None:
        self._texts = tempfile.TemporaryFile(prefix="gewe-runner-")  # noqa: SIM115 - closed by `close`
        #: Where each text begins, and behind the last one where it ends: 8 bytes each.
        self._places = tempfile.TemporaryFile(prefix="gewe-runner-")  # noqa: SIM115 - closed by `close`
        self._count = 0
        # cities and stores are the same in many rows
        self._get = functools.lru_cache(maxsize=4096)(self._read)

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < self._count:
            raise cells.FormatFault(f"it has no text number {number}")
        return self._get(number)

    def close(self) -> None:
        self._texts.close()
        self._places.close()

    def fill(self, part: IO[bytes]) -> None:
        """Lay out the texts of a workbook.

        Args:
            part: Their XML.
        """
        table = _Table()
        parser = cells.parser_for(table.start, table.end, table.text)
        end = 0
        self._places.write(end.to_bytes(8, "little"))
        while chunk := part.read(_CHUNK):
            parser.Parse(chunk, False)
            for text in table.taken():
                encoded = text.encode()
                end += len(encoded)
                self._texts.write(encoded)
                self._places.write(end.to_bytes(8, "little"))
                self._count += 1
        parser.Parse(b"", True)
        self._texts.flush()
        self._places.flush()

    def _read(self, number: int) -> str:
        begin, end = _PLACE.unpack(os.pread(self._places.fileno(), _PLACE.size, number * (_PLACE.size // 2)))
        return os.pread(self._texts.fileno(), end - begin, begin).decode()


def unescaped(text: str) -> str:
    """A text as it is meant: `_x000A_` is a line feed, and `_x005F_` the `_` of what only looks so."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class _Table:
    """What is known in the midst of the texts: each is an `si` with one `t`, or with one in each of its runs."""

    _NAMES = cells.names("si", "t", "rPh")

    def __init__(self) -> None:
        self._found: list[str] = []
        self._parts: list[str] = []
        self._is_reading = False
        self._is_phonetic = False

    def taken(self) -> list[str]:
        found, self._found = self._found, []
        return found

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        tag = self._NAMES.get(name)
        if tag == "t":
            self._is_reading = not self._is_phonetic
        elif tag == "rPh":
            self._is_phonetic = True

    def text(self, data: str) -> None:
        if self._is_reading:
            self._parts.append(data)

    def end(self, name: str) -> None:
        tag = self._NAMES.get(name)
        if tag == "t":
            self._is_reading = False
        elif tag == "rPh":
            self._is_phonetic = False
        elif tag == "si":
            self._found.append(unescaped("".join(self._parts)))
            self._parts.clear()
