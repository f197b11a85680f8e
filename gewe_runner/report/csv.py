"""messages.csv: every message and every skipped row as a line of a spreadsheet."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from gewe_runner import words
from gewe_runner.model import Record, RunInfo, Skip
from gewe_runner.report import cells, contents, files
from gewe_runner.report.tally import Tally

FILE = "messages.csv"

_TABBED = cells.TAB.join(["%s"] * len(contents.MESSAGE_FIELDS))


def writer(draft: files.Draft) -> "_Writer":
    """Begin the file with the names of the columns; the messages follow, then the skips, whose state is `skipped`."""
    return _Writer(draft.stream)


class _Writer:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rows = cells.writer(stream)
        self._rows([contents.MESSAGE_FIELDS])

    def messages(self, batch: Sequence[Record]) -> None:
        rows = [_message(one) for one in batch]
        text = cells.joined([_TABBED % row for row in rows], len(contents.MESSAGE_FIELDS))
        if text is None:
            self._rows(map(_careful, rows))
        else:
            self._stream.write(text)

    def skips(self, batch: Sequence[Skip]) -> None:
        self._rows(_careful(_skip(one)) for one in batch)

    def finish(self, run: RunInfo, tally: Tally) -> None:
        """Nothing: there are only rows."""


def _careful(row: Iterable[str | int]) -> Iterator[str | int]:
    return (cells.exact(value) if isinstance(value, str) else value for value in row)


def _message(one: Record) -> tuple[str | int, ...]:
    seq, to_wxid, device, variant, source, row, sha256, state, reason, said, attempts, started, ended, *ids = one
    msg_id, new_msg_id, create_time = ids
    begun, over = words.timestamp(started) or "", words.timestamp(ended) or ""
    # longer than a spreadsheet's numbers in every answer, so that it alone would call for care
    new_msg_id = cells.exact(new_msg_id)
    return (
        *(seq, to_wxid, device, variant or "", source, row, state, reason, said, attempts, begun, over),
        *(msg_id, new_msg_id, create_time, sha256),
    )


def _skip(one: Skip) -> Iterator[str | int]:
    reason = f"{one.reason}: {one.text}" if one.text else str(one.reason)
    known: dict[str, str | int] = {
        "toWxid": one.to_wxid,
        "source": one.source,
        "row": one.row,
        "state": "skipped",
        "reason": reason,
    }
    return (known.get(name, "") for name in contents.MESSAGE_FIELDS)
