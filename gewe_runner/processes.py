"""Shares a stream of work with other processes; what comes of it, and in which order, does not depend on them."""

import collections
import contextlib
import functools
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # takes long to load, and most work is too little for it
    from concurrent.futures import Future, ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")

#: Things that are under way for each process: enough that none waits, few enough that memory does not grow.
AHEAD = 3

#: After how many seconds nobody waits any more for what another process takes milliseconds for.
PATIENCE = 30


def others() -> int:
    """The cores that this process may use besides its own."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) - 1


def expect(*modules: str) -> None:
    """Start beside the work what the processes are forked from: a server without threads, which loads all they need.

    A fork of this process could inherit a lock that nobody opens again.

    Args:
        modules: Where the functions are that they will be asked for.
    """
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload([__name__, *modules])
    with contextlib.suppress(OSError):  # no more processes are allowed: there are enough
        forkserver.ensure_running()


def shared(
    things: Iterable[T],
    here: Callable[[T], R],
    there: Callable[[T], R],
    helpers: int,
    begin: Callable[[], object] = tuple,
) -> Iterator[R]:
    """What becomes of each thing, in their order; this process does one itself where the others have enough to do.

    Args:
        here: Does in this process what `there`, a function that can be pickled, does in another.
        helpers: How many other processes there are.
        begin: What each of them does first; by default nothing.
    """
    flying: collections.deque[tuple[T, Future[R]]] = collections.deque()
    others = _Others(helpers, begin)
    try:
        for thing in things:
            is_busy = sum(not future.done() for _, future in flying) >= AHEAD * helpers
            begun = None if is_busy else others.begun(there, thing)
            flying.append((thing, begun or _done(here(thing))))
            while flying and (flying[0][1].done() or len(flying) > 2 * AHEAD * helpers):
                yield others.result(here, *flying.popleft())
        while flying:
            yield others.result(here, *flying.popleft())
    finally:
        others.end()


class _Others:
    """The other processes, as long as they do what they are asked for; whatever they do not do is done here."""

    def __init__(self, helpers: int, begin: Callable[[], object]) -> None:
        self._pool: ProcessPoolExecutor | None = None
        #: They cannot be started, or let wait for them in vain: nobody asks them again.
        self._are_lost = False
        with self._losing():
            self._pool = _pool(helpers, begin)

    def begun(self, there: Callable[[T], R], thing: T) -> "Future[R] | None":
        """What will come of it; None where it has to be done here."""
        future: Future[R] | None = None
        if self._pool is not None and not self._are_lost:
            with self._losing():
                future = self._pool.submit(there, thing)
        return future

    def result(self, here: Callable[[T], R], thing: T, future: "Future[R]") -> R:
        from concurrent.futures.process import BrokenProcessPool

        if not self._are_lost or future.done():
            with contextlib.suppress(BrokenProcessPool, TimeoutError):
                return future.result(PATIENCE)
            self._are_lost = True
        return here(thing)

    def end(self) -> None:
        if self._are_lost:
            import multiprocessing

            for one in multiprocessing.active_children():  # else whoever hangs would be waited for
                one.kill()
        if self._pool is not None:
            with self._losing():
                self._pool.shutdown(cancel_futures=True)

    @contextlib.contextmanager
    def _losing(self) -> Iterator[None]:
        """For what ends in an error where no more processes or threads are allowed, or somebody has ended them."""
        try:
            yield
        except (OSError, EOFError, RuntimeError):
            self._are_lost = True


def _done(result: R) -> "Future[R]":
    from concurrent.futures import Future

    future: Future[R] = Future()
    future.set_result(result)
    return future


def _pool(helpers: int, begin: Callable[[], object]) -> "ProcessPoolExecutor":
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(helpers, context, functools.partial(_begin, begin))


def _begin(begin: Callable[[], object]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us is told, too, and ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
