"""Does one thing for many at once, and waits for none of them longer than it was told to."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Threads at work.
MOST = 8


def each(do: Callable[[T], R], things: Sequence[T], patience: float) -> Iterator[tuple[T, R]]:
    """Each thing with what `do` made of it, as they are done.

    Args:
        patience: Seconds after which, with nothing more done, the rest is given up on. Resolving a name, for one, takes
            as long as it likes. The threads are daemons, so no such thing holds the program up at its end.
    """
    waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[T, R] | Exception] = queue.SimpleQueue()
    for thing in things:
        waiting.put(thing)

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                thing = waiting.get_nowait()
                try:
                    done.put((thing, do(thing)))
                except Exception as error:  # noqa: BLE001 - raised again where it is awaited
                    done.put(error)

    for number in range(min(MOST, len(things))):
        threading.Thread(target=work, daemon=True, name=f"preflight-{number}").start()
    for _ in things:
        try:
            found = done.get(timeout=patience)
        except queue.Empty:
            return
        if isinstance(found, Exception):
            raise found
        yield found
