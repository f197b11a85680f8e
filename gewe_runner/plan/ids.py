"""Sets of ids on disk: who was suppressed, who was seen already; memory does not grow with the list."""

import sqlite3
from collections.abc import Iterable


class Ids:
    """Two sets of ids in a database of its own that vanishes with it."""

    def __init__(self) -> None:
        # Nobody need be looked for among none: most plans have few lists of suppressed people, or empty ones.
        self._suppresses = False
        # An empty name is SQLite's private file in the temporary folder.
        self._connection = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "PRAGMA cache_size=-16000",
            "CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE suppressed (id TEXT PRIMARY KEY) WITHOUT ROWID",
            "BEGIN",
        ):
            self._connection.execute(statement)

    def __enter__(self) -> "Ids":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def suppress(self, ids: Iterable[str]) -> None:
        added = self._connection.executemany("INSERT OR IGNORE INTO suppressed VALUES (?)", ((one,) for one in ids))
        self._suppresses |= added.rowcount > 0

    def is_suppressed(self, id: str) -> bool:
        if not self._suppresses:
            return False
        return self._connection.execute("SELECT 1 FROM suppressed WHERE id = ?", (id,)).fetchone() is not None

    def is_new(self, id: str) -> bool:
        """Whether the id is seen for the first time; it is seen from now on."""
        return self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", (id,)).rowcount == 1
