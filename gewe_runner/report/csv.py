"""messages.csv: every message and every skipped row as a line of a spreadsheet."""

import functools
from collections.abc import Sequence
from typing import TextIO

from gewe_runner import words
from gewe_runner.model import Record, RunInfo, Skip
from gewe_runner.report import cells, contents, files
from gewe_runner.report.tally import Tally

FILE = "messages.csv"

_exact = cells.exact

#: Devices, lists, reasons: few texts that stand in many rows.
_often = functools.lru_cache(128)(_exact)


def writer(draft: files.Draft) -> "_Writer":
    """Begin the file with the names of the columns; the messages follow, then the skips, whose state is `skipped`."""
    return _Writer(draft.stream)


class _Writer:
    def __init__(self, stream: TextIO) -> None:
        self._rows = cells.writer(stream)
        self._rows([contents.MESSAGE_FIELDS])

    def messages(self, batch: Sequence[Record]) -> None:
        self._rows(map(_message, batch))

    def skips(self, batch: Sequence[Skip]) -> None:
        self._rows(map(_skip, batch))

    def finish(self, run: RunInfo, tally: Tally) -> None:
        """Nothing: there are only rows."""


def _message(one: Record) -> tuple[str | int | None, ...]:
    seq, to_wxid, device, variant, source, row, sha256, state, reason, said, attempts, started, ended, *ids = one
    place = (_often(device), variant and _often(variant), _often(source), row, state, _often(reason), _often(said))
    when = (words.timestamp(started), words.timestamp(ended))
    return (seq, _exact(to_wxid), *place, attempts, *when, *map(_exact, ids), _exact(sha256))


def _skip(one: Skip) -> tuple[str | int | None, ...]:
    reason = f"{one.reason}: {one.text}" if one.text else str(one.reason)
    known = {"toWxid": one.to_wxid, "source": one.source, "state": "skipped", "reason": reason}
    return tuple(
        one.row if name == "row" else _exact(known[name]) if name in known else None for name in contents.MESSAGE_FIELDS
    )
