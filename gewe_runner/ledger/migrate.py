"""Brings the tables of an older ledger up to date, one version after the other."""

from collections.abc import Callable

import sqlalchemy
from sqlalchemy import text

from gewe_runner.ledger import tables


def _forgotten(connection: sqlalchemy.Connection) -> None:
    """2: whom the ledger has forgotten."""
    connection.execute(text("CREATE TABLE forgotten (pseudonym TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL)"))


def _parts(connection: sqlalchemy.Connection) -> None:
    """3: what many workers share of a run."""
    numbers = ("wave INTEGER", "opens_at BIGINT", "wave_wait BIGINT")
    engine = "TEXT DEFAULT 'local' NOT NULL CONSTRAINT engine_known CHECK (engine IN ('local', 'procrastinate'))"
    connection.execute(text(f"ALTER TABLE run ADD COLUMN engine {engine}"))
    connection.execute(text("ALTER TABLE run ADD COLUMN waves TEXT DEFAULT '[]' NOT NULL"))
    for column in numbers:
        connection.execute(text(f"ALTER TABLE run ADD COLUMN {column} DEFAULT 0 NOT NULL"))
    connection.execute(text("ALTER TABLE lane ADD COLUMN stopped TEXT DEFAULT '' NOT NULL"))
    for column in ("failures_in_a_row", "unsent_in_a_row", "withdrawn_in_a_row"):
        connection.execute(text(f"ALTER TABLE lane ADD COLUMN {column} INTEGER DEFAULT 0 NOT NULL"))
    number, reference = {
        "sqlite": ("INTEGER NOT NULL", "INTEGER"),
        "postgresql": ("BIGSERIAL NOT NULL", "BIGINT"),
    }[connection.dialect.name]
    connection.execute(
        text(
            f"CREATE TABLE part (id {number}, run_n {reference} NOT NULL, device TEXT NOT NULL, "
            "wave INTEGER DEFAULT 0 NOT NULL, outcomes BIGINT DEFAULT 0 NOT NULL, bad BIGINT DEFAULT 0 NOT NULL, "
            "done INTEGER DEFAULT 0 NOT NULL, stopped TEXT DEFAULT '' NOT NULL, "
            "PRIMARY KEY (id), UNIQUE (run_n, device), FOREIGN KEY(run_n) REFERENCES run (n))"
        )
    )
    connection.execute(text("CREATE INDEX ix_part_device ON part (device)"))


def _indexes(connection: sqlalchemy.Connection) -> None:
    """4: a run's skips in their order, and a device's test cards without its messages."""
    connection.execute(text("DROP INDEX ix_skip_run_n"))
    connection.execute(text("CREATE INDEX skip_of_run ON skip (run_n, id)"))
    connection.execute(text("CREATE INDEX attempt_trial ON attempt (device, started_at) WHERE message_id IS NULL"))


#: What leads to each version from the one before it. Literal SQL: `tables` shows only the newest state of things.
MIGRATIONS: tuple[tuple[int, Callable[[sqlalchemy.Connection], None]], ...] = (
    (2, _forgotten),
    (3, _parts),
    (4, _indexes),
)


def migrate(connection: sqlalchemy.Connection, version: int) -> None:
    """Take every step that the version lacks; the caller's transaction keeps all of them or none."""
    for reached, step in MIGRATIONS:
        if reached > version:
            step(connection)
    connection.execute(text("UPDATE meta SET value = :new WHERE key = 'schema'"), {"new": str(tables.SCHEMA)})
