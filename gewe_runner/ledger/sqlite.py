"""SQLite as a ledger's database: how a file is opened, what its errors mean, and how it is cleaned."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import event, exc

from gewe_runner import errors
from gewe_runner.ledger import place

#: An older ledger is brought up to date by whoever opens it.
UPGRADES_ITSELF = True

#: To give space back the whole file is written anew, and nobody else can write it meanwhile.
SCRUBS_ALONE = True

#: Who writes keeps all others from it, so what takes long is done in pieces, each a transaction of its own.
IN_PIECES = True

#: Who waits for another registration looks up so often, in seconds.
_TURN = 1

#: What SQLite says, what that means, and what to do about it.
_WORDS = (
    ("database is locked", "another program has locked the ledger", "end the other program, then run this again"),
    ("readonly database", "the ledger is read-only", "give yourself the right to write it, then run this again"),
    ("disk is full", "the disk is full", "make room, then run this again"),
    ("disk I/O error", "the disk does not work as it should", "check the disk, then run this again"),
    ("not a database", "the file is not a ledger", "name another ledger, or restore this one from a backup"),
    ("malformed", "the ledger is damaged", "restore it from a backup"),
    ("unable to open", "the ledger cannot be opened", "check its folder and your rights"),
)


def checked(url: sqlalchemy.URL, project: Path) -> sqlalchemy.URL | None:
    """The address as it is used; None where it names no file.

    A relative path is one in the project: it must not lead elsewhere from another working directory.
    """
    return url.set(database=str(project / url.database)) if url.database else None


def shown(url: sqlalchemy.URL) -> str:
    return str(url.database)


def may_exist(url: sqlalchemy.URL) -> bool:
    """Whether there is something to connect to; to connect would make the file."""
    return place.is_something(Path(url.database or ""))


def exists(url: sqlalchemy.URL) -> bool:
    """Whether there is something already; what a first start that died has left, a file without a table, is nothing."""
    if not may_exist(url):
        return False
    looking = sqlalchemy.create_engine(url)  # changes nothing, as `engine` would
    try:
        with looking.connect() as connection:
            return connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").first() is not None
    except exc.DBAPIError:
        return True  # whatever cannot be looked into is something, and told when it is opened
    finally:
        looking.dispose()


def prepare(url: sqlalchemy.URL) -> None:
    """Make the file, for its owner alone, and the folder that it lies in; what lies above is there or was mistyped."""
    path = Path(url.database or "")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise errors.LedgerError(
            f"{path}: the ledger's folder cannot be made: {error.strerror}",
            hint="name another place for the ledger, or make the folder yourself",
        ) from error


def engine(
    url: sqlalchemy.URL,
    patience: float,
    connections: int = 5,  # noqa: ARG001 - as in `postgres`
    *,
    at_once: bool = False,  # noqa: ARG001 - as in `postgres`
) -> sqlalchemy.Engine:
    """Connections that wait so many seconds for another writer."""
    if Path(url.database or "").is_dir():
        raise errors.LedgerError(
            f"{url.database}: is a folder, not a ledger", hint="name a file in it, for example ledger.db"
        )
    made = sqlalchemy.create_engine(url, connect_args={"timeout": patience, "check_same_thread": False})
    event.listen(made, "connect", _prepare)
    event.listen(made, "begin", _begin)
    return made


def options(url: sqlalchemy.URL) -> dict[str, str]:  # noqa: ARG001 - as in `postgres`
    """None that its address would need."""
    return {}


@contextlib.contextmanager
def registering(url: sqlalchemy.URL) -> Iterator[None]:
    """Wait until nobody else makes runs or tables: for as long as it takes, since to send goes on all the while.

    The lock is on an empty file beside the ledger, and ends with its process, however that ends.
    """
    beside = url.set(database=f"{url.database}-registering")
    _lend(Path(str(beside.database)), Path(str(url.database)))
    looking = sqlalchemy.create_engine(beside, connect_args={"timeout": _TURN})
    try:
        with looking.connect() as connection:
            while not _locked(connection):
                pass  # it has waited; who presses Ctrl-C is heard in between
            yield
    finally:
        looking.dispose()


def _lend(lock: Path, ledger: Path) -> None:
    """Make the file that is locked, so that whoever may write the ledger may write it, whoever comes first."""
    if lock.exists():
        return
    with contextlib.suppress(OSError):  # SQLite says what is wrong
        lock.touch(mode=0o600)
        known = ledger.stat()
        lock.chmod(stat.S_IMODE(known.st_mode))
        if hasattr(os, "chown"):
            os.chown(lock, known.st_uid if os.geteuid() == 0 else -1, known.st_gid)


def _locked(connection: sqlalchemy.Connection) -> bool:
    try:
        connection.exec_driver_sql("PRAGMA journal_mode=MEMORY")  # else there would be a second file
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        connection.exec_driver_sql("PRAGMA user_version=1")  # of what cannot be written all may begin it; never kept
    except exc.OperationalError as error:
        if "locked" in str(error.orig):
            return False
        if "readonly" in str(error.orig):
            raise errors.LedgerError(
                f"{connection.engine.url.database}: cannot be written, and keeps sends from starting at once",
                hint="give yourself the right to write it, or remove it while nothing is sent",
            ) from error
        raise
    return True


@contextlib.contextmanager
def pieces(opened: sqlalchemy.Engine) -> Iterator[Callable[[], AbstractContextManager[sqlalchemy.Connection]]]:
    """A transaction each time; rows may be there before the run that they refer to.

    What is left of such rows without a run is removed, beforehand that of whoever was killed.
    """
    with registering(opened.url), opened.connect() as connection:

        @contextlib.contextmanager
        def piece() -> Iterator[sqlalchemy.Connection]:
            with connection.begin():
                yield connection

        connection.connection.execute("PRAGMA foreign_keys=OFF").close()
        try:
            _sweep(piece)
            yield piece
        except BaseException:
            with contextlib.suppress(exc.DBAPIError):  # the next one will
                _sweep(piece)
            raise
        finally:
            connection.connection.execute("PRAGMA foreign_keys=ON").close()


def _sweep(piece: Callable[[], AbstractContextManager[sqlalchemy.Connection]]) -> None:
    """Remove the rows of runs that were never made."""
    for table in ("message", "skip"):
        left = f"SELECT id FROM {table} WHERE run_n > (SELECT coalesce(max(n), 0) FROM run) LIMIT 20000"  # noqa: S608
        more = True
        while more:
            with piece() as connection:
                more = connection.exec_driver_sql(f"DELETE FROM {table} WHERE id IN ({left})").rowcount > 0  # noqa: S608


def alone(connection: sqlalchemy.Connection) -> None:
    """Keep others from making or changing tables: who writes is alone anyway."""


def now(connection: sqlalchemy.Connection) -> int | None:  # noqa: ARG001 - as in `postgres`
    """No clock of its own: all who write the file are on this host, so theirs is right."""
    return None


def meaning(error: exc.DBAPIError) -> tuple[str, str] | None:
    """What an error means and what to do; None for a bug of ours."""
    if isinstance(error, exc.IntegrityError | exc.ProgrammingError):
        return None
    said = str(error.orig)
    found = next(((meaning, advice) for sign, meaning, advice in _WORDS if sign in said), ("the ledger refuses", ""))
    return f"{found[0]} ({said})", found[1]


def size(connection: sqlalchemy.Connection, tables: Sequence[str]) -> int:  # noqa: ARG001 - as in `postgres`
    """Bytes on the disk, the write-ahead log included."""
    path = str(connection.engine.url.database)
    return sum(Path(f"{path}{end}").stat().st_size for end in ("", "-wal") if Path(f"{path}{end}").exists())


def sizes(connection: sqlalchemy.Connection, tables: Sequence[str]) -> dict[str, int]:
    """Bytes by table, indexes included; nothing where this SQLite was built without the means to tell."""
    if not connection.exec_driver_sql("SELECT sqlite_compileoption_used('ENABLE_DBSTAT_VTAB')").scalar_one():
        return {}
    statement = (
        "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) WHERE aggregate = 1 GROUP BY tbl_name"
    )
    rows = connection.exec_driver_sql(statement).all()
    return {name: size for name, size in rows if name in tables}


def learn(connection: sqlalchemy.Connection, table: str) -> None:
    """Count what a table holds: SQLite finds its way without."""


def add(cursor: Any, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Put rows into a table, by the driver's own cursor."""
    marks = ", ".join("?" * len(columns))
    cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - our names


def count_on(connection: sqlalchemy.Connection, table: str, column: str) -> None:
    """Go on numbering behind what is there: SQLite does so by itself."""


def scrub(opened: sqlalchemy.Engine, tables: Sequence[str]) -> None:  # noqa: ARG001 - as in `postgres`
    """Overwrite what was changed or deleted, in the file and in its log."""
    with opened.execution_options(write=None).connect() as connection:
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _prepare(connection: Any, _record: object) -> None:
    """FULL: what `commit` has answered survives a power cut; transactions are begun by `_begin` alone."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000", "mmap_size=0"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sqlalchemy.Connection) -> None:
    """A writer takes its lock at once: a transaction that reads first and writes later could fail half-way."""
    write = connection.get_execution_options().get("write", True)
    if write is not None:  # some statements want no transaction at all
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
