"""Turns a campaign's lists into recipients, row by row; each kind of list is one file with the same names inside."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from gewe_runner import errors, template
from gewe_runner.expand import clean, columns, condition, damage, delimited, files, inline, jsonl
from gewe_runner.expand.table import Row, Table
from gewe_runner.model import Recipient, Source
from gewe_runner.problems import Problems
from gewe_runner.rules import cards, lists


class _Kind(Protocol):
    def read(self, path: Path, source: Source, problems: Problems) -> Table: ...


#: How a list is read, by the ending of its name.
KINDS: Mapping[str, _Kind] = {
    ".csv": delimited,
    ".tsv": delimited,
    ".jsonl": jsonl,
}


def recipients(sources: Iterable[Source], project: Path, problems: Problems) -> Iterator[Recipient]:
    """Every row of the lists, in their order, those that `where` leaves out included.

    Args:
        sources: The lists.
        project: The folder outside which no list may lie.
        problems: Takes what is wrong with them; rows that cannot be used are left out.
    """
    for source in sources:
        with contextlib.suppress(errors.InvalidError):  # its problems are told; the other lists' shall be, too
            yield from _recipients(source, project, problems)


def ids(sources: Iterable[Source], project: Path, problems: Problems) -> Iterator[str]:
    """The ids in the lists, cleaned as recipients' are; a list of one column needs no `columns`.

    Args:
        sources: The lists, which may be empty.
        project: The folder outside which no list may lie.
        problems: Takes what is wrong with them.
    """
    for source in sources:
        with contextlib.suppress(errors.InvalidError):
            yield from _ids(source, project, problems)


def original(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows of a list file as they stand in it, numbered as problems number them; faulty rows are left out."""
    problems = Problems(keep=0)
    with contextlib.suppress(errors.InvalidError):
        source = Source(label=path.name, name=path.name, where=(), path=path)
        yield from KINDS[path.suffix.lower()].read(path, source, problems).rows


def _recipients(source: Source, project: Path, problems: Problems) -> Iterator[Recipient]:
    before, is_empty = problems.errors, True
    table, id_column = _table(source, project, problems), source.columns.get(columns.ID, columns.ID)
    for row, values, wanted in _rows(table, source, problems):
        is_empty = False
        wxid = values[columns.ID]
        if wanted:
            for rule, message in cards.check(columns.ID, wxid):
                problems.add(rule.at(table.path, table.place(row, id_column), f"{id_column} {message}"))
        yield Recipient(to_wxid=wxid, source=source, row=row, values=values, wanted=wanted)
    if is_empty and problems.errors == before:
        message = "the list has no rows; fill it, or remove it from the campaign"
        problems.add(lists.EMPTY.at(table.path, table.begin, message))


def _ids(source: Source, project: Path, problems: Problems) -> Iterator[str]:
    table = _table(source, project, problems)
    if len(table.names) == 1 and not source.columns and table.names[0] != columns.ID:
        name = table.names[0]
        source = replace(source, columns={columns.ID: name})
        if not columns.is_id_name(name):
            # Without a header the first person stands here: too many suppressed is harmless, one too few is not.
            yield name
    for _, values, wanted in _rows(table, source, problems):
        if wanted:
            yield values[columns.ID]


def _table(source: Source, project: Path, problems: Problems) -> Table:
    if source.rows is not None:
        return inline.read(source)
    known = " ".join(KINDS)
    path = source.path
    if path is None:
        message = f"lists from a database cannot be read yet; export it to a file: {known}"
    elif path.name == "-":
        message = f"standard input cannot be a list yet; name a file: {known}"
    else:
        files.check(path, source, project, problems)
        kind = KINDS.get(path.suffix.lower())
        if kind:
            return kind.read(path, source, problems)
        ending = f'"{path.suffix}" lists' if path.suffix else "lists without an ending"
        message = f"{source.name}: {ending} cannot be read; save it as one of: {known}"
    problems.add(lists.FORMAT.at(source.document, source.position, message))
    raise errors.InvalidError(f"{source.name} cannot be read")


def _rows(table: Table, source: Source, problems: Problems) -> Iterator[tuple[int, dict[str, str], bool]]:
    """Every usable row under our names, its id cleaned, and whether it is wanted."""
    if not table.names:
        return
    id_column = columns.id_column(table, source, problems)
    wants = condition.compiled(source, problems)
    damaged = damage.Damage()
    for row, values in _cleaned(table, source, problems):
        at = table.place(row, id_column)
        try:
            wanted = wants(values)
        except template.TemplateFault as fault:
            problems.add(lists.WHERE.at(table.path, at, f"where: {fault.message}"))
            continue
        if wanted and not values[columns.ID]:
            message = f"{id_column} is empty; fill it in, delete the row, or leave it out with `where`"
            problems.add(lists.ID_EMPTY.at(table.path, at, message))
            continue
        if wanted:
            damaged.look(values[columns.ID], at)
        yield row, values, wanted
    damaged.tell(table.path, id_column, problems)


def _cleaned(table: Table, source: Source, problems: Problems) -> Iterator[Row]:
    rename, trimmed = columns.renamer(source.columns), 0
    for row, theirs in table.rows:
        values = rename(theirs) if rename else theirs
        written = values.get(columns.ID)
        if written is None:
            at = table.place(row, columns.ID)
            names = ", ".join(theirs)
            problems.add(lists.NO_ID.at(table.path, at, f'the row has no "{columns.ID}", it has: {names}; add it'))
            continue
        wxid = clean.edges(written)
        if wxid != written:
            trimmed += 1
            values[columns.ID] = wxid
        yield row, values
    if trimmed:
        counted = "1 id was" if trimmed == 1 else f"{trimmed:,} ids were"
        message = f"{counted} trimmed: spaces or invisible characters around them"
        problems.add(lists.ID_TRIMMED.at(table.path, table.begin, message))
