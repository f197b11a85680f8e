"""What a report is made of, how its files come about together, and the fields that they show of a message."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from gewe_runner import words
from gewe_runner.model import Record, RunInfo, Skip
from gewe_runner.report import files
from gewe_runner.report.tally import Tally

#: The fields of a message, in their order; the schema of report.json says what each means.
MESSAGE_FIELDS = (
    *("seq", "toWxid", "device", "variant", "source", "row", "state", "reason", "gatewayText", "attempts"),
    *("startedAt", "endedAt", "msgId", "newMsgId", "createTime", "sha256"),
)

#: What stands in those fields; a text is empty where there is nothing to tell.
Row = tuple[Any, ...]


class Batch(NamedTuple):
    """Some messages in plan order, with what several formats show of them, put together once."""

    records: Sequence[Record]
    rows: Sequence[Row]


def batch(records: Sequence[Record]) -> Batch:
    """The messages as the formats want them."""
    return Batch(records, [_row(one) for one in records])


def _row(one: Record) -> Row:
    seq, to_wxid, device, variant, source, row, state, reason, said, attempts, started, ended, *rest = one
    begun = "" if started is None else words.timestamp(started)
    over = "" if ended is None else words.timestamp(ended)
    return (seq, to_wxid, device, variant or "", source, row, state, reason, said, attempts, begun, over, *rest)


class Writer(Protocol):
    """One file while the rows pass by: all messages in plan order, then all skips, then what was counted."""

    def messages(self, shown: Any, /) -> None:
        """Add what the format's `messages` has given."""

    def skips(self, shown: Any, /) -> None:
        """Add what its `skips` has given."""

    def finish(self, run: RunInfo, tally: Tally) -> None: ...


class Format(Protocol):
    """What the module of a format offers."""

    #: The name of its file.
    FILE: str

    def messages(self, batch: Batch, /) -> Any:
        """What the file shows of messages; this may be asked for in another process."""

    def skips(self, batch: Sequence[Skip], /) -> Any:
        """What it shows of skipped rows; likewise."""

    def writer(self, draft: files.Draft, /) -> Writer:
        """Begin the file; lines end as the format wants it, the draft changes nothing."""
