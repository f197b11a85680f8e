"""Tells what a ledger is and holds, and whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import Column, func, select, text, update

from gewe_runner import errors
from gewe_runner.ledger import connect, forget, tables
from gewe_runner.ledger.tables import attempt, message, meta, run

#: An attempt of which nobody knows yet what became of it.
OPEN = "open"

_SANDBOX = "sandbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class Info:
    """A ledger in numbers."""

    id: str
    #: A path, or a URL without its password.
    where: str
    #: `sqlite` or `postgresql`.
    database: str
    #: The version of its tables.
    schema: int
    gateway: str
    #: UTC epoch milliseconds.
    created_at: int
    #: Each by state; what there is none of is left out.
    runs: Mapping[str, int]
    messages: Mapping[str, int]
    attempts: Mapping[str, int]
    #: People whom it has forgotten.
    forgotten: int
    #: Bytes on the disk; and by table, indexes included, where the database can tell.
    size: int
    sizes: Mapping[str, int]


def expect_writable(ledger: connect.Ledger) -> None:
    """Make sure that the ledger can be written, without writing anything.

    Raises:
        errors.LedgerError: it cannot.
    """
    with ledger.writing() as connection:
        connection.execute(update(meta).where(sqlalchemy.false()).values(value=meta.c.value))


def info(ledger: connect.Ledger) -> Info:
    """Look at the whole ledger; with millions of messages that takes seconds."""
    with ledger.reading() as connection:
        facts = {row.key: row.value for row in connection.execute(select(meta))}
        return Info(
            id=ledger.id,
            where=ledger.name,
            database=ledger.engine.dialect.name,
            schema=int(facts["schema"]),
            gateway=facts["gateway"],
            created_at=int(facts["created_at"]),
            runs=_counts(connection, run.c.state),
            messages=_counts(connection, message.c.state),
            attempts=_counts(connection, attempt.c.outcome),
            forgotten=forget.count(connection),
            size=ledger.database.size(connection, list(tables.metadata.tables)),
            sizes=ledger.database.sizes(connection, list(tables.metadata.tables)),
        )


def size(ledger: connect.Ledger) -> int:
    """Bytes on the disk."""
    with ledger.reading() as connection:
        return ledger.database.size(connection, list(tables.metadata.tables))


def in_flight(ledger: connect.Ledger) -> int:
    """How many messages are being sent right now."""
    with ledger.reading() as connection:
        # literally, and with the column of the index of what is in flight, so that SQLite takes that one
        flying = select(func.count()).select_from(message).where(text("state = 'sending' AND device > ''"))
        return connection.execute(flying).scalar_one()


def adopt(ledger: connect.Ledger, gateway: str) -> None:
    """Note that the ledger belongs to another gateway from now on.

    Raises:
        errors.LedgerError: one of the two is the sandbox, which reaches nobody.
    """
    if ledger.gateway != gateway and _SANDBOX in (ledger.gateway, gateway):
        raise errors.LedgerError(
            f"{ledger.name}: belongs to the gateway {ledger.gateway} and cannot belong to {gateway}: what a sandbox "
            "has accepted reached nobody",
            hint="name another ledger for this profile",
        )
    with ledger.writing() as connection:
        connection.execute(update(meta).where(meta.c.key == "gateway").values(value=gateway))


def _counts(connection: sqlalchemy.Connection, state: Column[str | None]) -> dict[str, int]:
    of_each = select(state, func.count()).where(tables.registered(state.table)).group_by(state).order_by(state)
    rows = connection.execute(of_each)
    return {name or OPEN: number for name, number in rows}
