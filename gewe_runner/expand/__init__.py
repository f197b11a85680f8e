"""Turns a campaign's lists into recipients, row by row; each kind of list is one file with the same names inside."""

import contextlib
import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast

from gewe_runner import errors, template
from gewe_runner.expand import clean, columns, condition, content, damage, files
from gewe_runner.expand.again import Shelf
from gewe_runner.expand.content import named
from gewe_runner.expand.extent import Extent, readable
from gewe_runner.expand.length import about
from gewe_runner.expand.table import Row, Table
from gewe_runner.model import Recipient, Source
from gewe_runner.problems import Problems
from gewe_runner.rules import cards, lists

__all__ = ["KINDS", "Extent", "Shelf", "about", "ids", "named", "original", "readable", "recipients"]


class _Kind(Protocol):
    def read(self, source: Source, project: Path, problems: Problems) -> Table: ...


#: What reads a list, by the ending of its name, else by the key that holds it. Each is the module of its name, loaded
#: only for such a list: a workbook takes as much to load as all the others.
KINDS: Mapping[str, str] = {
    "rows": "inline",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".jsonl": "jsonl",
    ".xlsx": "xlsx",
    "sql": "sql",
}


def recipients(
    sources: Iterable[Source], project: Path, problems: Problems, shelf: Shelf | None = None
) -> Iterator[Recipient]:
    """Every row of the lists, in their order, those that `where` leaves out included.

    Args:
        sources: The lists.
        project: The folder outside which no list may lie.
        problems: Takes what is wrong with them; rows that cannot be used are left out.
        shelf: The lists that other campaigns have named.
    """
    for source in sources:
        with contextlib.suppress(errors.InvalidError):  # its problems are told; the other lists' shall be, too
            if shelf is None:
                yield from _recipients(source, project, problems)
            else:
                yield from shelf.recipients(source, project, problems, _recipients)


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


def original(project: Path, label: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows of a list file as they stand in it, numbered as problems number them; faulty rows are left out.

    Args:
        label: The list as plans name it.
    """
    problems = Problems(keep=0)
    file, sheet = named(label)
    with contextlib.suppress(errors.InvalidError):
        source = Source(label=label, name=label, where=(), path=project / file, sheet=sheet)
        yield from _read(source, _kind(source), project, problems).rows


def _recipients(source: Source, project: Path, problems: Problems) -> Iterator[Recipient]:
    before, is_empty = problems.met, True
    table = _table(source, project, problems)
    source, id_column = _found_in(source, table), source.columns.get(columns.ID, columns.ID)
    for row, values, wanted in _rows(table, source, problems):
        is_empty = False
        wxid = values[columns.ID]
        if wanted and not cards.is_plain_wxid(wxid):
            for rule, message in cards.check(columns.ID, wxid):
                problems.add(rule.of_row(source, row, f"{id_column} {message}", table.numbers.get(id_column, 1)))
        yield Recipient(wxid, source, row, values, wanted)
    if is_empty and problems.met == before:
        message = "the list has no rows; fill it, or remove it from the campaign"
        problems.add(lists.EMPTY.of_list(source, message))


def _ids(source: Source, project: Path, problems: Problems) -> Iterator[str]:
    table = _table(source, project, problems)
    source = _found_in(source, table)
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
    kind = _kind(source)
    if kind in KINDS:
        return _read(source, kind, project, problems)
    known = " ".join(ending for ending in KINDS if ending.startswith("."))
    if source.path is not None and not source.is_stdin:
        files.check(source.path, source, project, problems)  # what is a folder, or not there, is told as that
    ending = f'"{kind}" lists' if kind else "lists without an ending"
    message = f"{source.name}: {ending} cannot be read; save it as one of: {known}, also with {content.PACKED}"
    problems.add(lists.FORMAT.at(source.document, source.position, message))
    raise errors.InvalidError(f"{source.called} cannot be read")


def _read(source: Source, kind: str, project: Path, problems: Problems) -> Table:
    reader = cast(_Kind, importlib.import_module(f"{__name__}.{KINDS[kind]}"))
    return reader.read(source, project, problems)


def _found_in(source: Source, table: Table) -> Source:
    """The list with its sheet, also where it was not named: problems of its rows shall say it."""
    return source if table.sheet is None else replace(source, sheet=table.sheet)


def _kind(source: Source) -> str:
    if source.rows is not None:
        return "rows"
    return "sql" if source.sql is not None else content.form(source)


def _rows(table: Table, source: Source, problems: Problems) -> Iterator[tuple[int, dict[str, str], bool]]:
    """Every usable row under our names, its id cleaned, and whether it is wanted."""
    if not table.names:
        return
    id_column = columns.id_column(table, source, problems)
    wants = condition.compiled(source, problems)
    number, damaged = table.numbers.get(id_column, 1), damage.Damage()
    for row, values in _cleaned(table, source, problems):
        try:
            wanted = wants(values)
        except template.TemplateFault as fault:
            problems.add(lists.WHERE.of_row(source, row, f"where: {fault.message}", number))
            continue
        if wanted and not values[columns.ID]:
            message = f"{id_column} is empty; fill it in, delete the row, or leave it out with `where`"
            problems.add(lists.ID_EMPTY.of_row(source, row, message, number))
            continue
        if wanted:
            damaged.look(values[columns.ID], row)
        yield row, values, wanted
    damaged.tell(source, id_column, number, problems)


def _cleaned(table: Table, source: Source, problems: Problems) -> Iterator[Row]:
    rename, trimmed = columns.renamer(source.columns), 0
    for row, theirs in table.rows:
        values = rename(theirs) if rename else theirs
        written = values.get(columns.ID)
        if written is None:
            message = f'the row has no "{columns.ID}", it has: {", ".join(theirs)}; add it'
            problems.add(lists.NO_ID.of_row(source, row, message))
            continue
        wxid = clean.edges(written)
        if wxid != written:
            trimmed += 1
            values[columns.ID] = wxid
        yield row, values
    if trimmed:
        counted = "1 id was" if trimmed == 1 else f"{trimmed:,} ids were"
        message = f"{counted} trimmed: spaces or invisible characters around them"
        problems.add(lists.ID_TRIMMED.of_list(source, message))
