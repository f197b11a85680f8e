"""Takes rows a few hundred at a time: enough to look them up at once, few enough to hold."""

import itertools
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

#: Rows looked up or written at once.
SIZE = 500


def of(items: Iterable[T], size: int = SIZE) -> Iterator[list[T]]:
    """The items in lists of at most that many."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
