"""Reads a run's rows back, straight from the driver: a million of them as they come, a few thousand in memory."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import bindparam, literal_column, select

from gewe_runner.ledger import connect, raw
from gewe_runner.ledger.tables import message, run, skip
from gewe_runner.model import Message, Reason, Record, Skip, State

#: Rows read at once, and in one transaction: no long read stands in a writer's way.
SIZE = 2_000

T = TypeVar("T")

_REASONS: Mapping[str, Reason] = {str(reason): reason for reason in Reason}

#: The key first, then the rest of a `Message` as it stands there.
_MESSAGE = ("seq", *Message._fields[:-1])
_SKIP = ("id", "to_wxid", "source", "row", "reason", "text")


def records(ledger: connect.Ledger, run_id: str) -> Iterator[Record]:
    """The run's messages in plan order."""
    return _rows(ledger, run_id, message.c.seq, Record._fields, Record._make)


def messages(ledger: connect.Ledger, run_id: str) -> Iterator[Message]:
    """The run's messages in plan order, as they were planned."""
    return _rows(ledger, run_id, message.c.seq, _MESSAGE, _message)


def pending(ledger: connect.Ledger, run_id: str) -> Iterator[Message]:
    """The run's messages that are still to be sent, in plan order, as they were planned."""
    # told apart here: asked for them alone, a database might look all of them up for every few
    for *row, state in _rows(ledger, run_id, message.c.seq, (*_MESSAGE, "state"), tuple):
        if state == State.PENDING:
            yield _message(tuple(row))


def skips(ledger: connect.Ledger, run_id: str) -> Iterator[Skip]:
    """The run's skipped rows: the plan's in plan order, among them the ledger's."""
    return _rows(ledger, run_id, skip.c.id, _SKIP, _skip)


def _rows(
    ledger: connect.Ledger,
    run_id: str,
    key: sqlalchemy.Column[int],
    names: tuple[str, ...],
    made: Callable[[tuple[Any, ...]], T],
) -> Iterator[T]:
    """What a table holds of the run.

    Args:
        key: Rises from 1 in the order that is wanted.
        names: The columns that are wanted, the key first.
        made: What becomes of each row.
    """
    table = key.table
    own = table.c.run_n == select(run.c.n).where(run.c.id == bindparam("run")).scalar_subquery()
    wanted = select(*(table.c[name] for name in names)).where(own, key > bindparam("last")).order_by(key)
    statement = raw.sql(wanted.limit(literal_column(str(SIZE))).offset(literal_column("0")), ledger.engine)
    last = 0
    while True:
        with ledger.reading() as connection, raw.cursor(connection) as cursor:
            found = cursor.all(statement, {"run": run_id, "last": last})
        if not found:
            return
        yield from map(made, found)
        last = found[-1][0]


def _message(row: tuple[Any, ...]) -> Message:
    return Message._make((*row[1:], row[0]))


def _skip(row: tuple[Any, ...]) -> Skip:
    _id, to_wxid, source, number, reason, text = row
    return Skip(to_wxid=to_wxid, source=source, row=number, reason=_REASONS[reason], text=text)
