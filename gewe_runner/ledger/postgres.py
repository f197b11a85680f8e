"""PostgreSQL as a ledger's database: how it is reached, what its errors mean, and its clock."""

import contextlib
import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import event, exc

from gewe_runner import errors

#: Several hosts use it, so a person says when it is changed.
UPGRADES_ITSELF = False

#: To give space back nobody is kept waiting.
SCRUBS_ALONE = False

#: Nobody waits for another one's new rows, so what takes long is one transaction.
IN_PIECES = False

#: Unless the address says otherwise: a connection takes at most so long, and a dead one is noticed within seconds.
_CONNECT = {
    "connect_timeout": "10",
    "application_name": "gewe-runner",
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}

# A frozen process must not keep a lane's row locked: another host could not take the lane over.
_SESSION = (
    "SET idle_in_transaction_session_timeout = '4s'; SET statement_timeout = '5min'; "
    "SET lock_timeout = '{patience}ms'; SET synchronous_commit = on; SET client_min_messages = warning"
)

# A reader holds up nobody, so it may take its time over what it reads, and sees all of it as of one moment.
_READ = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0"

# Who enters a plan holds no lane's row, and waits for lists of people to be left out, which may be other databases'.
_ENTER = "SET LOCAL idle_in_transaction_session_timeout = '1min'"

#: Any number, so long as every gewe-runner takes the same.
_LOCK = 0x67657765

#: The beginning of a SQLSTATE, what it means, and what to do about it.
_CODES = (
    ("28", "the database refuses the user or the password", "check both in the ledger's address"),
    ("3D000", "there is no such database", "createdb NAME, or correct the ledger's address"),
    ("42501", "the database user lacks a right", "grant it, then run this again"),
    ("25006", "the database is read-only", "name the primary server in the ledger's address"),
    ("25P03", "the database has ended a transaction that stood still", "run this again"),
    ("40P01", "two transactions stood in each other's way", "run this again"),
    ("40001", "two transactions stood in each other's way", "run this again"),
    ("53100", "the database's disk is full", "make room, then run this again"),
    ("53300", "the database has no connection left", "raise max_connections, or end other programs"),
    ("53", "the database lacks resources", "look into its log, then run this again"),
    ("55P03", "another program has locked the ledger", "wait until it has ended, then run this again"),
    ("57014", "the database took too long", "look what else it is doing, then run this again"),
    ("57P", "the database shuts down or starts up", "run this again when it is there"),
    ("08", "the connection to the database broke", "run this again when it is there"),
)

#: The same by a sign in the text of an error without SQLSTATE: most that befall a connection.
_TEXTS = (
    ("password authentication failed", "the database refuses the user or the password", "check the ledger's address"),
    ("no password supplied", "the database wants a password", "put it into the ledger's address"),
    ("does not exist", "there is no such database or user", "correct the ledger's address, or make them"),
    ("Connection refused", "no database listens there", "start it, or correct the ledger's address"),
    ("timeout expired", "the database does not answer", "check the network and the ledger's address"),
    ("resolve host", "the database's host is not known", "correct the ledger's address"),
    ("translate host", "the database's host is not known", "correct the ledger's address"),
    ("No such file", "no database listens there", "start it, or correct the ledger's address"),
    ("connection", "the connection to the database broke", "run this again when it is there"),
    ("closed", "the connection to the database broke", "run this again when it is there"),
)


def checked(url: sqlalchemy.URL, project: Path) -> sqlalchemy.URL | None:  # noqa: ARG001 - as in `sqlite`
    """The address as it is used; None where it cannot be one, as with a password that is not percent-encoded."""
    if not url.database or "@" in (url.host or ""):
        return None
    return url.set(drivername="postgresql+psycopg")


def shown(url: sqlalchemy.URL) -> str:
    """The address without its password; the query goes as well, since it may hold one."""
    bare = sqlalchemy.URL.create("postgresql", url.username, None, url.host, url.port, url.database)
    return bare.render_as_string()


def may_exist(url: sqlalchemy.URL) -> bool:  # noqa: ARG001 - as in `sqlite`
    """Whether there is reason to connect: there is no other way to know."""
    return True


def exists(url: sqlalchemy.URL) -> bool:
    """Whether the database holds a ledger, or something else under its name."""
    made = engine(url, 15)
    try:
        with made.execution_options(write=False).connect() as connection:
            return sqlalchemy.inspect(connection).has_table("meta")
    finally:
        made.dispose()


def prepare(url: sqlalchemy.URL) -> None:
    """Nothing: the database has to be there."""


