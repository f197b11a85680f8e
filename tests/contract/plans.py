"""Small plans for the behaviour suite."""

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from gewe_runner.ledger import connect, enter, rows, runs
from gewe_runner.model import FrequencyCap, Message, Reason, Skip
from gewe_runner.overlay import Overlay

NOW = 1_796_000_000_000
HEADER: dict[str, Any] = {"profile": "sandbox", "made": {"tool": "test"}, "send": {}}


def message(seq: int, to_wxid: str, *, device: str = "east", card: str = "a") -> Message:
    payload = f'{{"title":"{card}","toWxid":"{to_wxid}"}}'
    return Message(
        seq=seq,
        to_wxid=to_wxid,
        device=device,
        variant=None,
        source="lists/all.csv",
        row=seq + 1,
        payload=payload,
        sha256=hashlib.sha256(payload.encode()).hexdigest(),
    )


def messages(*ids: str, device: str = "east", card: str = "a") -> list[Message]:
    return [message(seq, one, device=device, card=card) for seq, one in enumerate(ids, 1)]


def skip(to_wxid: str) -> Skip:
    return Skip(to_wxid=to_wxid, source="lists/all.csv", row=9, reason=Reason.HOLDOUT)


def identity(digest: str = "d1" * 32, *, edition: str = "1", cap: FrequencyCap | None = None) -> runs.Identity:
    return runs.Identity(campaign="fruit", edition=edition, digest=digest, frequency_cap=cap)


def register(
    ledger: connect.Ledger, lines: Iterable[Message | Skip], who: runs.Identity | None = None, *, now: int = NOW
) -> str:
    who = who or identity()
    with ledger.registering() as piece:
        run = enter.join(piece, who, now)
        if run is None:
            lines, plan = itertools.tee(lines)
            run = enter.new(piece, who, HEADER, lines, run_id="20261201-0900-fruit", now=now)
            enter.settle(piece, run, lambda: plan, now)
        return run


def settle(ledger: connect.Ledger, run_id: str, plan: Sequence[Message | Skip], *, now: int = NOW) -> int:
    """Take into a run whoever is free by now."""
    with ledger.registering() as piece:
        return enter.settle(piece, run_id, lambda: plan, now)


def lay_over(
    ledger: connect.Ledger, lines: Sequence[Message | Skip], who: runs.Identity | None = None, *, now: int = NOW
) -> tuple[list[Message | Skip], Overlay]:
    overlay = Overlay()
    with ledger.reading() as connection:
        return list(runs.lay_over(connection, who or identity(), lines, now, overlay)), overlay


def states(ledger: connect.Ledger, run_id: str) -> dict[str, str]:
    """Each recipient's state in a run."""
    return {record.to_wxid: record.state for record in rows.records(ledger, run_id)}
