"""Brings the tables of an older ledger up to date, one version after the other."""

from collections.abc import Callable

import sqlalchemy
from sqlalchemy import text

from gewe_runner.ledger import tables


def _forgotten(connection: sqlalchemy.Connection) -> None:
    """2: whom the ledger has forgotten."""
    connection.execute(text("CREATE TABLE forgotten (pseudonym TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL)"))


#: What leads to each version from the one before it. Literal SQL: `tables` shows only the newest state of things.
MIGRATIONS: tuple[tuple[int, Callable[[sqlalchemy.Connection], None]], ...] = ((2, _forgotten),)


def migrate(connection: sqlalchemy.Connection, version: int) -> None:
    """Take every step that the version lacks; the caller's transaction keeps all of them or none."""
    for reached, step in MIGRATIONS:
        if reached > version:
            step(connection)
    connection.execute(text("UPDATE meta SET value = :new WHERE key = 'schema'"), {"new": str(tables.SCHEMA)})
