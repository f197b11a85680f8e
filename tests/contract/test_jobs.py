"""The workers' tables, which are another program's, are made anew when its version changes."""

import sqlalchemy
from sqlalchemy import text

from gewe_runner.ledger import connect, jobs
from tests.postgres import database

__all__ = ["database"]


def test_the_tables_of_another_version_are_replaced(database: sqlalchemy.URL) -> None:
    url = database.set(drivername="postgresql+psycopg")
    connect.create(url, "sandbox").close()
    with connect.founding(url) as connection:
        jobs.make(connection)
        connection.execute(text("ALTER TABLE procrastinate_jobs ADD COLUMN former TEXT"))
        connection.execute(text("UPDATE meta SET value = '0.1.0' WHERE key = 'engine'"))
    with connect.founding(url) as connection:
        jobs.make(connection)
    ledger = connect.open(url)
    jobs.expect(ledger)
    columns = sqlalchemy.inspect(ledger.engine).get_columns("procrastinate_jobs")
    assert "former" not in {column["name"] for column in columns}
    ledger.close()


def test_tables_that_an_earlier_version_of_this_program_made_get_what_makes_them_fast(database: sqlalchemy.URL) -> None:
    url = database.set(drivername="postgresql+psycopg")
    connect.create(url, "sandbox").close()
    with connect.founding(url) as connection:
        jobs.make(connection)
        connection.execute(text("DROP INDEX gewe_due_job"))
    with connect.founding(url) as connection:
        jobs.make(connection)
        assert connection.execute(text("SELECT to_regclass('gewe_due_job')")).scalar_one()
