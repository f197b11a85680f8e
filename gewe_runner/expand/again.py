"""Remembers short lists in which nothing is wrong, for the next campaign that names them."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gewe_runner import errors
from gewe_runner.model import Recipient, Source
from gewe_runner.problems import Problems

#: Bytes of a list, and lists: more are read again, since rows take far more than their bytes.
LONGEST, MOST = 65_536, 8

#: Kinds of lists whose rows take no more than the file says, and need no `sheet`.
_FLAT = frozenset({".csv", ".tsv", ".jsonl"})

_Read = Callable[[Source, Path, Problems], Iterator[Recipient]]


class Shelf:
    """Lists that were read, by all that decides which recipients they give; None where something is wrong with one."""

    def __init__(self) -> None:
        self._known: dict[object, list[Recipient] | None] = {}

    def recipients(self, source: Source, project: Path, problems: Problems, read: _Read) -> Iterable[Recipient]:
        """What `read` gives, which is asked once where it does not matter for whom."""
        rows = self._rows(source, project, read) if _is_short(source) else None
        if rows is None:
            return read(source, project, problems)
        return [Recipient(to_wxid, source, row, values, wanted) for to_wxid, _, row, values, wanted in rows]

    def _rows(self, source: Source, project: Path, read: _Read) -> list[Recipient] | None:
        seen = sorted(source.vars.items()) if source.condition else ()
        key = (source.path, project, tuple(source.columns.items()), source.condition, repr(seen))
        if key not in self._known:
            if len(self._known) == MOST:
                self._known.clear()
            self._known[key] = _sound(source, project, read)
        return self._known[key]


def _sound(source: Source, project: Path, read: _Read) -> list[Recipient] | None:
    problems = Problems()
    try:
        found = list(read(source, project, problems))
    except errors.InvalidError:
        return None
    return None if problems.kept() else found


def _is_short(source: Source) -> bool:
    path = source.path
    if path is None or path.suffix.lower() not in _FLAT:
        return False
    try:
        return path.stat().st_size <= LONGEST
    except OSError:
        return False
