"""What can be wrong with a source as its file declares it, and with the names that it gives to templates."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gewe_runner import rules, template
from gewe_runner.model import STDIN, Level, Where
from gewe_runner.rules.structure import MISSING_KEY, Finding

#: Objects that every template sees.
RESERVED = ("campaign", "recipient", "device", "variant")

_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "if", "else", "loop", "self"})
_KEYWORDS |= {"true", "false", "none", "True", "False", "None"}

RESERVED_NAME = rules.declare(
    "reserved-name",
    Level.ERROR,
    "Every template sees the objects `campaign`, `recipient`, `device` and `variant`; a variable or column of that "
    "name would hide one. Only a column `device` has a meaning of its own: it chooses the row's device.",
    example="broken: vars: {campaign: 双十一}; right: vars: {occasion: 双十一}",
)
VARIABLE_NAME = rules.declare(
    "variable-name",
    Level.ERROR,
    "Templates use variables by plain name, so a name consists of letters, digits and underscores, does not begin "
    "with a digit and is no word of the template language.",
    example="broken: vars: {store-name: 百果园}; right: vars: {store_name: 百果园}",
)
WHERE_SYNTAX = rules.declare(
    "where-syntax",
    Level.ERROR,
    "`where` is one Jinja expression without {{ }}, evaluated for every row; this one cannot be read.",
    example='broken: where: opted_in = "yes"; right: where: opted_in == "yes"',
)
SHEET = rules.declare(
    "sheet-without-workbook",
    Level.ERROR,
    "Only a workbook (.xlsx) has sheets. Beside any other source `sheet` would be read by nothing, and the rows that "
    "were meant may lie elsewhere.",
    example="wrong: {file: lists/members.csv, sheet: 上海}\nright: {file: lists/members.xlsx, sheet: 上海}",
)
FORMAT = rules.declare(
    "format-of-file",
    Level.ERROR,
    "`format` says how standard input is written. A file's name says it by its ending, and a query has no format.",
    example='wrong: {file: members.txt, format: tsv}\nright: {file: members.tsv}, or {file: "-", format: tsv}',
)
SELECT = rules.declare(
    "sql-select",
    Level.ERROR,
    "A list is one SELECT: a query that reads. It is asked in a transaction that can write nothing.",
    example="wrong: query: delete from members returning wxid\nright: query: select wxid from members order by wxid",
)
PARAMETER = rules.declare(
    "sql-parameter",
    Level.ERROR,
    "`:name` in a query is bound to the variable of that name: of the list, else the campaign, else the profile; it is "
    "never pasted into the query. Where a colon is meant, also within a text, write `\\:`.",
    example="right: query: select wxid from members where city = :city order by wxid\n       vars: {city: sh}",
)
ORDER = rules.declare(
    "sql-order",
    Level.WARNING,
    "Without `order by` a database gives rows in any order, another one each time. The plan follows the order of the "
    "rows, so it would have another digest each time, and what was approved could not be sent.",
    example="wrong: query: select wxid from members\nright: query: select wxid from members order by wxid",
)

#: What SQLAlchemy takes for a parameter: a colon and a word, with no other colon about them (as in `day::text`).
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
_READING = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|with|values|table)\b", re.IGNORECASE | re.DOTALL)
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


def parameters(query: str) -> list[str]:
    """The names of the variables that a query wants."""
    return list(dict.fromkeys(_PARAMETER.findall(query)))


def check(where: Where, source: Mapping[str, Any], known: Collection[str]) -> Iterator[Finding]:
    """What is wrong with the source at `where`, whose shape is right.

    Args:
        known: The variables of the campaign and the profile.
    """
    yield from _rows(where, source)
    if "sheet" in source and not _is_workbook(source):
        message = "sheet: only an .xlsx file has sheets; name the workbook as `file`, or remove `sheet`"
        yield Finding(SHEET, (*where, "sheet"), message, key=True)
    if "format" in source and source.get("file") != str(STDIN):
        message = 'format: only standard input has one; name the file by its format, or read it with  file: "-"'
        yield Finding(FORMAT, (*where, "format"), message, key=True)
    if "query" in source.get("sql", ()):
        yield from _sql(where, source, {*known, *source.get("vars", ())})
    for name in source.get("columns", ()):
        yield from _column((*where, "columns", name), name)
    yield from variables((*where, "vars"), source.get("vars", {}))
    condition = source.get("where")
    if condition is not None and (fault := template.expression_fault(condition)):
        yield Finding(WHERE_SYNTAX, (*where, "where"), f"where: {fault.message}")


def variables(where: Where, named: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the names of `vars`."""
    for name in named:
        place = (*where, name)
        if name in RESERVED:
            message = f'"{name}" is an object of every template; choose another name'
            yield Finding(RESERVED_NAME, place, message, key=True)
        elif not name.isidentifier() or name in _KEYWORDS:
            message = f'"{name}" cannot be used in a template; use letters, digits and _ only: {_identifier(name)}'
            yield Finding(VARIABLE_NAME, place, message, key=True)


def _rows(where: Where, source: Mapping[str, Any]) -> Iterator[Finding]:
    for index, row in enumerate(source.get("rows", ())):
        place = (*where, "rows", index)
        if row is None:
            continue
        if "toWxid" not in row and "columns" not in source:
            message = 'the row lacks "toWxid"; add it, for example toWxid: filehelper'
            yield Finding(MISSING_KEY, place, message, lack=place)
        for name in row:
            yield from _column((*place, name), name)


def _sql(where: Where, source: Mapping[str, Any], known: Collection[str]) -> Iterator[Finding]:
    query, place = str(source["sql"]["query"]), (*where, "sql", "query")
    if not _READING.match(query):
        yield Finding(SELECT, place, "query: a list is a SELECT, which reads; this begins with something else")
    for name in parameters(query):
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = f'; did you mean ":{close[0]}"?' if close else f"; write  vars: {{{name}: …}}  at the list"
            message = f'query: there is no variable "{name}" for :{name}{meant} (where no variable is meant: \\:{name})'
            yield Finding(PARAMETER, place, message)
    if where[0] == "recipients" and not _ORDERED.search(query):
        column = source.get("columns", {}).get("toWxid", "toWxid")
        message = f"query: its rows come in any order, so the plan's digest changes; end it with  order by {column}"
        yield Finding(ORDER, place, message)


def _column(where: Where, name: str) -> Iterator[Finding]:
    if name in RESERVED and name != "device":
        message = f'"{name}" is an object of every template; name the column otherwise, for example my_{name}'
        yield Finding(RESERVED_NAME, where, message, key=True)


def _is_workbook(source: Mapping[str, Any]) -> bool:
    file = str(source.get("file", ""))
    name = f".{source.get('format', '')}" if file == str(STDIN) else file
    return name.strip().lower().removesuffix(".gz").endswith(".xlsx")


def _identifier(name: str) -> str:
    plain = "".join(letter if letter.isalnum() else "_" for letter in name)
    return plain if plain.isidentifier() and plain not in _KEYWORDS else f"my_{plain}"
