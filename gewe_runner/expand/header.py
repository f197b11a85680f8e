"""What names a list's columns has to have, whatever it is written in."""

from collections.abc import Callable, Sequence

from gewe_runner.expand import clean
from gewe_runner.rules import Rule, lists

#: Takes a rule, the number of a column and what is wrong with its name.
Tell = Callable[[Rule, int, str], None]


def names(written: Sequence[str], tell: Tell, *, first: int = 1) -> tuple[str, ...]:
    """The names of the columns, without what cannot be seen around them.

    Args:
        first: The number of the first column.
    """
    seen: dict[str, int] = {}
    cleaned = tuple(map(clean.edges, written))
    for number, (name, as_written) in enumerate(zip(cleaned, written, strict=True), start=first):
        if not name:
            tell(lists.HEADER, number, f"column {number} has no name; name it or delete the column")
        elif name in seen:
            message = f'two columns are called "{name}" ({seen[name]} and {number}); rename or delete one'
            tell(lists.HEADER, number, message)
        elif name != as_written:
            tell(lists.HEADER_SPACE, number, f'spaces around the column\'s name "{name}" are ignored')
        seen.setdefault(name, number)
    return cleaned


def title(text: str) -> str:
    """What is wrong where a first row holds one cell, and the row below it has more."""
    return (
        f'"{text[:40]}" is all that the first row holds, and the next row has more; '
        "delete a title above the columns' names, and name every column"
    )
