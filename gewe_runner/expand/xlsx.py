"""Recipients in .xlsx workbooks, as people save them: every cell is read as it is meant, or named."""

import itertools
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING
from xml.etree import ElementTree
from xml.parsers import expat

from gewe_runner import errors, words
from gewe_runner.expand import content, values
from gewe_runner.expand import header as named
from gewe_runner.expand.cells import Cell, Merged
from gewe_runner.expand.content import Content
from gewe_runner.expand.table import Row, Table
from gewe_runner.model import Position, Source
from gewe_runner.problems import Problems
from gewe_runner.rules import Rule, lists

#: The number of a row, and what its cells hold by the number of the column; None where that cannot be said.
_Line = tuple[int, Mapping[int, str | None]]

if TYPE_CHECKING:
    from gewe_runner.expand.workbook import Sheet, Workbook

_OLD = b"\xd0\xcf\x11\xe0"

#: What the libraries raise where a file is no workbook, or a damaged one.
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    expat.ExpatError,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)


def read(source: Source, project: Path, problems: Problems) -> Table:
    """The sheet that is named, else the first that can be seen; its first row that is not blank names the columns.

    Raises:
        errors.InvalidError: It or its header cannot be used; the problems have been added.
    """
    opened = content.of(source, project, problems)
    sheet = _Sheet(source, problems)
    lines = sheet.lines(opened)  # looked into before they are asked for, so they hold texts, not cells
    head = next(lines, None)
    if head is None:
        return Table(names=(), rows=iter(()))
    following = next(lines, None)
    first, names = sheet.header(head, following)
    return Table(
        names=names,
        rows=sheet.rows(itertools.chain([following] if following else [], lines), first, names),
        numbers={name: number for number, name in enumerate(names, start=first)},
        sheet=sheet.name,
    )


