"""Reads the XML of a sheet as it streams by: no row is kept, however long the sheet is."""

import re
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple
from xml.parsers import expat

_CHUNK = 64 * 1024
#: A sheet has no more columns, and no cell a longer text; beyond that it is an attack.
_COLUMNS = 16_384
_LENGTH = 1_000_000

_RANGE = re.compile("([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")

#: The two dialects of the format, as programs write it and as the standard would have it.
_SPACES = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")


class Cell(NamedTuple):
    """A cell that holds something, as the file has it."""

    #: From 1.
    column: int
    #: `n` a number or date, `s` the number of a shared text, `str` and `inlineStr` a text, `b`, `e` an error, `d`.
    kind: str
    #: Which of the workbook's styles it has.
    style: int
    content: str
    is_formula: bool


class Line(NamedTuple):
    """A row of the sheet and those of its cells that hold something."""

    number: int
    cells: list[Cell]
    is_hidden: bool


class Merged(NamedTuple):
    """Cells that look like one, such as `A1:C1`; they come behind all rows."""

    range: str
    left: int
    top: int
    right: int
    bottom: int


class FormatFault(ValueError):  # noqa: N818 - a fault of the file, not of the program
    """The file is not written as workbooks are."""


def names(*tags: str) -> dict[str, str]:
    """The plain names of elements by those that expat gives with `namespace_separator=" "`."""
    return {f"{space} {tag}": tag for space in _SPACES for tag in tags}


def read(part: IO[bytes]) -> Iterator[Line | Merged]:
    """The rows of a sheet that hold something, and then what is merged in it.

    Raises:
        FormatFault: it is no sheet. What is damaged below (the packing, the XML) raises what its library raises.
    """
    sheet = _Sheet()
    parser = parser_for(sheet.start, sheet.end, sheet.text)
    while chunk := part.read(_CHUNK):
        parser.Parse(chunk, False)
        yield from sheet.taken()
    parser.Parse(b"", True)
    yield from sheet.taken()


def parser_for(
    start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], text: Callable[[str], None]
) -> expat.XMLParserType:
    """A parser that calls these; a document type, which could nest entities without end, is refused."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def _refuse(*_: object) -> None:
    raise FormatFault("it has a document type, which no workbook has")


class _Sheet:
    """What is known in the midst of a sheet."""

    _NAMES = names("row", "c", "v", "f", "t", "rPh", "mergeCell")

    def __init__(self) -> None:
        self._found: list[Line | Merged] = []
        self._line = Line(0, [], is_hidden=False)
        self._attributes: dict[str, str] = {}
        self._column = 0
        self._columns: dict[str, int] = {}
        self._is_formula = False
        #: The texts of the cell at hand, and how long they are together.
        self._texts: list[str] = []
        self._length = 0
        self._is_reading = False
        #: Within what tells how a text is pronounced.
        self._is_phonetic = False

    def taken(self) -> list[Line | Merged]:
        found, self._found = self._found, []
        return found

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = self._NAMES.get(name)
        if tag == "c":
            reference = attributes.get("r")
            self._column = self._number(reference) if reference else self._column + 1
            self._attributes, self._is_formula, self._texts, self._length = attributes, False, [], 0
        elif tag in ("v", "t"):
            self._is_reading = not self._is_phonetic
        elif tag == "f":
            self._is_formula = True
        elif tag == "rPh":
            self._is_phonetic = True
        elif tag == "row":
            number = attributes.get("r")
            hidden = attributes.get("hidden") in ("1", "true")
            self._line = Line(int(number) if number else self._line.number + 1, [], is_hidden=hidden)
            self._column = 0
        elif tag == "mergeCell":
            self._found.append(_merged(attributes.get("ref", "")))

    def text(self, data: str) -> None:
        if self._is_reading:
            self._texts.append(data)
            self._length += len(data)
            if self._length > _LENGTH:
                raise FormatFault(f"a cell in row {self._line.number} holds more than {_LENGTH:,} characters")

    def end(self, name: str) -> None:
        tag = self._NAMES.get(name)
        if tag in ("v", "t"):
            self._is_reading = False
        elif tag == "c":
            self._cell("".join(self._texts))
        elif tag == "rPh":
            self._is_phonetic = False
        elif tag == "row" and self._line.cells:
            self._found.append(self._line)

    def _cell(self, content: str) -> None:
        if content or self._is_formula:
            kind, style = self._attributes.get("t", "n"), int(self._attributes.get("s", 0))
            self._line.cells.append(Cell(self._column, kind, style, content, self._is_formula))
            if len(self._line.cells) > _COLUMNS:
                raise FormatFault(f"row {self._line.number} has more than {_COLUMNS:,} cells")

    def _number(self, reference: str) -> int:
        """The number of a cell's column by its reference, such as `AB12`."""
        letters = reference.rstrip("0123456789")
        number = self._columns.get(letters)
        if number is None:
            if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
                raise FormatFault(f"{reference[:20]} is no cell")
            number = self._columns[letters] = _base26(letters.upper())
        return number


def _merged(reference: str) -> Merged:
    found = _RANGE.fullmatch(reference)
    if not found:
        raise FormatFault(f"{reference[:20]} are no merged cells")
    left, top, right, bottom = found.groups()
    return Merged(reference, _base26(left), int(top), _base26(right), int(bottom))


def _base26(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
