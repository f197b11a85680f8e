"""Sets of ids on disk: who was suppressed, who was seen already; memory does not grow with the list."""

import sqlite3
from collections.abc import Iterable, Sequence


class Ids:
    """Two sets of ids in a database of its own that vanishes with it."""

    def __init__(self) -> None:
        # Nobody need be looked for among none: most plans have few lists of suppressed people, or empty ones.
        self._suppresses = False
        #: How many ids were asked for; each has its number, which tells the first of equal ones.
        self._asked = 0
        # An empty name is SQLite's private file in the temporary folder.
        self._connection = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "PRAGMA cache_size=-11000",
            "CREATE TABLE seen (id TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
            "CREATE TABLE suppressed (id TEXT PRIMARY KEY) WITHOUT ROWID",
            "BEGIN",
        ):
            self._connection.execute(statement)

    def __enter__(self) -> "Ids":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def clear(self) -> None:
        """Begin anew: nobody is suppressed, nobody was seen."""
        self._suppresses, self._asked = False, 0
        self._connection.execute("DELETE FROM seen")
        self._connection.execute("DELETE FROM suppressed")

    def suppress(self, ids: Iterable[str]) -> None:
        added = self._connection.executemany("INSERT OR IGNORE INTO suppressed VALUES (?)", ((one,) for one in ids))
        self._suppresses |= added.rowcount > 0

    def is_suppressed(self, id: str) -> bool:
        return bool(self.suppressed([id]))

    def suppressed(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of some hundred ids that are suppressed."""
        if not self._suppresses:
            return frozenset()
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
        rows = ((one, number) for number, one in numbered)
        if self._connection.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows).rowcount == len(ids):
            return [True] * len(ids)
        return [self._first(one) == number for number, one in numbered]

    def _first(self, id: str) -> int:
        (number,) = self._connection.execute("SELECT number FROM seen WHERE id = ?", (id,)).fetchone()
        return int(number)