class _Sheet:
    """One sheet while it is read: what it is called in problems, and what is only known at its end."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self._source = source
        self._problems = problems
        #: What it is called; known once it has been chosen.
        self.name = source.sheet or ""
        #: Hidden rows: how many, and the first.
        self._hidden = (0, 0)
        #: Where the table lies, as far as it has been read: columns and rows, first and last.
        self._columns = (1, 1)
        self._span = (1, 1)

    def lines(self, opened: Content) -> Iterator[_Line]:
        """The rows that hold something; what is merged or hidden is told behind the last one."""
        try:
            with _seekable(opened) as file, self._opened(file) as book:
                sheet = self._chosen(book)
                self.name = sheet.name
                for line in book.lines(sheet):
                    if isinstance(line, Merged):
                        self._tell_merged(line)
                        continue
                    texts = {cell.column: self._text(book, line.number, cell) for cell in line.cells}
                    if not any(text is None or text.strip() for text in texts.values()):
                        continue  # nothing but blanks, as a deleted row leaves them
                    if line.is_hidden:
                        self._hidden = (self._hidden[0] + 1, self._hidden[1] or line.number)
                    yield line.number, texts
                self._tell_hidden()
        except _FAULTS as exc:
            raise self._damaged(exc) from exc

    def header(self, head: _Line, following: _Line | None) -> tuple[int, tuple[str, ...]]:
        """The number of the first column, and the names of all.

        Raises:
            errors.InvalidError: A column has none, or another's; the problems have been added.
        """
        before = self._problems.met
        row, texts = head
        written = {column: text for column, text in texts.items() if text and text.strip()}
        first, last = min(written, default=1), max(written, default=1)
        self._columns, self._span = (first, last), (row, row)
        if len(written) == 1 == len(texts) and following is not None and len(following[1]) > 1:
            self._tell(lists.HEADER, row, first, named.title(written[first]))
        names = named.names(
            [written.get(column, "") for column in range(first, last + 1)],
            lambda rule, column, message: self._tell(rule, row, column, message),
            first=first,
        )
        if self._problems.met > before or None in texts.values():
            raise errors.InvalidError(f"the header of {self._source.name} cannot be used")
        return first, names

    def rows(self, lines: Iterator[_Line], first: int, names: Sequence[str]) -> Iterator[Row]:
        """The rows below the header; a row with a cell that cannot be read is left out."""
        width = len(names)
        for row, texts in lines:
            fields, is_whole = [""] * width, True
            for column, text in texts.items():
                if text is None:
                    is_whole = False
                elif 0 <= column - first < width:
                    fields[column - first] = text
                elif text.strip():
                    is_whole = False
                    message = "the cell stands beside the columns that the first row names; name its column or clear it"
                    self._tell(lists.CELL, row, column, message)
            if any(fields):
                self._span = (self._span[0], row)
                if is_whole:
                    yield row, dict(zip(names, fields, strict=True))

    def _text(self, book: "Workbook", row: int, cell: Cell) -> str | None:
        try:
            return book.text(cell)
        except values.ValueFault as fault:
            self._tell(lists.CELL, row, cell.column, str(fault))
            return None

    def _opened(self, file: IO[bytes]) -> "Workbook":
        try:
            from gewe_runner.expand import workbook
        except ImportError as exc:
            message = f"{self._source.name}: a library reads workbooks; install it: pip install 'gewe-runner[xlsx]'"
            self._problems.add(lists.LIBRARY.at(self._source.document, self._source.position, message))
            raise errors.InvalidError(f"{self._source.name} cannot be read") from exc
        begin = file.read(len(_OLD))
        if begin == _OLD:
            raise self._refused("an old workbook, or one with a password; save it as .xlsx, without a password")
        if not begin.startswith(b"PK"):
            raise self._refused("this is no workbook; name the list by what it is, or save it as .xlsx")
        return workbook.Workbook(file)

    def _chosen(self, book: "Workbook") -> "Sheet":
        wanted = self._source.sheet
        if wanted is not None:
            found = next((one for one in book.sheets if one.name.casefold() == wanted.casefold()), None)
            if found is None:
                names = ", ".join(one.name for one in book.sheets)
                raise self._no_sheet(f'there is no sheet "{wanted}"; there are: {names}')
            return found
        seen = [one for one in book.sheets if not one.is_hidden]
        if not seen:
            raise self._no_sheet("every sheet is hidden; say which with `sheet`")
        others = [one.name for one in seen[1:] if next(book.lines(one), None)]
        if others:
            message = f'the sheet "{seen[0].name}" is read, and not: {", ".join(others)}; choose with `sheet`'
            self._problems.add(lists.OTHER_SHEETS.at(self._source.document, self._source.position, message))
        return seen[0]

    def _no_sheet(self, message: str) -> errors.InvalidError:
        source = self._source
        self._problems.add(lists.SHEET.at(source.document, source.position, f"{source.name}: {message}"))
        return errors.InvalidError(f"{source.name} cannot be read")

    def _refused(self, reason: str) -> errors.InvalidError:
        self._problems.add(lists.WORKBOOK.of_list(self._source, reason))
        return errors.InvalidError(f"{self._source.name} cannot be read")

    def _damaged(self, fault: Exception) -> errors.InvalidError:
        said = words.line(str(fault), 100) or type(fault).__name__
        return self._refused(f"the workbook is damaged ({said}); open it in a spreadsheet program and save it again")

    def _tell(self, rule: Rule, row: int, column: int, message: str) -> None:
        said = f"sheet {self.name}, cell {_letters(column)}{row}: {message}"
        self._problems.add(rule.at(self._source.name, Position(row, column), said))

    def _tell_merged(self, merged: Merged) -> None:
        (first, last), (head, end) = self._columns, self._span
        if merged.left <= last and merged.right >= first and merged.top <= end and merged.bottom >= head:
            message = f"the cells {merged.range} are merged, so only one of them has a value; unmerge and fill them"
            self._tell(lists.CELL, merged.top, merged.left, message)

    def _tell_hidden(self) -> None:
        count, first = self._hidden
        if count:
            counted = "1 row is" if count == 1 else f"{count:,} rows are"
            message = (
                f"sheet {self.name}: {counted} hidden, by hand or by a filter, and read like all others; "
                "delete such rows, or leave them out with `where`"
            )
            place = Position(first, self._columns[0])
            self._problems.add(lists.HIDDEN_ROWS.at(self._source.name, place, message))


def _seekable(opened: Content) -> IO[bytes]:
    """The file itself; what is packed is unpacked first, since a workbook is read here and there."""
    file = opened.open()
    if file.seekable():
        return file
    with file:
        whole = tempfile.TemporaryFile(prefix="gewe-runner-")  # noqa: SIM115 - closed by the caller
        shutil.copyfileobj(file, whole)
    whole.seek(0)
    return whole


def _letters(column: int) -> str:
    """The name of a column, such as `AB`."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
