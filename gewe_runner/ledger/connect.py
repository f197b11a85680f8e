"""Opens a ledger: its address, its database, its id and its version; and says in words what a database refuses."""

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy
from sqlalchemy import exc, insert, select

from gewe_runner import errors
from gewe_runner.ledger import migrate, place, postgres, raw, sqlite, tables
from gewe_runner.model import Profile

#: Where a ledger is.
Address = sqlalchemy.URL

#: How long a writer waits for another one unless told otherwise, in seconds.
BUSY = 15

#: Gives a transaction for a piece of what may take long.
Piece = Callable[[], AbstractContextManager[sqlalchemy.Connection]]


class Database(Protocol):
    """What differs between the databases; each is a module of its own."""

    @property
    def UPGRADES_ITSELF(self) -> bool: ...  # noqa: N802 - a module's constant
    @property
    def SCRUBS_ALONE(self) -> bool: ...  # noqa: N802 - a module's constant
    @property
    def IN_PIECES(self) -> bool: ...  # noqa: N802 - a module's constant
    def checked(self, url: sqlalchemy.URL, project: Path) -> sqlalchemy.URL | None: ...
    def shown(self, url: sqlalchemy.URL) -> str: ...
    def may_exist(self, url: sqlalchemy.URL) -> bool: ...
    def exists(self, url: sqlalchemy.URL) -> bool: ...
    def prepare(self, url: sqlalchemy.URL) -> None: ...
    def engine(
        self, url: sqlalchemy.URL, patience: float, connections: int = 5, *, at_once: bool = False
    ) -> sqlalchemy.Engine: ...
    def options(self, url: sqlalchemy.URL) -> Mapping[str, str]: ...
    def registering(self, url: sqlalchemy.URL) -> AbstractContextManager[None]: ...
    def pieces(self, opened: sqlalchemy.Engine) -> AbstractContextManager[Piece]: ...
    def alone(self, connection: sqlalchemy.Connection) -> None: ...
    def now(self, connection: sqlalchemy.Connection) -> int | None: ...
    def meaning(self, error: exc.DBAPIError) -> tuple[str, str] | None: ...
    def size(self, connection: sqlalchemy.Connection, tables: Sequence[str]) -> int: ...
    def sizes(self, connection: sqlalchemy.Connection, tables: Sequence[str]) -> dict[str, int]: ...
    def learn(self, connection: sqlalchemy.Connection, table: str) -> None: ...
    def add(self, cursor: Any, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None: ...
    def count_on(self, connection: sqlalchemy.Connection, table: str, column: str) -> None: ...
    def scrub(self, opened: sqlalchemy.Engine, tables: Sequence[str]) -> None: ...


#: By the beginning of the address.
DATABASES: Mapping[str, Database] = {"sqlite": sqlite, "postgresql": postgres, "postgres": postgres}


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger; `reading` and `writing` give a connection inside one transaction."""

    engine: sqlalchemy.Engine
    #: How messages name it: a path, or a URL without its password.
    name: str
    id: str
    gateway: str
    #: Connections for `at_once`, where it was opened with them.
    quick: sqlalchemy.Engine | None = None

    @property
    def database(self) -> Database:
        return DATABASES[self.engine.dialect.name]

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlalchemy.Connection]:
        """Everything as of one moment; nothing may be written."""
        with (
            translated(self.database, self.name),
            self.engine.execution_options(write=False).connect() as connection,
        ):
            yield connection
            # after a rollback the driver would prepare all of its statements anew
            connection.commit()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlalchemy.Connection]:
        """One transaction, durable when the block has ended; on any error nothing of it is kept."""
        with translated(self.database, self.name), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def registering(self) -> Iterator[Piece]:
        """What makes runs, or forgets them: nobody else does meanwhile.

        Yields:
            A transaction each time it is called, or the same one: see `IN_PIECES` of the databases.
        """
        with translated(self.database, self.name), self.database.pieces(self.engine) as piece:
            yield piece

    @contextlib.contextmanager
    def at_once(self) -> Iterator[raw.Cursor]:
        """Each statement is durable when it has been executed; without the questions and answers of a transaction."""
        assert self.quick is not None, "it was not opened for that"
        with translated(self.database, self.name), raw.at_once(self.quick) as cursor:
            yield cursor

    def close(self) -> None:
        self.engine.dispose()
        if self.quick is not None:
            self.quick.dispose()


def address(profile: Profile, project: Path, environ: Mapping[str, str] = os.environ) -> sqlalchemy.URL:
    """Where the profile's ledger is: `ledger_env`'s URL, else `.gewe/<profile>.db` in the project.

    Raises:
        errors.AddressError: the variable holds none.
    """
    if profile.ledger_env is None:
        return sqlalchemy.URL.create("sqlite", database=str(place.own(profile, project)))
    text, hint = place.named(profile, environ), place.hint(profile)
    try:
        url = sqlalchemy.make_url(text)
    except (exc.ArgumentError, ValueError):
        # without its cause, whose text repeats the address
        raise errors.AddressError(f"${profile.ledger_env} holds no database URL", hint=hint) from None
    backend = url.drivername.partition("+")[0]
    if backend not in DATABASES:
        raise errors.AddressError(
            f"${profile.ledger_env} names a {backend} database; a ledger lies in PostgreSQL or SQLite", hint=hint
        )
    checked = DATABASES[backend].checked(url, project)
    # what stands between two @ would be taken for the host, asked for and shown
    if checked is None or (url.host and text.count("@") > 1):
        raise errors.AddressError(
            f"${profile.ledger_env} is no complete {backend} address; special characters in a password are written "
            "as %XX (@ is %40)",
            hint=hint,
        )
    return checked


def shown(url: sqlalchemy.URL) -> str:
    """How messages name the ledger: a path, or a URL without its password."""
    return database(url).shown(url)


def exists(url: sqlalchemy.URL) -> bool:
    """Whether there is a ledger already; an empty file left by a first start that died is none."""
    kind = database(url)
    with translated(kind, kind.shown(url)):
        return kind.exists(url)


def create(url: sqlalchemy.URL, gateway: str) -> Ledger:
    """Make a new ledger that belongs to the gateway; two processes that start at once make one."""
    with founding(url) as connection:
        if facts(connection) is None:
            found(connection, {"id": secrets.token_hex(8), "gateway": gateway})
    return open(url)


def open(  # noqa: A001 - `ledger.open` reads well
    url: sqlalchemy.URL, *, patience: float = BUSY, connections: int = 5, quick: int = 0
) -> Ledger:
    """Open an existing ledger; an older one in SQLite is brought up to date first.

    Args:
        patience: How long to wait for another program that is writing, in seconds.
        connections: How many transactions there can be at once, where the database has such a limit.
        quick: How many statements there can be at once beside them, each a transaction in itself: see `at_once`.

    Raises:
        errors.LedgerError: there is none, it is no ledger, or its version is another.
    """
    kind = database(url)
    name = kind.shown(url)
    nothing = errors.LedgerError(f"{name}: there is no ledger yet", hint="gewe-runner send CAMPAIGN")
    if not kind.may_exist(url):
        raise nothing
    engine = kind.engine(url, patience, connections)
    try:
        with translated(kind, name), engine.execution_options(write=False).connect() as connection:
            found = facts(connection)
        if found is None and not kind.exists(url):
            raise nothing
        known = expected(name, found)
        if int(known["schema"]) < tables.SCHEMA:
            if not kind.UPGRADES_ITSELF:
                raise errors.LedgerError(
                    f"{name}: the ledger's tables are version {known['schema']}, this program needs {tables.SCHEMA}",
                    hint="gewe-runner ledger upgrade",
                )
            upgrade(url)
    except BaseException:
        engine.dispose()
        raise
    own = kind.engine(url, patience, quick, at_once=True) if quick else None
    return Ledger(engine=engine, name=name, id=known["id"], gateway=known["gateway"], quick=own)


def upgrade(url: sqlalchemy.URL) -> tuple[int, int]:
    """Bring the tables of a ledger up to date, in one transaction.

    Returns:
        The version that they had, and the one that they have now.
    """
    with founding(url) as connection:
        version = int(expected(shown(url), facts(connection))["schema"])
        if version < tables.SCHEMA:
            migrate.migrate(connection, version)
    return version, tables.SCHEMA


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
            hint="name another ledger for this profile, or, if the gateway only moved: "
            f"gewe-runner ledger info --adopt-gateway {profile.gateway}",
        )


@contextlib.contextmanager
def founding(url: sqlalchemy.URL) -> Iterator[sqlalchemy.Connection]:
    """One transaction in which tables are made or changed, with nobody else at it."""
    kind = database(url)
    kind.prepare(url)
    engine = kind.engine(url, BUSY)
    try:
        with translated(kind, kind.shown(url)), kind.registering(url), engine.begin() as connection:
            kind.alone(connection)
            yield connection
    finally:
        engine.dispose()


def facts(connection: sqlalchemy.Connection) -> dict[str, str] | None:
    """What a ledger says of itself; None where there is nothing, no fact in another program's database."""
    try:
        # asked for at once: to have the tables described takes longer than all else of opening a ledger
        with connection.begin_nested():
            return {row.key: row.value for row in connection.execute(select(tables.meta))}
    except (exc.ProgrammingError, exc.OperationalError):
        inspector = sqlalchemy.inspect(connection)
        there = set(inspector.get_table_names())
        if "meta" not in there:
            return {} if there & set(tables.metadata.tables) else None
        if {column["name"] for column in inspector.get_columns("meta")} != {"key", "value"}:
            return {}
        raise


def found(connection: sqlalchemy.Connection, known: Mapping[str, str]) -> None:
    """Make the tables of a new ledger and note what it shall say of itself."""
    tables.create(connection)
    own = {"schema": str(tables.SCHEMA), "created_at": str(round(time.time() * 1000)), **known}
    connection.execute(insert(tables.meta), [{"key": key, "value": value} for key, value in own.items()])


def expected(name: str, known: dict[str, str] | None) -> dict[str, str]:
    """The facts of a ledger that this program can use.

    Raises:
        errors.LedgerError: they are none, or those of a newer version.
    """
    if not known or "schema" not in known:
        raise errors.LedgerError(
            f"{name}: is a database, but not a gewe-runner ledger", hint="give the ledger a database of its own"
        )
    if int(known["schema"]) > tables.SCHEMA:
        raise errors.LedgerError(
            f"{name}: a newer gewe-runner wrote this ledger (its tables are version {known['schema']}, "
            f"this program knows {tables.SCHEMA})",
            hint="install the newer version again; nothing was changed",
        )
    return known


def database(url: sqlalchemy.URL) -> Database:
    """What is particular to the database that the address leads to."""
    return DATABASES[url.get_backend_name()]


@contextlib.contextmanager
def translated(database: Database, name: str) -> Iterator[None]:
    """Turn what the database refuses within the block into words."""
    try:
        yield
    except exc.DBAPIError as error:
        meaning = database.meaning(error)
        if meaning is None:
            raise
        raise errors.LedgerError(f"{name}: {meaning[0]}", hint=meaning[1]) from error