def options(url: sqlalchemy.URL) -> dict[str, str]:
    """What every connection is made with beside the address."""
    return {key: value for key, value in _CONNECT.items() if key not in url.query}


def engine(url: sqlalchemy.URL, patience: float, connections: int = 5, *, at_once: bool = False) -> sqlalchemy.Engine:
    """Connections that wait so many seconds for another writer.

    Args:
        at_once: Each statement is a transaction in itself.

    Raises:
        errors.LedgerError: the driver is not installed.
    """
    more: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None} if at_once else {}
    try:
        made = sqlalchemy.create_engine(
            # none beyond the pool: they would be made and closed again under just the load that makes them needed
            url,
            connect_args=options(url),
            pool_size=connections,
            max_overflow=0,
            **more,
        )
    except ImportError as error:
        raise errors.LedgerError(
            "a ledger in PostgreSQL needs a driver that is not installed",
            hint="pip install 'gewe-runner[postgres]'",
        ) from error
    session = _SESSION.format(patience=round(patience * 1000))

    def settle(connection: Any, _record: object) -> None:
        connection.execute(session)
        connection.commit()

    event.listen(made, "connect", settle)
    event.listen(made, "checkout", _look)
    event.listen(made, "begin", _begin)
    return made


def registering(url: sqlalchemy.URL) -> AbstractContextManager[None]:  # noqa: ARG001 - as in `sqlite`
    """Nothing: the transactions themselves wait for each other."""
    return contextlib.nullcontext()


@contextlib.contextmanager
def pieces(opened: sqlalchemy.Engine) -> Iterator[Callable[[], AbstractContextManager[sqlalchemy.Connection]]]:
    """One transaction for all of it; nobody else makes runs meanwhile."""
    with opened.begin() as connection:
        connection.exec_driver_sql(_ENTER)
        connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'id' FOR UPDATE")
        yield lambda: contextlib.nullcontext(connection)


def alone(connection: sqlalchemy.Connection) -> None:
    """Keep others from making or changing tables until the transaction ends; it may take its time."""
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({_LOCK})")


def now(connection: sqlalchemy.Connection) -> int | None:
    """UTC epoch milliseconds of the one clock that all hosts share."""
    return int(connection.exec_driver_sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").scalar_one())


def meaning(error: exc.DBAPIError) -> tuple[str, str] | None:
    """What an error means and what to do; None for a bug of ours."""
    said = " ".join(str(error.orig).split())
    state = getattr(error.orig, "sqlstate", None) or ""
    for sign, meaning, advice in _CODES if state else _TEXTS:
        if state.startswith(sign) if state else sign in said:
            return f"{meaning} ({said})", advice
    if isinstance(error, exc.IntegrityError | exc.ProgrammingError | exc.DataError):
        return None
    return f"the database refuses: {said}", ""


def size(connection: sqlalchemy.Connection, tables: Sequence[str]) -> int:
    """Bytes on the disk, indexes included."""
    return sum(sizes(connection, tables).values())


def sizes(connection: sqlalchemy.Connection, tables: Sequence[str]) -> dict[str, int]:
    """The same by table."""
    statement = sqlalchemy.text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
    return {name: connection.execute(statement, {"name": name}).scalar_one() for name in tables}


def learn(connection: sqlalchemy.Connection, table: str) -> None:
    """Count what a table holds: without that, each next message would be looked for among all that are pending."""
    connection.exec_driver_sql(f"ANALYZE {table}")


def add(cursor: Any, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Put rows into a table, by the driver's own cursor: in one stream, without a statement for each."""
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def count_on(connection: sqlalchemy.Connection, table: str, column: str) -> None:
    """Go on numbering behind what is there."""
    serial = f"pg_get_serial_sequence('{table}', '{column}')"
    last = f"SELECT max({column}) AS n FROM {table}"  # noqa: S608 - the names are the schema's own
    connection.exec_driver_sql(f"SELECT setval({serial}, n) FROM ({last}) AS last WHERE n > 0")  # noqa: S608


def scrub(opened: sqlalchemy.Engine, tables: Sequence[str]) -> None:
    """Free what was changed or deleted; the server overwrites it in time, its log and its backups aside."""
    with opened.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(f"VACUUM {', '.join(tables)}")


def _look(connection: Any, _record: object, _proxy: object) -> None:
    """A server that was started anew costs one look, not the run; to ask it each time would be as dear as a statement.

    Raises:
        exc.InvalidatePoolError: nobody has asked the server for anything, and yet it says something: farewell.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise exc.InvalidatePoolError


def _begin(connection: sqlalchemy.Connection) -> None:
    if not connection.get_execution_options().get("write", True):
        connection.exec_driver_sql(_READ)
