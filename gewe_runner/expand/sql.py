"""Recipients that a database is asked for."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gewe_runner import errors
from gewe_runner.expand import header, values
from gewe_runner.expand.table import Row, Table
from gewe_runner.model import Source
from gewe_runner.problems import Problems
from gewe_runner.rules import lists


def read(source: Source, project: Path, problems: Problems, environ: Mapping[str, str] = os.environ) -> Table:
    """The rows of the query, as the database gives them.

    Raises:
        errors.InvalidError: It cannot be asked, or its columns cannot be used; the problems have been added.
    """
    query = source.sql
    assert query is not None  # it is what makes the source one of this kind
    records = _records(source, project, problems, environ)
    before = problems.met
    names = header.names(
        next(records), lambda rule, _, message: problems.add(rule.at(source.document, query.position, message))
    )
    if problems.met > before:
        raise errors.InvalidError(f"the columns of {source.called} cannot be used")
    return Table(names=names, rows=_rows(records, names, source, problems))


def _rows(records: Iterator[Sequence[Any]], names: Sequence[str], source: Source, problems: Problems) -> Iterator[Row]:
    for row, record in enumerate(records, start=1):
        try:
            # a text needs no look at what else it could be
            yield (
                row,
                {
                    name: value if type(value) is str else values.text(value)
                    for name, value in zip(names, record, strict=True)
                },
            )
        except values.ValueFault:
            for name, value in zip(names, record, strict=True):
                _tell_value(name, value, row, source, problems)


def _tell_value(name: str, value: object, row: int, source: Source, problems: Problems) -> None:
    try:
        values.text(value)
    except values.ValueFault as fault:
        message = f"{name}: {fault}; make it one in the query, for example cast({name} as varchar)"
        problems.add(lists.SQL_VALUE.of_row(source, row, message))


def _records(source: Source, project: Path, problems: Problems, environ: Mapping[str, str]) -> Iterator[Sequence[Any]]:
    """The names of the columns, and then the rows; what goes wrong is told."""
    from gewe_runner.expand import database

    query = source.sql
    assert query is not None
    try:
        yield from database.Database(environ.get(query.url_env, ""), project).rows(query)
    except database.Fault as fault:
        of_query = isinstance(fault, database.QueryFault)
        message = str(fault) if of_query else f"${query.url_env}: {fault}"
        problems.add(fault.rule.at(source.document, query.position if of_query else source.position, message))
        raise errors.InvalidError(f"{source.called} cannot be read") from fault
