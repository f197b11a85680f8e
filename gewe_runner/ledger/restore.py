"""Makes a ledger of an export: all of it or nothing, and only where no ledger is or an empty one."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import sqlalchemy
from sqlalchemy import delete, exc, insert, select, text

from gewe_runner import errors
from gewe_runner.ledger import connect, export, tables
from gewe_runner.model import Profile

_BATCH = 1000

_BY_NAME = {table.name: table for table in export.TABLES}


def restore(url: connect.Address, lines: Iterable[bytes], profile: Profile, name: str) -> dict[str, int]:
    """Take in an export, in one transaction; the ledger keeps the id that it had.

    Args:
        lines: The export's lines.
        profile: Whose ledger it shall be.
        name: How messages name the export.

    Returns:
        How many rows of each table it held.

    Raises:
        errors.LedgerError: the export is cut off, altered or of another profile; or there is a ledger already.
    """
    reader = _Reader(lines, name)
    header = reader.header()
    _expect(header, profile, name)
    with connect.founding(url) as connection:
        _clear(connection, url, header["meta"])
        try:
            for table, rows in reader.batches():
                connection.execute(insert(tables.metadata.tables[table]), rows)
        except exc.StatementError as error:
            if isinstance(error, exc.OperationalError):
                raise
            reader.refuse("no export holds such rows", error)
        if reader.counts != header["counts"]:
            reader.refuse("its rows are not as many as its header says")
        for table, key in export.KEYS.items():
            if isinstance(tables.metadata.tables[table].c[key].type, sqlalchemy.Integer):
                connect.database(url).count_on(connection, table, key)
    return reader.counts


def _expect(header: dict[str, Any], profile: Profile, name: str) -> None:
    facts = header["meta"]
    if int(facts["schema"]) > tables.SCHEMA:
        raise errors.LedgerError(
            f"{name}: a newer gewe-runner wrote this export (version {facts['schema']}, this program knows "
            f"{tables.SCHEMA})",
            hint="install the newer version",
        )
    if profile.ledger_id not in (None, facts["id"]):
        raise errors.LedgerError(
            f"{name}: holds the ledger {facts['id']}, and profile {profile.name} pins {profile.ledger_id}",
            hint="take the export of the ledger that the profile expects",
        )
    if facts["gateway"] != profile.gateway:
        raise errors.LedgerError(
            f"{name}: belongs to the gateway {facts['gateway']}, and profile {profile.name} has {profile.gateway}",
            hint="choose the profile that it belongs to, with --profile",
        )


def _clear(connection: sqlalchemy.Connection, url: connect.Address, facts: dict[str, str]) -> None:
    """Make the tables, or make sure that those that are there hold nothing, and note the facts of the export."""
    known = connect.facts(connection)
    if known is not None:
        connect.expected(connect.shown(url), known)
        for table in export.TABLES:
            if connection.execute(
                select(text("1")).select_from(table).where(tables.registered(table)).limit(1)
            ).first():
                raise errors.LedgerError(
                    f"{connect.shown(url)}: is a ledger that is in use; an export goes only into a new or empty one",
                    hint="name another ledger for this profile",
                )
        for table in (tables.message, tables.skip, tables.meta):  # of a registration that was killed there may be rows
            connection.execute(delete(table))
    connect.found(connection, {**facts, "schema": str(tables.SCHEMA)})


class _Reader:
    """An export, line by line; it is whole when the last batch has been taken."""

    def __init__(self, lines: Iterable[bytes], name: str) -> None:
        self._lines = iter(lines)
        self._name = name
        self._number = 0
        self._seal = hashlib.sha256()
        self.counts = dict.fromkeys(_BY_NAME, 0)

    def header(self) -> dict[str, Any]:
        tree = self._next()
        if tree.get("format") != export.FORMAT:
            self.refuse("it is no export of a ledger")
        if not {"meta", "counts"} <= tree.keys() or not {"id", "schema", "gateway"} <= tree["meta"].keys():
            self.refuse("its header is not whole")
        return tree

    def batches(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """The rows of each table, a few at a time, until the seal has proved that nothing is missing or altered."""
        table, batch = "", list[dict[str, Any]]()
        while "end" not in (tree := self._next()):
            name = str(tree.pop("table", ""))
            if name not in _BY_NAME or not tree.keys() <= set(export.columns(_BY_NAME[name])):
                self.refuse("no table has such a row")
            if batch and (name != table or len(batch) == _BATCH):
                yield table, batch
                batch = []
            table = name
            batch.append(tree)
            self.counts[name] += 1
        if batch:
            yield table, batch
        if next(self._lines, None) is not None:
            self.refuse("something stands behind its end")

    def refuse(self, fault: str, cause: Exception | None = None) -> NoReturn:
        raise errors.LedgerError(
            f"{self._name}:{self._number}: {fault}; it was cut off or altered, and nothing was taken in",
            hint="gewe-runner ledger export -o FILE, once more",
        ) from cause

    def _next(self) -> dict[str, Any]:
        line = next(self._lines, b"")
        self._number += 1
        if not line.endswith(b"\n"):
            self.refuse("it ends here")
        try:
            tree = json.loads(line)
        except ValueError as error:
            self.refuse("this is no JSON", error)
        if not isinstance(tree, dict):
            self.refuse("this is no row")
        if "end" in tree and tree != {"end": self._number - 1, "sha256": self._seal.hexdigest()}:
            self.refuse("its rows are not those that its seal was made for")
        self._seal.update(line)
        return tree
