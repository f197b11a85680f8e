"""Sets of ids, on disk as soon as they are many: who was suppressed, who was seen already; memory stays the same."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gewe_runner import batches

if TYPE_CHECKING:  # takes a while to load, and most lists are short
    import sqlite3

#: So many ids are held in memory.
FEW = 2 * batches.SIZE

# An empty name is SQLite's private file in the temporary folder.
_FILE = ""


class Ids:
    """Two sets of ids; many are in a database of their own that vanishes with them.

    Args:
        few: How many are in memory.
    """

    def __init__(self, few: int = FEW) -> None:
        self._few = few
        #: Those that are in memory.
        self._seen: set[str] = set()
        self._suppressed: set[str] = set()
        #: How many ids were asked for; each has its number, which tells the first of equal ones.
        self._asked = 0
        # Nobody need be looked for among none: most plans have few lists of suppressed people, or empty ones.
        self._suppresses = False
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> "Ids":
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            self._connection.close()

    def suppress(self, ids: Iterable[str]) -> None:
        for batch in batches.of(ids):
            self._suppresses = True
            if database := self._database(len(batch)):
                _suppress(database, batch)
            else:
                self._suppressed.update(batch)

    def is_suppressed(self, id: str) -> bool:
        return bool(self.suppressed([id]))

    def suppressed(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of some hundred ids that are suppressed."""
        if not self._suppresses:
            return frozenset()
        if not self._connection:
            return frozenset(self._suppressed.intersection(ids))
        marks = ", ".join("?" * len(ids))
        found = self._connection.execute(f"SELECT id FROM suppressed WHERE id IN ({marks})", ids)  # noqa: S608 - marks
        return frozenset(one for (one,) in found)

    def is_new(self, id: str) -> bool:
        """Whether the id is seen for the first time; it is seen from now on."""
        return self.new([id])[0]

    def new(self, ids: Sequence[str]) -> Sequence[bool]:
        """Of each id whether it is seen for the first time; they are seen from now on."""
        numbered = list(enumerate(ids, self._asked))
        self._asked += len(ids)
        database = self._database(len(ids))
        if not database:
            first = {one: number for number, one in reversed(numbered) if one not in self._seen}
            self._seen.update(first)
            return [first.get(one) == number for number, one in numbered]
        if _see(database, numbered) == len(ids):
            return [True] * len(ids)
        return [_first(database, one) == number for number, one in numbered]

    def _database(self, more: int) -> "sqlite3.Connection | None":
        """The database, where there are more than a few ids with those that come; what was in memory goes there."""
        if not self._connection and len(self._seen) + len(self._suppressed) + more > self._few:
            self._connection = _opened()
            _see(self._connection, enumerate(self._seen, -len(self._seen)))
            _suppress(self._connection, self._suppressed)
            self._seen, self._suppressed = set(), set()
        return self._connection


def _opened() -> "sqlite3.Connection":
    import sqlite3

    connection = sqlite3.connect(_FILE, isolation_level=None)
    for statement in (
        "PRAGMA journal_mode=OFF",
        "PRAGMA synchronous=OFF",
        "PRAGMA cache_size=-5000",
        "CREATE TABLE seen (id TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE suppressed (id TEXT PRIMARY KEY) WITHOUT ROWID",
        "BEGIN",
    ):
        connection.execute(statement)
    return connection


def _suppress(database: "sqlite3.Connection", ids: Iterable[str]) -> None:
    database.executemany("INSERT OR IGNORE INTO suppressed VALUES (?)", ((one,) for one in ids))


def _see(database: "sqlite3.Connection", numbered: Iterable[tuple[int, str]]) -> int:
    """Note ids with their numbers, each once; how many were new."""
    rows = ((one, number) for number, one in numbered)
    return database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows).rowcount


def _first(database: "sqlite3.Connection", id: str) -> int:
    (number,) = database.execute("SELECT number FROM seen WHERE id = ?", (id,)).fetchone()
    return int(number)
