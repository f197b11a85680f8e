"""messages.csv: every message and every skipped row as a line of a spreadsheet."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from gewe_runner.model import RunInfo, Skip
from gewe_runner.report import cells, contents, files
from gewe_runner.report.tally import Tally

FILE = "messages.csv"

_FIELDS = contents.MESSAGE_FIELDS
_LINE = ",".join(["%s"] * len(_FIELDS))
#: The API gives ids that are longer than a spreadsheet's numbers in every answer: they alone would call for care.
_LONG = ",".join("'%s" if name == "newMsgId" else "%s" for name in _FIELDS)
_ID = _FIELDS.index("newMsgId")


def messages(batch: contents.Batch) -> str:
    """A line each."""
    lines = [(_LONG if cells.is_long(row[_ID]) else _LINE) % row for row in batch.rows]
    return cells.joined(lines, len(_FIELDS)) or cells.written(map(_careful, batch.rows))


def skips(batch: Sequence[Skip]) -> str:
    """A line each, whose state is `skipped`."""
    return cells.written(_careful(_skip(one)) for one in batch)


def writer(draft: files.Draft) -> "_Writer":
    """Begin the file with the names of the columns."""
    return _Writer(draft.stream)


class _Writer:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stream.write(cells.MARK + cells.written([_FIELDS]))

    def messages(self, lines: str) -> None:
        self._stream.write(lines)

    skips = messages

    def finish(self, run: RunInfo, tally: Tally) -> None:
        """Nothing: there are only rows."""


def _careful(row: Iterable[str | int]) -> Iterator[str | int]:
    return (cells.exact(value) if isinstance(value, str) else value for value in row)


def _skip(one: Skip) -> Iterator[str | int]:
    reason = f"{one.reason}: {one.text}" if one.text else str(one.reason)
    known: dict[str, str | int] = {
        "toWxid": one.to_wxid,
        "source": one.source,
        "row": one.row,
        "state": "skipped",
        "reason": reason,
    }
    return (known.get(name, "") for name in _FIELDS)
