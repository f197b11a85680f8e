"""failed.csv: the list rows whose messages this run does not bring, fit to be given back as a list."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TextIO

from gewe_runner import words
from gewe_runner.model import Record, State
from gewe_runner.report import cells
from gewe_runner.report.contents import Contents

FILE = "failed.csv"
#: Pending is not among them: sending again goes on with those.
STATES = (State.REJECTED, State.UNKNOWN, State.CANCELLED)

#: The rows of a list by its label, as (row number, values by column); None where it is no longer what it was.
Original = Callable[[str], Iterator[tuple[int, Mapping[str, str]]] | None]

_END: tuple[int, Mapping[str, str]] = (sys.maxsize, {})


def write(content: Contents, original: Original, stream: TextIO) -> None:
    """Write the list's columns as they are there, then state, reason and gateway text.

    A row whose list is not what it was has only its toWxid; then there are also the columns `source` and `row`.
    Where a list has a column of such a name itself, ours is called `gewe_…`. The lists are read twice, because lists
    of different columns share one header; they are not read at all when nothing failed.
    """
    columns, complete = _columns(content, original)
    ours = [*(() if complete else ("source", "row")), "state", "reason", "gateway_text"]
    row = cells.writer(stream)
    row(map(cells.safe, [*columns, *_free(ours, columns)]))
    for record, values in _joined(content, original):
        listed = values or {}
        told = {
            "source": record.source,
            "row": str(record.row),
            "state": record.state,
            "reason": words.line(record.reason, 1000),
            "gateway_text": words.line(record.gateway_text, 1000),
        }
        theirs = [listed.get(name, record.to_wxid if name == "toWxid" else "") for name in columns]
        row(map(cells.safe, [*theirs, *(told[name] for name in ours)]))


def _columns(content: Contents, original: Original) -> tuple[list[str], bool]:
    """The columns of all failed rows in order of appearance, `toWxid` among them; and whether every row was found."""
    columns: dict[str, None] = {}
    complete = True
    for _record, values in _joined(content, original):
        complete = complete and values is not None
        columns |= dict.fromkeys(values or ())
    names = list(columns)
    return (names if "toWxid" in columns else ["toWxid", *names]), complete


def _free(names: Iterable[str], taken: Iterable[str]) -> Iterator[str]:
    used = set(taken)
    for name in names:
        while name in used:
            name = f"gewe_{name}"
        used.add(name)
        yield name


def _joined(content: Contents, original: Original) -> Iterator[tuple[Record, Mapping[str, str] | None]]:
    """The failed records, each with its row of the list."""
    if any(content.tally.totals[state] for state in STATES):
        walk = _Walk(original)
        for record in content.records():
            if record.state in STATES:
                yield record, walk.values(record)


class _Walk:
    """Goes through the lists beside the records, which come in plan order: list by list, each from its top down."""

    def __init__(self, original: Original) -> None:
        self._original = original
        self._source: str | None = None
        self._rows: Iterator[tuple[int, Mapping[str, str]]] = iter(())
        self._asked = 0
        self._at: tuple[int, Mapping[str, str]] = _END

    def values(self, record: Record) -> Mapping[str, str] | None:
        """The row that a record came from; None if it is not there or is another person's now."""
        # Upwards within one list: the campaign names the list a second time.
        if record.source != self._source or record.row <= self._asked:
            self._source = record.source
            self._rows = self._original(record.source) or iter(())
            self._at = next(self._rows, _END)
        self._asked = record.row
        while self._at[0] < record.row:
            self._at = next(self._rows, _END)
        row, values = self._at
        # The list may still have the blanks around an id that were stripped for sending.
        found = row == record.row and record.to_wxid in values.get("toWxid", record.to_wxid)
        return values if found else None
