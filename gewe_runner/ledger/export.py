"""Writes a ledger as canonical JSON lines: a header, every row of every table, and a seal."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy
from sqlalchemy import Table, func, select

from gewe_runner.ledger import connect
from gewe_runner.ledger.tables import (
    attempt,
    edition,
    forgotten,
    lane,
    message,
    meta,
    part,
    registered,
    resolution,
    run,
    skip,
)

FORMAT = "gewe-runner ledger"

#: In an order in which each row stands behind those that it refers to.
TABLES: tuple[Table, ...] = (edition, run, message, skip, attempt, resolution, lane, forgotten, part)

#: What a table's rows are told apart and counted by.
KEYS: Mapping[str, str] = {table.name: next(iter(table.primary_key)).name for table in TABLES}

#: Whose lane it is means nothing to another ledger.
LEFT_OUT = {"lane": {"holder", "heartbeat_at"}}

_BATCH = 1000


def lines(ledger: connect.Ledger) -> Iterator[bytes]:
    """The whole ledger as of one moment, one row a line; only a few are in memory at a time."""
    seal, rows = hashlib.sha256(), 0
    with ledger.reading() as connection:
        for tree in _trees(connection):
            line = canonical(tree)
            seal.update(line)
            rows += 1
            yield line
    yield canonical({"end": rows, "sha256": seal.hexdigest()})


def canonical(tree: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON with sorted keys, without spaces, and a line end."""
    text = json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"{text}\n".encode()


def columns(table: Table) -> list[str]:
    """The columns of a table that are exported."""
    return [column.name for column in table.columns if column.name not in LEFT_OUT.get(table.name, ())]


def _trees(connection: sqlalchemy.Connection) -> Iterator[dict[str, Any]]:
    yield _header(connection)
    for table in TABLES:
        names = columns(table)
        for row in _rows(connection, table, names):
            yield {"table": table.name} | dict(zip(names, row, strict=True))


def _header(connection: sqlalchemy.Connection) -> dict[str, Any]:
    facts = {row.key: row.value for row in connection.execute(select(meta))}
    counts = {
        table.name: connection.execute(select(func.count()).select_from(table).where(registered(table))).scalar_one()
        for table in TABLES
    }
    return {"format": FORMAT, "meta": facts, "counts": counts}


def _rows(connection: sqlalchemy.Connection, table: Table, names: list[str]) -> Iterator[tuple[Any, ...]]:
    key = table.c[KEYS[table.name]]
    batch = select(*(table.c[name] for name in names)).where(registered(table)).order_by(key).limit(_BATCH)
    place, last = names.index(key.name), None
    while True:
        rows = connection.execute(batch if last is None else batch.where(key > last)).all()
        if not rows:
            return
        yield from map(tuple, rows)
        last = rows[-1][place]
