"""A fresh ledger of every kind for the behaviour suite; SQLite in a file of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from gewe_runner.ledger import connect


@pytest.fixture
def url(tmp_path: Path) -> sqlalchemy.URL:
    return sqlalchemy.URL.create("sqlite", database=str(tmp_path / "ledger" / "test.db"))


@pytest.fixture
def ledger(url: sqlalchemy.URL) -> Iterator[connect.Ledger]:
    opened = connect.create(url, "sandbox")
    yield opened
    opened.close()
