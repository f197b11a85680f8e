"""What can be wrong with a source as its file declares it, and with the names that it gives to templates."""

from collections.abc import Iterator, Mapping
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


def check(where: Where, source: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the source at `where`, whose shape is right."""
    yield from _rows(where, source)
    if "sheet" in source and not _is_workbook(source):
        message = "sheet: only an .xlsx file has sheets; name the workbook as `file`, or remove `sheet`"
        yield Finding(SHEET, (*where, "sheet"), message, key=True)
    if "format" in source and source.get("file") != str(STDIN):
        message = 'format: only standard input has one; name the file by its format, or read it with  file: "-"'
        yield Finding(FORMAT, (*where, "format"), message, key=True)
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
