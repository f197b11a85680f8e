"""A fresh ledger of every kind for the behaviour suite: a SQLite file, a database of a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from gewe_runner.ledger import connect
from tests.laid import laid, laid_url
from tests.postgres import Server, postgres

__all__ = ["laid", "laid_url", "postgres"]


KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The database that the test is about."""
    name: str = request.param
    return name


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
        yield request.getfixturevalue("laid_url")


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
