"""Lays `columns` over a list: which of its columns is whose, and said kindly where that fails."""

import difflib
import re
from collections.abc import Callable, Mapping

from gewe_runner import errors
from gewe_runner.expand.table import Table
from gewe_runner.model import Source
from gewe_runner.problems import Problems
from gewe_runner.rules import lists

ID = "toWxid"

#: What lists call the id, in lower case and without spaces, `_` and `-`; the likeliest first.
_ID_NAMES = ("towxid", "wxid", "微信id", "tousername", "username", "wechatid", "weixinid", "openwxid", "friendid", "id")
_LISTED = 12
_PLAIN = re.compile(r"[^\W\d][\w-]*")
_PERSON = re.compile(r"wxid_\w+|\d+@chatroom|filehelper")


def id_column(table: Table, source: Source, problems: Problems) -> str:
    """The list's own name of the column that is our toWxid.

    Raises:
        errors.InvalidError: There is none, or `columns` does not fit the list; the problems have been added.
    """
    faults = [
        _absent(ours, theirs, table.names, source.columns)
        for ours, theirs in source.columns.items()
        if theirs not in table.names
    ]
    for fault in faults:
        problems.add(lists.COLUMNS.at(source.document, source.columns_position, fault))
    if not faults and ID not in source.columns and ID not in table.names:
        faults = [_no_id(table.names, source)]
        problems.add(lists.NO_ID.at(source.document, source.columns_position, f"{source.called} {faults[0]}"))
    if faults:
        raise errors.InvalidError(f"the columns of {source.called} do not fit")
    return source.columns.get(ID, ID)


def renamer(columns: Mapping[str, str]) -> Callable[[dict[str, str]], dict[str, str]] | None:
    """What turns a row's names into ours; None where they are ours already."""
    renamed = {ours: theirs for ours, theirs in columns.items() if ours != theirs}
    if not renamed:
        return None
    gone = {*renamed.values(), *renamed} - {theirs for ours, theirs in columns.items() if ours == theirs}
    pairs = tuple(renamed.items())

    def rename(row: dict[str, str]) -> dict[str, str]:
        values = {name: value for name, value in row.items() if name not in gone}
        for ours, theirs in pairs:
            if theirs in row:
                values[ours] = row[theirs]
        return values

    return rename


def is_id_name(name: str) -> bool:
    """Whether a column of this name holds, by its name, the recipients' ids."""
    return _folded(name) in _ID_NAMES


def _absent(ours: str, theirs: str, names: tuple[str, ...], columns: Mapping[str, str]) -> str:
    if ours == ID and ID in names:
        return f'the list calls its column "{ID}" already and has no "{theirs}"; remove {_flow({ours: theirs})}'
    if _is_turned(ours, theirs, names):
        turned = dict((of, name) if _is_turned(name, of, names) else (name, of) for name, of in columns.items())
        return f"`columns` is the wrong way round, it says ours: theirs; write:  columns: {_flow(turned)}"
    close = difflib.get_close_matches(theirs, names, n=1)
    meant = f' (did you mean "{close[0]}"?)' if close else ""
    return f'the list has no column "{theirs}"{meant}; it has: {_listed(names)}'


def _is_turned(ours: str, theirs: str, names: tuple[str, ...]) -> bool:
    return ours in names and theirs not in names and ours != ID


def _no_id(names: tuple[str, ...], source: Source) -> str:
    if any(_PERSON.fullmatch(name) for name in names):
        return f"begins with a recipient instead of the columns' names; put a first row above it:  {ID}"
    known = sorted((name for name in names if is_id_name(name)), key=lambda name: _ID_NAMES.index(_folded(name)))
    if not source.where:  # no document names suppressed.csv, so there is no place for `columns`
        return f'has no column "{ID}", it has: {_listed(names)}; call the one with the ids {ID} in its first row'
    line = _flow({ID: known[0] if known else "THE_ID_COLUMN", **source.columns})
    beside = "sql" if source.sql else "file"
    return f'has no column "{ID}", it has: {_listed(names)}; write beside `{beside}`:  columns: {line}'


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_LISTED])
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown


def _flow(columns: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_word(ours)}: {_word(theirs)}" for ours, theirs in columns.items()) + "}"


def _word(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else "'" + name.replace("'", "''") + "'"
