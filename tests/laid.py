"""Ledgers in PostgreSQL for tests of what stands in them: laid once, and emptied after each test."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy

from gewe_runner.ledger import connect, tables
from tests.postgres import Server, text

#: Everything that the tables of a database are made of; whatever was made anew has another number.
_LAYOUT = """
SELECT string_agg(attrelid || ' ' || attname || ' ' || atttypid || ' ' || attnotnull, ',' ORDER BY attrelid, attnum)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE attnum > 0 AND nspname !~ '^pg_' AND nspname <> 'information_schema'
"""


class Laid:
    """New ledgers in PostgreSQL that are not made anew: after a test the tables are emptied, if they are as they were.

    Args:
        server: Where the databases are.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        #: By their databases.
        self._layouts: dict[str | None, object] = {}
        self._empty: list[sqlalchemy.URL] = []

    def take(self) -> sqlalchemy.URL:
        """A database with a ledger in which nothing is."""
        if self._empty:
            return self._empty.pop()
        url = self._server.database().set(drivername="postgresql+psycopg")
        connect.create(url, "sandbox").close()
        with connected(url) as connection:
            self._layouts[url.database] = connection.execute(_LAYOUT).fetchall()
        return url

    def give_back(self, url: sqlalchemy.URL) -> None:
        own, layout = self._server.aside(url), self._layouts.pop(url.database)
        with connected(own) as connection:
            is_as_it_was = connection.execute(_LAYOUT).fetchall() == layout
            if is_as_it_was:
                connection.execute(_emptied().encode())
        if is_as_it_was:
            self._layouts[own.database] = layout
            self._empty.append(own)
        else:
            self._server.drop(own)


def connected(url: sqlalchemy.URL) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(text(url.set(drivername="postgresql")), autocommit=True)


def _emptied() -> str:
    """Statements that make a new ledger of one that was used."""
    facts = {"schema": tables.SCHEMA, "created_at": 1, "id": secrets.token_hex(8), "gateway": "sandbox"}
    return ";".join(
        [
            *(f"DELETE FROM {table.name}" for table in reversed(tables.metadata.sorted_tables)),
            "SELECT setval(format('%I.%I', schemaname, sequencename), 1, false) FROM pg_sequences",
            *(f"INSERT INTO meta VALUES ('{key}', '{value}')" for key, value in facts.items()),
        ]
    )


@pytest.fixture(scope="session")
def laid(postgres: Server) -> Laid:
    """Imported where it is needed, together with `postgres`, it is the same everywhere."""
    return Laid(postgres)


@pytest.fixture
def laid_url(laid: Laid) -> Iterator[sqlalchemy.URL]:
    """A database with a ledger in which nothing is, for one test."""
    url = laid.take()
    yield url
    laid.give_back(url)
