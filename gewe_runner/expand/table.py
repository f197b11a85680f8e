"""What every kind of list gives: the names of its columns, and its rows one at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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
    #: The number of each column as problems show it, from 1; those of a line of JSON are in no order.
    numbers: Mapping[str, int] = field(default_factory=dict)
    #: The sheet of a workbook that it stands in.
    sheet: str | None = None
