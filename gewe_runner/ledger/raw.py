"""Statements straight on the database's driver: what runs for every message cannot afford a layer above it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import exc

#: How each driver takes parameters by name.
_STYLES = {"sqlite": "named", "postgresql": "pyformat"}


def sql(statement: sqlalchemy.ClauseElement, engine: sqlalchemy.Engine) -> str:
    """The statement as the driver takes it, for parameters by name."""
    kind: Any = type(engine.dialect)
    return str(statement.compile(dialect=kind(paramstyle=_STYLES[engine.dialect.name])))


class Cursor:
    """Executes what `sql` gave, within the transaction of a connection."""

    def __init__(self, driver: Any) -> None:
        #: The driver's own.
        self.driver = driver

    def one(self, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The row that the statement returns, if any; it returns one at most."""
        self.driver.execute(statement, values)
        row: tuple[Any, ...] | None = self.driver.fetchone()
        if row is not None:
            self.driver.fetchone()  # SQLite has run a statement only when it was read to its end
        return row

    def all(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows that the statement returns."""
        self.driver.execute(statement, values)
        rows: list[tuple[Any, ...]] = self.driver.fetchall()
        return rows

    def change(self, statement: str, values: Mapping[str, Any]) -> int:
        """How many rows the statement changed."""
        self.driver.execute(statement, values)
        return int(self.driver.rowcount)

    def change_all(self, statement: str, values: Sequence[Mapping[str, Any]]) -> int:
        """How many rows the statement changed, executed for each of the values."""
        if not values:
            return 0
        self.driver.executemany(statement, values)
        return int(self.driver.rowcount)


@contextlib.contextmanager
def at_once(engine: sqlalchemy.Engine) -> Iterator[Cursor]:
    """A cursor each of whose statements is a transaction in itself, if the engine's connections are of that kind.

    Raises:
        exc.DBAPIError: the database refuses.
    """
    dialect, line, driver = engine.dialect, None, None
    base = dialect.loaded_dbapi.Error
    try:
        line = engine.raw_connection()
        driver = line.cursor()
        yield Cursor(driver)
    except base as error:
        lost = line is not None and dialect.is_disconnect(error, line.driver_connection, driver)
        if line is not None and lost:
            line.invalidate(error)
            line = None
        raise exc.DBAPIError.instance(None, None, error, base, connection_invalidated=lost, dialect=dialect) from error
    finally:
        if line is not None:
            if driver is not None:
                driver.close()
            line.close()


@contextlib.contextmanager
def cursor(connection: sqlalchemy.Connection) -> Iterator[Cursor]:
    """A cursor of the connection's own driver, whose errors come out as the layer's would.

    Raises:
        exc.DBAPIError: the database refuses.
    """
    dialect, line = connection.dialect, connection.connection
    base = dialect.loaded_dbapi.Error
    driver = line.cursor()
    try:
        yield Cursor(driver)
    except base as error:
        lost = dialect.is_disconnect(error, line, driver)
        if lost:
            connection.invalidate(error)
        raise exc.DBAPIError.instance(None, None, error, base, connection_invalidated=lost, dialect=dialect) from error
    finally:
        if not connection.invalidated:
            driver.close()
