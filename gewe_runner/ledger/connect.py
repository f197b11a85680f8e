"""Opens a ledger: its address, its engine, its id, and the words for everything a database may refuse."""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import event, exc, insert, select

from gewe_runner import errors
from gewe_runner.ledger import tables
from gewe_runner.model import Profile

#: Where a ledger is.
Address = sqlalchemy.URL

#: How long a writer waits for another one unless told otherwise, in seconds.
BUSY = 15


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger; `reading` and `writing` give a connection inside one transaction."""

    engine: sqlalchemy.Engine
    #: How messages name it: a path, or a URL without its password.
    name: str
    id: str
    gateway: str

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlalchemy.Connection]:
        with _translated(self.name), self.engine.execution_options(write=False).connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlalchemy.Connection]:
        """One transaction, durable when the block has ended; on any error nothing of it is kept."""
        with _translated(self.name), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def address(profile: Profile, project: Path, environ: Mapping[str, str] = os.environ) -> sqlalchemy.URL:
    """Where the profile's ledger is: `ledger_env`'s URL, else `.gewe/<profile>.db` in the project."""
    if profile.ledger_env is None:
        return sqlalchemy.URL.create("sqlite", database=str(project / ".gewe" / f"{profile.name}.db"))
    text = environ.get(profile.ledger_env, "")
    if not text:
        raise errors.LedgerError(
            f"the ledger's address is not set: profile {profile.name} takes it from ${profile.ledger_env}",
            hint=f"export {profile.ledger_env}=sqlite:////srv/gewe/{profile.name}.db",
        )
    try:
        url = sqlalchemy.make_url(text)
    except exc.ArgumentError as error:
        raise errors.LedgerError(
            f"${profile.ledger_env} holds no database URL",
            hint=f"export {profile.ledger_env}=sqlite:////srv/gewe/{profile.name}.db",
        ) from error
    if url.get_backend_name() != "sqlite" or not url.database:
        raise errors.LedgerError(
            f"${profile.ledger_env} names a {url.get_backend_name()} database; this version keeps its ledger in SQLite",
            hint=f"export {profile.ledger_env}=sqlite:////srv/gewe/{profile.name}.db",
        )
    return url


def exists(url: sqlalchemy.URL) -> bool:
    """Whether there is a ledger already; an empty file left by a first start that died is none."""
    path = Path(url.database or "")
    return path.is_dir() or (path.exists() and path.stat().st_size > 0)


def create(url: sqlalchemy.URL, gateway: str) -> Ledger:
    """Make a new ledger that belongs to the gateway; two processes that start at once make one."""
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.LedgerError(
            f"{path.parent}: the ledger's folder cannot be made: {error.strerror}",
            hint="name another place for the ledger, or make the folder yourself",
        ) from error
    engine = _engine(url, BUSY)
    with _translated(str(path)), engine.begin() as connection:
        tables.metadata.create_all(connection)
        if connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == "id")).first() is None:
            facts = {"id": secrets.token_hex(8), "schema": str(tables.SCHEMA), "gateway": gateway}
            facts["created_at"] = str(round(time.time() * 1000))
            connection.execute(insert(tables.meta), [{"key": key, "value": value} for key, value in facts.items()])
    engine.dispose()
    return open(url)


def open(url: sqlalchemy.URL, *, patience: float = BUSY) -> Ledger:  # noqa: A001 - `ledger.open` reads well
    """Open an existing ledger.

    Args:
        patience: How long to wait for another program that is writing, in seconds.

    Raises:
        errors.LedgerError: there is none, it is no ledger, or a newer version wrote it.
    """
    name = str(url.database)
    if not exists(url):
        raise errors.LedgerError(f"{name}: there is no ledger yet", hint="gewe-runner send CAMPAIGN")
    if Path(name).is_dir():
        raise errors.LedgerError(f"{name}: is a folder, not a ledger", hint="name a file in it, for example ledger.db")
    engine = _engine(url, patience)
    with _translated(name), engine.execution_options(write=False).connect() as connection:
        if not sqlalchemy.inspect(connection).has_table("meta"):
            raise errors.LedgerError(f"{name}: is a database, but not a gewe-runner ledger")
        facts: dict[str, str] = {row.key: row.value for row in connection.execute(select(tables.meta))}
    if int(facts["schema"]) > tables.SCHEMA:
        raise errors.LedgerError(
            f"{name}: a newer gewe-runner wrote this ledger (its tables are version {facts['schema']}, "
            f"this program knows {tables.SCHEMA})",
            hint="install the newer version again; nothing was changed",
        )
    return Ledger(engine=engine, name=name, id=facts["id"], gateway=facts["gateway"])


def expect(ledger: Ledger, profile: Profile) -> None:
    """Make sure that the ledger is the profile's.

    Raises:
        errors.LedgerError: it has another id than the profile pins, or belongs to another gateway.
    """
    if profile.ledger_id not in (None, ledger.id):
        raise errors.LedgerError(
            f"{ledger.name}: its id is {ledger.id}, and profile {profile.name} pins {profile.ledger_id}",
            hint="use the ledger that the profile expects; another one does not know who was served",
        )
    if ledger.gateway != profile.gateway:
        raise errors.LedgerError(
            f"{ledger.name}: belongs to the gateway {ledger.gateway}, and profile {profile.name} has {profile.gateway}",
            hint="name another ledger for this profile",
        )


def _engine(url: sqlalchemy.URL, patience: float) -> sqlalchemy.Engine:
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": patience, "check_same_thread": False})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    """FULL: what `commit` has answered survives a power cut; transactions are begun by `_begin` alone."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000", "mmap_size=0"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sqlalchemy.Connection) -> None:
    """A writer takes its lock at once: a transaction that reads first and writes later could fail half-way."""
    write = connection.get_execution_options().get("write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


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


@contextlib.contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except exc.DBAPIError as error:
        said = str(error.orig)
        if isinstance(error, exc.IntegrityError | exc.ProgrammingError):
            raise
        for sign, meaning, advice in _WORDS:
            if sign in said:
                raise errors.LedgerError(f"{name}: {meaning} ({said})", hint=advice) from error
        raise errors.LedgerError(f"{name}: the ledger refuses: {said}") from error
