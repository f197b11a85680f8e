"""How a step that may take long tells how it gets on; what is made of that is for the command line to say."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from gewe_runner import batches

T = TypeVar("T")

#: Rows after which somebody who watches is told: rarely enough to cost nothing.
_EVERY = 500

#: Told how many more rows are done.
Seen = Callable[[int], None]


class Watch(Protocol):
    """Whoever watches the steps of a command."""

    def __call__(self, what: str, total: Callable[[], int | None], /) -> AbstractContextManager[Seen]:
        """Watch a step while the context lasts.

        Args:
            what: The step, for example `planning fruit`.
            total: About how many rows it has, asked for only if it takes long; None where nobody knows.
        """


def nobody(_what: str, _total: Callable[[], int | None]) -> AbstractContextManager[Seen]:
    """Nobody watches."""
    return contextlib.nullcontext(lambda _more: None)


def over(rows: Iterable[T], seen: Seen) -> Iterator[T]:
    """The rows, told of as they pass by."""
    for some in batches.of(rows, _EVERY):
        yield from some
        seen(len(some))
