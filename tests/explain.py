"""Looks at how a database goes about each statement of the ledger, right before it does."""

import ast
import contextlib
import functools
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
import sqlalchemy
from sqlalchemy import event

from gewe_runner.ledger import tables
from tests.conftest import ROOT

LEDGER = ROOT / "gewe_runner" / "ledger"

#: Passes statements on for others; a migration goes once through what it changes.
_ASIDE = {"raw", "migrate"}

#: Made for one kind of database only.
_ONLY = {
    "sqlite": {
        *("sqlite", "prune._refuse_busy"),
        *("enter._reserved", "enter._expect_whole", "enter._served", "enter._leave_out"),
    },
    "postgresql": {"postgres", "jobs", "parts", "heal", "slices", "watched"},
}

#: What looks for rows; the rest is about new ones, transactions, settings and tables.
_LOOKS = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH|INSERT\b(?!.*\bVALUES\b))", re.IGNORECASE | re.DOTALL)

#: What else is said of the rows of an index, since it holds no others.
_HELD = {"message_queue": ("state",), "message_in_flight": ("state",), "attempt_trial": ("message_id",)}

#: How statements are executed straight on the driver.
_HOT = {"one", "all", "change", "change_all"}

#: A line of SQLite's: `SEARCH message USING INDEX message_queue (run_n=? AND device=? AND seq<?)`.
_DETAIL = re.compile(
    r"(SCAN|SEARCH) (?P<table>\w+)"
    r"( USING ((COVERING )?INDEX (?P<index>\w+)|(?P<key>INTEGER PRIMARY KEY)))?( \((?P<by>.*)\))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How a statement comes at the rows of one table."""

    #: Module and function of the statement.
    where: str
    table: str
    index: str | None
    #: The columns of the index by which it finds them; none: it goes through all of it.
    by: frozenset[str]
    #: The statement, for whoever has to mend it.
    statement: str

    def __str__(self) -> str:
        how = f"by ({', '.join(sorted(self.by))}) of {self.index}" if self.by else f"all of {self.index or 'it'}"
        return f"{self.where}: {self.table}, {how}\n    {self.statement}"


@dataclass(kw_only=True, slots=True)
class Seen:
    """What was executed while somebody looked."""

    #: The kind of database.
    kind: str
    accesses: set[Access] = field(default_factory=set)
    #: File and line of each place in the ledger that executed something.
    places: set[tuple[str, int]] = field(default_factory=set)
    #: Statements that were explained, however many values their lists had.
    known: set[tuple[str, str]] = field(default_factory=set)

    def add(self, where: str, statement: str, table: str, index: str | None, by: Iterable[str]) -> None:
        """Note how a statement comes at a table."""
        by = {*by, *(_HELD.get(index or "", ()) if by else ())}
        self.accesses.add(Access(where=where, table=table, index=index, by=frozenset(by), statement=_short(statement)))

    def missed(self) -> list[str]:
        """The ledger's statements that were not executed."""
        aside = _ASIDE | {one for kind, names in _ONLY.items() if kind != self.kind for one in names}
        return [
            f"{module}.{function}, line {call.lineno}"
            for module in (path.stem for path in sorted(LEDGER.glob("*.py")))
            for function, call in _calls(LEDGER / f"{module}.py")
            if not aside & {module, f"{module}.{function}"}
            and not any((module, line) in self.places for line in range(call.lineno, (call.end_lineno or 0) + 1))
        ]


@contextlib.contextmanager
def seen(kind: str) -> Iterator[Seen]:
    """Explain each statement that is executed within the block, on connections that are made in it."""
    found = Seen(kind=kind)

    def connecting(dialect: sqlalchemy.Dialect, _record: object, _args: object, options: dict[str, Any]) -> None:
        if dialect.name == "sqlite":
            options["factory"] = functools.partial(_Sqlite, found)
        else:
            options["cursor_factory"] = functools.partial(_Postgres, found)

    event.listen(sqlalchemy.Engine, "do_connect", connecting)
    try:
        yield found
    finally:
        event.remove(sqlalchemy.Engine, "do_connect", connecting)


class _Sqlite(sqlite3.Connection):
    def __init__(self, found: Seen, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._found = found

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        return self.cursor().execute(statement, values)

    def cursor(self, factory: Any = None) -> sqlite3.Cursor:  # type: ignore[override]
        return super().cursor(functools.partial(_SqliteCursor, self._found))


class _SqliteCursor(sqlite3.Cursor):
    def __init__(self, found: Seen, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._found = found

    def execute(self, statement: str, values: Any = ()) -> "_SqliteCursor":
        self._explain(statement, values)
        super().execute(statement, values)
        return self

    def executemany(self, statement: str, values: Any) -> "_SqliteCursor":
        values = list(values)
        self._explain(statement, values[0])
        super().executemany(statement, values)
        return self

    def _explain(self, statement: str, values: Any) -> None:
        where = _noted(self._found, statement)
        if where is None:
            return
        for *_, detail in super().execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall():
            found = _DETAIL.match(detail)
            if found is None or found["table"] not in tables.metadata.tables:
                continue
            key = next(iter(tables.metadata.tables[found["table"]].primary_key)).name
            named = re.findall(r"(\w+)[=<>]", found["by"] or "")
            by = [key if name == "rowid" else name for name in named]
            if "ANY(" in detail:
                by = []  # it skips along the index: without its first column there is no short way
            self._found.add(where, statement, found["table"], found["index"] or found["key"], by)


class _Postgres(psycopg.Cursor[Any]):
    def __init__(self, found: Seen, connection: Any, *, row_factory: Any = None) -> None:
        super().__init__(connection, row_factory=row_factory or connection.row_factory)
        self._found = found

    def execute(self, query: Any, params: Any = None, **options: Any) -> "_Postgres":
        self._explain(query, params)
        super().execute(query, params, **options)
        return self

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        values = list(params_seq)
        self._explain(query, values[0])
        super().executemany(query, values, **options)

    def _explain(self, statement: Any, values: Any) -> None:
        where = _noted(self._found, statement)
        if where is None:
            return
        # a few thousand rows are read as a whole sooner than by an index; a million are not
        super().execute("SET LOCAL enable_seqscan = off")
        ((tree,),) = super().execute(f"EXPLAIN (FORMAT JSON) {statement}", values).fetchall()
        super().execute("SET LOCAL enable_seqscan = on")
        for node in _nodes(tree[0]["Plan"]):
            index = node.get("Index Name")
            table = str(node.get("Relation Name") or _table(index))
            if not re.search(r"Seq Scan|Index", node["Node Type"]) or table not in tables.metadata.tables:
                continue
            columns = _columns(index)
            by = [name for name in columns if re.search(rf"\b{name}\b", node.get("Index Cond", ""))]
            if not by or by[0] != columns[0]:
                by = []  # without its first column an index is gone through as a whole
            self._found.add(where, statement, table, index, by)


def _noted(found: Seen, statement: str) -> str | None:
    """Note where a statement comes from; the place if the statement is new there and has a plan."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and (Path(frame.f_code.co_filename).parent != LEDGER or _module(frame) in _ASIDE):
        frame = frame.f_back
    if frame is None:
        return None
    found.places.add((_module(frame), frame.f_lineno))
    where = f"{_module(frame)}.{frame.f_code.co_qualname.partition('.<locals>')[0]}"
    if not _LOOKS.match(statement) or (where, _short(statement)) in found.known:
        return None
    found.known.add((where, _short(statement)))
    return where


def _module(frame: FrameType) -> str:
    return Path(frame.f_code.co_filename).stem


def _short(statement: str) -> str:
    """The statement on one line, its lists of values with one of them."""
    values = r"(%\(\w+\)s(::\w+)?|\?|:\w+)"
    return re.sub(rf"({values}(, )?){{2,}}", "…", " ".join(statement.split()))


@functools.cache
def _calls(path: Path) -> list[tuple[str, ast.Call]]:
    """Where a module executes statements: function and call."""
    return [
        (function.name, node)
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            node.func.attr in {"execute", "exec_driver_sql"}
            or (isinstance(node.func.value, ast.Name) and node.func.value.id == "cursor" and node.func.attr in _HOT)
        )
    ]


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def _indexes() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name, table and columns of every index."""
    for table in tables.metadata.tables.values():
        yield f"{table.name}_pkey", table.name, tuple(column.name for column in table.primary_key)
        for index in table.indexes:
            yield str(index.name), table.name, tuple(column.name for column in index.columns)
        for constraint in table.constraints:
            if isinstance(constraint, sqlalchemy.UniqueConstraint):
                columns = tuple(column.name for column in constraint.columns)
                yield f"{table.name}_{'_'.join(columns)}_key", table.name, columns


def _table(index: str | None) -> str | None:
    return next((table for name, table, _ in _indexes() if name == index), None)


def _columns(index: str | None) -> tuple[str, ...]:
    return next((columns for name, _, columns in _indexes() if name == index), ())
