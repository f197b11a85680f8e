"""Takes rows a few hundred at a time: enough to look them up at once, few enough to hold."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Rows looked up or written at once.
SIZE = 500


def of(items: Iterable[T], size: int = SIZE) -> Iterator[list[T]]:
    """The items in lists of at most that many."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def beside(things: Iterable[T], work: Callable[[Iterator[T]], Iterable[R]]) -> Iterator[tuple[T, R]]:
    """Each thing with what becomes of it.

    Args:
        work: Gives one result for each thing, in their order, and may have taken a few more by then: no more are held.
    """
    # itertools.tee would hold 57 of them before it lets the first go
    waiting: collections.deque[T] = collections.deque()

    def taken() -> Iterator[T]:
        for thing in things:
            waiting.append(thing)
            yield thing

    for result in work(taken()):
        yield waiting.popleft(), result
    assert not waiting
