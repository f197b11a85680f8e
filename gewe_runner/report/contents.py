"""What a report is made of, and the fields that every format shows of a message and of a skipped row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TextIO

from gewe_runner import words
from gewe_runner.model import Record, RunInfo, Skip
from gewe_runner.report.tally import Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """One run, ready to be told."""

    run: RunInfo
    #: Everything that was counted beforehand.
    tally: Tally
    #: A fresh iterator at every call, in plan order; both may be longer than memory.
    records: Callable[[], Iterator[Record]]
    skips: Callable[[], Iterator[Skip]]


class Format(Protocol):
    """What the module of a format offers."""

    #: The name of its file.
    FILE: str

    def write(self, content: Contents, stream: TextIO, /) -> None:
        """Write the file; lines end as the format wants it, the stream changes nothing."""


#: The fields of `message`, in their order.
MESSAGE_FIELDS = (
    *("seq", "toWxid", "device", "variant", "source", "row", "state", "reason", "gatewayText", "attempts"),
    *("startedAt", "endedAt", "msgId", "newMsgId", "createTime", "sha256"),
)


def message(record: Record) -> dict[str, str | int | None]:
    """The public fields of a message; text that there is none of is empty, a time or variant is None."""
    return {
        "seq": record.seq,
        "toWxid": record.to_wxid,
        "device": record.device,
        "variant": record.variant,
        "source": record.source,
        "row": record.row,
        "state": record.state,
        "reason": record.reason,
        "gatewayText": record.gateway_text,
        "attempts": record.attempts,
        "startedAt": words.timestamp(record.started_at),
        "endedAt": words.timestamp(record.ended_at),
        "msgId": record.msg_id,
        "newMsgId": record.new_msg_id,
        "createTime": record.create_time,
        "sha256": record.sha256,
    }


def skipped(skip: Skip) -> dict[str, str | int | None]:
    """The public fields of a skipped row."""
    return {
        "toWxid": skip.to_wxid,
        "source": skip.source,
        "row": skip.row,
        "reason": str(skip.reason),
        "text": skip.text,
    }
