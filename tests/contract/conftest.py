"""A fresh ledger of every kind for the behaviour suite: a SQLite file, a database of a real PostgreSQL."""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from gewe_runner.ledger import connect, tables
from tests.postgres import Server, postgres, text

__all__ = ["postgres"]


KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The database that the test is about."""
    name: str = request.param
    return name


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
    return Laid(postgres)


@pytest.fixture(scope="session")
def laid_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a new ledger."""
    path = tmp_path_factory.mktemp("laid") / "ledger.db"
    connect.create(sqlalchemy.URL.create("sqlite", database=str(path)), "sandbox").close()
    return path


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> Iterator[sqlalchemy.URL]:
    """Where a ledger may be made; there is none yet, unless the test wants it as `ledger`."""
    if "ledger" not in request.fixturenames:
        yield from _place(kind, "test", request)
    elif kind == "sqlite":
        (place,) = _place(kind, "test", request)
        path = Path(str(place.database))
        path.parent.mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("laid_file"), path)
        yield place
    else:
        there: Laid = request.getfixturevalue("laid")
        place = there.take()
        yield place
        there.give_back(place)


@pytest.fixture
def other_url(kind: str, request: pytest.FixtureRequest) -> Iterator[sqlalchemy.URL]:
    """Where a ledger may be made in the other database; there is none yet."""
    (other,) = set(KINDS) - {kind}
    yield from _place(other, "other", request)


def _place(kind: str, name: str, request: pytest.FixtureRequest) -> Iterator[sqlalchemy.URL]:
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        yield sqlalchemy.URL.create("sqlite", database=str(folder / "ledger" / f"{name}.db"))
        return
    server: Server = request.getfixturevalue("postgres")
    database = server.database()
    yield database.set(drivername="postgresql+psycopg")
    server.drop(database)


@pytest.fixture
def ledger(url: sqlalchemy.URL) -> Iterator[connect.Ledger]:
    """A new ledger."""
    opened = connect.open(url)
    yield opened
    opened.close()
