"""What every kind of list gives: the names of its columns, and its rows one at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gewe_runner.model import Position

#: A row's number as problems show it, and its values by the list's own names.
Row = tuple[int, dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A list that has been opened.

    Its rows add problems while they are read, leave faulty rows out, and raise
    `errors.InvalidError` where nothing more can be read.
    """

    #: As the list names its columns; empty where it has neither header nor row.
    names: tuple[str, ...]
    rows: Iterator[Row]
    #: Under which path the rows' problems stand.
    path: str
    #: Where problems of the whole list stand; None: the whole file.
    begin: Position | None = None
    #: Where a row and a column of the list stand.
    place: Callable[[int, str], Position]
