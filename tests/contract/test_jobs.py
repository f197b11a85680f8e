"""The workers' tables, which are another program's, are made anew when its version changes."""

import pytest
import sqlalchemy
from sqlalchemy import text

from gewe_runner.ledger import connect, jobs
from tests.postgres import database

__all__ = ["database"]


@pytest.fixture
def url(database: sqlalchemy.URL) -> sqlalchemy.URL:
    """A ledger with the workers' tables."""
    url = database.set(drivername="postgresql+psycopg")
    connect.create(url, "sandbox").close()
    with connect.founding(url) as connection:
        jobs.make(connection)
    return url


def test_the_tables_of_another_version_are_replaced(url: sqlalchemy.URL) -> None:
    with connect.founding(url) as connection:
        connection.execute(text("ALTER TABLE procrastinate_jobs ADD COLUMN former TEXT"))
        connection.execute(text("UPDATE meta SET value = '0.1.0' WHERE key = 'engine'"))
    with connect.founding(url) as connection:
        jobs.make(connection)
    ledger = connect.open(url)
    jobs.expect(ledger)
    columns = sqlalchemy.inspect(ledger.engine).get_columns("procrastinate_jobs")
    assert "former" not in {column["name"] for column in columns}
    ledger.close()


def test_tables_that_an_earlier_version_of_this_program_made_get_what_makes_them_fast(url: sqlalchemy.URL) -> None:
    with connect.founding(url) as connection:
        connection.execute(text("DROP INDEX gewe_due_job"))
    with connect.founding(url) as connection:
        jobs.make(connection)
        assert connection.execute(text("SELECT to_regclass('gewe_due_job')")).scalar_one()
