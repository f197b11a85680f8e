"""Fills a run with the lines of its plan: messages as pending, skips as what they are."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy

from gewe_runner import batches
from gewe_runner.ledger import connect, raw
from gewe_runner.ledger.tables import message, skip
from gewe_runner.model import Message, Skip, State

#: Lines written at once: a stream of its own for each few would take longer than what is in it.
_MANY = 5_000

_MESSAGE = (
    "run_n", "edition_id", "seq", "to_wxid", "device", "variant", "source", "row", "payload", "sha256", "state",
)  # fmt: skip
_SKIP = ("run_n", "to_wxid", "source", "row", "reason", "text")


def fill(connection: sqlalchemy.Connection, edition_id: int, number: int, lines: Iterable[Message | Skip]) -> int:
    """Put lines into a run, in the caller's transaction; how many they were."""
    count = 0
    for batch in batches.of(lines, _MANY):
        messages = [
            (number, edition_id, one.seq, one.to_wxid, one.device, one.variant, one.source, one.row, one.payload,
             one.sha256, str(State.PENDING))
            for one in batch if isinstance(one, Message)
        ]  # fmt: skip
        skips = [
            (number, one.to_wxid, one.source, one.row, str(one.reason), one.text)
            for one in batch
            if isinstance(one, Skip)
        ]
        _add(connection, message, _MESSAGE, messages)
        _add(connection, skip, _SKIP, skips)
        count += len(batch)
    return count


def _add(
    connection: sqlalchemy.Connection, table: sqlalchemy.Table, columns: Iterable[str], rows: list[tuple[Any, ...]]
) -> None:
    if rows:
        names = [connection.dialect.identifier_preparer.quote(name) for name in columns]
        with raw.cursor(connection) as cursor:
            connect.DATABASES[connection.dialect.name].add(cursor.driver, table.name, names, rows)
