"""Asks a database for rows, a few at a time, in a transaction that can write nothing."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import exc, pool

from gewe_runner import words
from gewe_runner.model import Query
from gewe_runner.rules import Rule, lists
from gewe_runner.wire import masks

#: Rows that are fetched at a time.
_BATCH = 1000

#: What makes a transaction read only, where a database knows such a thing. Whatever else it does, nothing is committed.
_READ_ONLY: Mapping[str, str] = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}

_EXAMPLE = "postgresql://user:password@host/database, or sqlite:///file.db"


class Fault(Exception):  # noqa: N818 - a fault of the list, not of the program
    """Why there are no rows, in one line without secrets, and what to do about it."""

    rule: Rule


class AddressFault(Fault):
    rule = lists.SQL_ADDRESS


class LibraryFault(Fault):
    rule = lists.LIBRARY


class ConnectionFault(Fault):
    rule = lists.SQL_CONNECTION


class QueryFault(Fault):
    rule = lists.SQL_QUERY


class Database:
    """A database by its address."""

    def __init__(self, address: str, project: Path) -> None:
        """Args:
            address: A SQLAlchemy URL; empty where none is known.
            project: Where the path of an SQLite file begins.

        Raises:
            Fault: the address cannot be used.
        """
        self._url = _url(address, project)
        self._clean = _cleaner(self._url)
        try:
            self._engine = sqlalchemy.create_engine(
                self._url, poolclass=pool.NullPool, connect_args=_arguments(self._url)
            )
        except exc.NoSuchModuleError:
            raise LibraryFault(f"no library for {self._url.drivername} is installed; install its dialect") from None
        except ImportError as error:
            raise LibraryFault(_install(self._url, error)) from error
        except exc.SQLAlchemyError as error:
            raise AddressFault(f"no complete address ({self._said(error)}); write {_EXAMPLE}") from None

    def rows(self, query: Query) -> Iterator[Sequence[Any]]:
        """The names of the columns, and then the rows.

        Raises:
            Fault: there are none, or no more.
        """
        with self._connected() as connection:
            try:
                if statement := _READ_ONLY.get(connection.dialect.name):
                    connection.exec_driver_sql(statement)
                reading = connection.execution_options(stream_results=True, yield_per=_BATCH)
                with reading.execute(sqlalchemy.text(query.text), dict(query.parameters)) as result:
                    if not result.returns_rows:
                        raise QueryFault("the query gives no rows; a list is a SELECT")
                    yield tuple(result.keys())
                    yield from result
            except exc.DBAPIError as error:
                if error.connection_invalidated:
                    raise ConnectionFault(f"the connection broke: {self._said(error)}; run this again") from error
                raise QueryFault(f"the database refuses the query: {self._said(error)}") from error
            except exc.SQLAlchemyError as error:
                raise QueryFault(f"the query cannot be asked: {self._said(error)}") from error

    def _connected(self) -> sqlalchemy.Connection:
        try:
            return self._engine.connect()
        except exc.SQLAlchemyError as error:
            # without its cause, whose text may hold the password
            raise ConnectionFault(f"the database cannot be reached: {self._said(error)}") from None

    def _said(self, error: exc.SQLAlchemyError) -> str:
        """The database's own words."""
        return words.line(self._clean(str(error.orig if isinstance(error, exc.DBAPIError) else error)), 300)


def _url(address: str, project: Path) -> sqlalchemy.URL:
    if not address:
        raise AddressFault(f"not set, and it is to hold the database's address: {_EXAMPLE}")
    try:
        url = sqlalchemy.make_url(address)
    except (exc.ArgumentError, ValueError):
        # without its cause, whose text repeats the address
        raise AddressFault(f"no address of a database; write {_EXAMPLE}") from None
    if url.host and address.count("@") > 1:  # what stands between two of them would be taken for the host, and shown
        raise AddressFault("a password with special characters in it; write them as %XX (@ is %40, / is %2F)")
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database and not re.match(":|file:", url.database):
        path = project / url.database
        if not path.is_file():
            raise ConnectionFault(f"there is no file {url.database}; a relative path begins at the project's folder")
        return url.set(database=f"file:{quote(str(path))}").update_query_dict({"mode": "ro", "uri": "true"})
    return url


def _arguments(url: sqlalchemy.URL) -> dict[str, Any]:
    if url.get_backend_name() != "postgresql":
        return {}
    wanted = {"connect_timeout": 10, "application_name": "gewe-runner"}
    return {name: value for name, value in wanted.items() if name not in url.query}


def _install(url: sqlalchemy.URL, error: ImportError) -> str:
    if url.get_backend_name() == "postgresql":
        return "a library asks PostgreSQL; install it: pip install 'gewe-runner[sql]'"
    return f"the library {error.name} is not installed; install it, or name another behind {url.get_backend_name()}+"


def _cleaner(url: sqlalchemy.URL) -> Callable[[str], str]:
    """Takes the address's secrets out of a text."""
    secrets = [str(url.password)] if url.password else []
    for name, value in url.normalized_query.items():
        secrets += [one for one in value if "pass" in name.lower() and one]
    cleaners = [masks.cleaner(secret) for secret in secrets]

    def clean(text: str) -> str:
        for cleaner in cleaners:
            text = cleaner(text)
        return text

    return clean
