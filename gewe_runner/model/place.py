"""Where things stand in files, and what values stand there."""

from typing import NamedTuple

#: What a campaign's `vars` may hold.
Value = str | int | float | bool


class Position(NamedTuple):
    """A place in a text file, both counted from 1."""

    line: int
    column: int


#: Where a file begins.
START = Position(1, 1)


#: A place in a document's tree: keys and indexes from the root.
Where = tuple[str | int, ...]
