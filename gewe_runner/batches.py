"""Rows are looked up and written a few hundred at a time."""

import itertools
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

#: Rows looked up or written at once.
SIZE = 500


def of(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists of at most `SIZE`."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, SIZE)):
        yield batch
