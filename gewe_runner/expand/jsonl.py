"""Recipients in .jsonl files: one JSON object a line."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gewe_runner import errors
from gewe_runner.expand import content
from gewe_runner.expand.content import Content
from gewe_runner.expand.table import Row, Table
from gewe_runner.model import Position, Source
from gewe_runner.problems import Problems
from gewe_runner.rules import lists

#: In bytes; longer lines would be held in memory as a whole.
_LINE_LENGTH = 1_000_000
#: JSON can spell what no text can hold.
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_EXAMPLE = 'write one object a line, e.g. {"toWxid": "wxid_a"}'


class _RowError(Exception):
    """What is wrong with a line, and where in it (from 1)."""

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.column = column


def read(source: Source, project: Path, problems: Problems) -> Table:
    """A list whose columns are the names of its first object; numbers keep their digits as written.

    Raises:
        errors.InvalidError: It cannot be read, or its first lines are too long; the problem has been added.
    """
    rows = _rows(content.of(source, project, problems), source.name, problems)
    first = next(rows, None)
    return Table(
        names=tuple(first[1]) if first else (),
        rows=itertools.chain((first,), rows) if first else rows,
    )


def _rows(opened: Content, name: str, problems: Problems) -> Iterator[Row]:
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=_not_a_number)
    with opened.open() as file:
        for row, line in enumerate(_lines(file, name, problems), start=1):
            try:
                values = _values(decoder, line)
            except _RowError as exc:
                problems.add(lists.JSON.at(name, Position(row, exc.column), str(exc)))
            except UnicodeDecodeError as exc:
                message = f"byte 0x{exc.object[exc.start]:02x} is not UTF-8; save the list as UTF-8"
                problems.add(lists.ENCODING.at(name, Position(row, exc.start + 1), message))
            else:
                if values:
                    yield row, values


def _lines(file: BinaryIO, name: str, problems: Problems) -> Iterator[bytes]:
    row = 1
    while line := file.readline(_LINE_LENGTH):
        if len(line) == _LINE_LENGTH:
            problems.add(
                lists.SIZE.at(name, Position(row, 1), f"the line is longer than {_LINE_LENGTH:,} bytes; {_EXAMPLE}")
            )
            raise errors.InvalidError(f"{name} cannot be read")
        yield line
        row += 1


def _values(decoder: json.JSONDecoder, line: bytes) -> dict[str, str]:
    text = line.decode().lstrip("\ufeff").strip()
    if not text:
        return {}
    try:
        item = decoder.decode(text)
    except json.JSONDecodeError as exc:
        raise _RowError(f"this is not JSON ({exc.msg[:1].lower()}{exc.msg[1:]}); {_EXAMPLE}", exc.colno) from exc
    except RecursionError as exc:
        raise _RowError(f"values are nested too deep; {_EXAMPLE}") from exc
    if not isinstance(item, dict) or not item:
        raise _RowError(f"the line is no object with names and values; {_EXAMPLE}")
    values = {name: value if isinstance(value, str) else _text(name, value) for name, value in item.items()}
    if "\\u" in text and any(_HALF_CHARACTER.search(part) for part in (*values, *values.values())):
        raise _RowError(r"an escape \ud800 to \udfff is half a character; write the character itself")
    return values


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    item = dict(pairs)
    if len(item) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _RowError(f'"{twice}" stands twice in one object; delete one of the two')
    return item


def _not_a_number(word: str) -> str:
    raise _RowError(f"{word} is not JSON; write a number, a text or null")


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    kind = "a list" if isinstance(value, list) else "an object"
    raise _RowError(f'"{name}" is {kind}, but a column holds one text; give each part a name of its own')
