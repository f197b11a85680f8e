"""Ledgers as a long send leaves them, made in minutes: the product registers the run, SQL says what was sent."""

import contextlib
import sqlite3
from pathlib import Path

from tests.benchmarks import lists, measure
from tests.benchmarks.sides import tell

#: What the product writes for a message that was accepted, and for the request.
_SENT = """
UPDATE message
SET state = 'sent', attempts = 1, epoch = 1, started_at = :at + 600 * seq, ended_at = :at + 600 * seq + 250,
    msg_id = 770000000 + seq, new_msg_id = 6000000000000000000 + seq, create_time = (:at + 600 * seq) / 1000
WHERE state = 'pending' AND seq <= :most
"""
_ATTEMPTS = """
INSERT INTO attempt (message_id, device, app_id, epoch, holder, started_at, ended_at, outcome)
SELECT id, device, 'wx_' || device, epoch, 'bench', started_at, ended_at, state
FROM message WHERE state = 'sent' AND id NOT IN (SELECT message_id FROM attempt)
"""
_FINISHED = """
UPDATE run
SET state = 'finished', finished_at = :at
WHERE NOT EXISTS (SELECT 1 FROM message WHERE state = 'pending')
"""
_BEGAN = 1_790_000_000_000


def lay(folder: Path, gateway: str, rows: int, *, sent: int) -> Path:
    """A project with a run of that many messages, so many of them sent; its campaign file.

    Args:
        gateway: Where the first message goes, by which the ledger comes about.
    """
    campaign = lists.lay(lists.live_project(folder, gateway, 1), rows, devices=1)
    tell(f"preparing a ledger of {rows:,} messages, {sent:,} of them sent")
    measure.command(send(campaign, "--new-ledger"), folder, environment=lists.LIVE_ENVIRONMENT)
    with contextlib.closing(sqlite3.connect(folder / ".gewe" / "live.db")) as ledger, ledger:
        for statement in (_SENT, _ATTEMPTS, _FINISHED):
            ledger.execute(statement, {"at": _BEGAN, "most": sent})
    return campaign


def send(campaign: Path, *options: str) -> tuple[str, ...]:
    """The command that sends one message of it."""
    return (*measure.PROGRAM, "send", str(campaign), "--yes", "--limit", "1", *options)
