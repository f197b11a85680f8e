"""Recipients in .csv and .tsv files."""

import csv
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from gewe_runner import errors
from gewe_runner.expand import columns, content, encoding
from gewe_runner.expand import header as named
from gewe_runner.expand.content import Content
from gewe_runner.expand.table import Row, Table
from gewe_runner.model import Position, Source
from gewe_runner.problems import Problems
from gewe_runner.rules import Rule, lists

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_WORDS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", "，": "full-width commas"}
#: Longer lines would be held in memory as a whole.
_LINE_LENGTH = 1_000_000
_FIELD_LENGTH = 131_072


class _LongLineError(Exception):
    pass


def read(source: Source, project: Path, problems: Problems) -> Table:
    """A list whose first row names the columns; rows are counted as a spreadsheet counts them.

    Raises:
        errors.InvalidError: It or its header cannot be used; the problems have been added.
    """
    opened = content.of(source, project, problems)
    name, delimiter = source.name, _DELIMITERS[opened.form]
    records = _records(opened, name, delimiter, problems)
    row, header = next(records, (1, []))
    while header and not header[-1].strip():
        header.pop()  # columns that only once held something, as spreadsheets save them
    following = next(records, None)
    if len(header) == 1:
        _check_single(header[0], Position(row, 1), following, delimiter, source, problems)
    names = _names(header, row, name, problems) if header else ()
    return Table(
        names=names,
        rows=_rows(itertools.chain([following] if following else [], records), names, name, problems),
        numbers={column: number for number, column in enumerate(names, start=1)},
    )


def _rows(
    records: Iterator[tuple[int, list[str]]], names: tuple[str, ...], path: str, problems: Problems
) -> Iterator[Row]:
    width = len(names)
    for row, fields in records:
        while len(fields) > width and not fields[-1].strip():
            fields.pop()
        if len(fields) == width:
            yield row, dict(zip(names, fields, strict=True))
        else:
            at = Position(row, min(len(fields), width) + 1)
            message = (
                f"the row has {len(fields)} fields, the header {width}; put fields that hold the separator in quotes"
            )
            problems.add(lists.ROW.at(path, at, message))


def _records(opened: Content, name: str, delimiter: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, with its number."""
    codec = encoding.detect(opened, name, problems)
    csv.field_size_limit(_FIELD_LENGTH)
    with io.TextIOWrapper(opened.open(), encoding=codec.codec, errors=codec.errors, newline="") as file:
        row = 0
        try:
            for row, fields in enumerate(csv.reader(_lines(file), delimiter=delimiter, strict=True), start=1):
                if not any(map(str.strip, fields)):
                    continue
                if codec.errors == "strict" or not _is_damaged(fields, row, name, problems):
                    yield row, fields
        except _LongLineError as exc:
            message = f"a line has more than {_LINE_LENGTH:,} characters; this is no list, or its line ends are missing"
            problems.add(lists.SIZE.at(name, Position(row + 1, 1), message))
            raise errors.InvalidError(f"{name} cannot be read") from exc
        except csv.Error as exc:
            rule, message = _broken(str(exc))
            problems.add(rule.at(name, Position(row + 1, 1), message))
            raise errors.InvalidError(f"{name} cannot be read") from exc


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(_LINE_LENGTH):
        if len(line) == _LINE_LENGTH:
            raise _LongLineError
        yield line


def _is_damaged(fields: list[str], row: int, name: str, problems: Problems) -> bool:
    for column, field in enumerate(fields, start=1):
        try:
            field.encode()
        except UnicodeEncodeError as exc:
            byte = ord(field[exc.start]) - 0xDC00
            message = f"byte 0x{byte:02x} in this field is not UTF-8, as the rest of the list is; write the field anew"
            problems.add(lists.ENCODING.at(name, Position(row, column), message))
            return True
    return False


def _broken(reason: str) -> tuple[Rule, str]:
    if "field limit" in reason:
        return lists.SIZE, f"a field has more than {_FIELD_LENGTH:,} characters, or a quote in this row is never closed"
    if "unexpected end" in reason:
        return lists.QUOTE, "a quote that opens in this row is never closed; close it"
    return lists.QUOTE, 'text follows a closing quote in this row; write a quote within a quoted field twice: ""'


def _check_single(
    header: str,
    at: Position,
    following: tuple[int, list[str]] | None,
    delimiter: str,
    source: Source,
    problems: Problems,
) -> None:
    """Refuse a first row that is one column only because it is separated otherwise, or no header at all."""
    rule, message = lists.DELIMITER, ""
    if other := next((mark for mark in _WORDS if mark != delimiter and mark in header), None):
        message = f"separate the columns by {_WORDS[delimiter]}, not {_WORDS[other]}"
        message += ", or name the file .tsv" if other == "\t" else ", or name the file .csv" if other == "," else ""
    elif following and not columns.is_id_name(header) and sum(map(bool, map(str.strip, following[1]))) > 1:
        rule, message = lists.HEADER, named.title(header)
    if message:
        problems.add(rule.at(source.name, at, message))
        raise errors.InvalidError(f"the header of {source.name} cannot be read")


def _names(header: list[str], row: int, path: str, problems: Problems) -> tuple[str, ...]:
    before = problems.met
    names = named.names(
        header, lambda rule, number, message: problems.add(rule.at(path, Position(row, number), message))
    )
    if problems.met > before:
        raise errors.InvalidError(f"the header of {path} cannot be used")
    return names
