"""failed.csv: the list rows whose messages this run does not bring, fit to be given back as a list."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from gewe_runner import words
from gewe_runner.model import Record, State
from gewe_runner.report import cells, files

FILE = "failed.csv"
#: Pending is not among them: sending again goes on with those.
STATES = (State.REJECTED, State.UNKNOWN, State.CANCELLED)

#: The rows of a list by its label, as (row number, values by column); None where it is no longer what it was.
Original = Callable[[str], Iterator[tuple[int, Mapping[str, str]]] | None]

_END: tuple[int, Mapping[str, str]] = (sys.maxsize, {})


class Writer:
    """Writes the list's columns as they are there, then state, reason and gateway text.

    A row whose list is not what it was has only its toWxid; then there are also the columns `source` and `row`.
    Where a list has a column of such a name itself, ours is called `gewe_…`. Lists of different columns share one
    header, so the rows wait until all columns are known; no list is read before a message of it failed.
    """

    def __init__(self, draft: files.Draft, original: Original) -> None:
        self._draft = draft
        self._walk = _Walk(original)
        # the columns of all failed rows, in order of appearance; whether every row was found
        self._columns: dict[str, None] = {}
        self._complete = True

    def messages(self, batch: Sequence[Record]) -> None:
        """Add those of them that failed."""
        for one in batch:
            if one.state in STATES:
                values = self._walk.values(one)
                self._complete = self._complete and values is not None
                self._columns |= dict.fromkeys(values or ())
                self._draft.wait(f"{json.dumps([one.to_wxid, _told(one), values or {}])}\n")

    def finish(self) -> None:
        """Write what has come together."""
        columns = [*([] if "toWxid" in self._columns else ["toWxid"]), *self._columns]
        ours = [*(() if self._complete else ("source", "row")), "state", "reason", "gateway_text"]
        stream = self._draft.stream
        stream.write(cells.MARK + cells.written([map(cells.safe, [*columns, *_free(ours, columns)])]))
        for to_wxid, told, values in map(json.loads, self._draft.waited()):
            theirs = [values.get(name, to_wxid if name == "toWxid" else "") for name in columns]
            stream.write(cells.written([map(cells.safe, [*theirs, *(told[name] for name in ours)])]))


def _told(one: Record) -> dict[str, str]:
    return {
        "source": one.source,
        "row": str(one.row),
        "state": one.state,
        "reason": words.line(one.reason, 1000),
        "gateway_text": words.line(one.gateway_text, 1000),
    }


def _free(names: Iterable[str], taken: Iterable[str]) -> Iterator[str]:
    used = set(taken)
    for name in names:
        while name in used:
            name = f"gewe_{name}"
        used.add(name)
        yield name


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
