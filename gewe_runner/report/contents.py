"""What a report is made of, how its files come about together, and the fields that they show of a message."""

from collections.abc import Sequence
from typing import Protocol

from gewe_runner.model import Record, RunInfo, Skip
from gewe_runner.report import files
from gewe_runner.report.tally import Tally


class Writer(Protocol):
    """One file while the rows pass by: all messages in plan order, then all skips, then what was counted."""

    def messages(self, batch: Sequence[Record]) -> None: ...
    def skips(self, batch: Sequence[Skip]) -> None: ...
    def finish(self, run: RunInfo, tally: Tally) -> None: ...


class Format(Protocol):
    """What the module of a format offers."""

    #: The name of its file.
    FILE: str

    def writer(self, draft: files.Draft, /) -> Writer:
        """Begin the file; lines end as the format wants it, the draft changes nothing."""


#: The fields of a message, in their order; the schema of report.json says what each means.
MESSAGE_FIELDS = (
    *("seq", "toWxid", "device", "variant", "source", "row", "state", "reason", "gatewayText", "attempts"),
    *("startedAt", "endedAt", "msgId", "newMsgId", "createTime", "sha256"),
)
