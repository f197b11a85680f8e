"""A fresh ledger of every kind for the behaviour suite: a SQLite file, a database of a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from gewe_runner.ledger import connect
from tests.postgres import Server, postgres

__all__ = ["postgres"]


KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The database that the test is about."""
    name: str = request.param
    return name


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> Iterator[sqlalchemy.URL]:
    """Where a ledger may be made; there is none yet."""
    yield from _place(kind, "test", request)


@pytest.fixture
def other_url(kind: str, request: pytest.FixtureRequest) -> Iterator[sqlalchemy.URL]:
    """The same in the other database."""
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
    opened = connect.create(url, "sandbox")
    yield opened
    opened.close()
