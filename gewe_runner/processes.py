"""Shares a stream of work with other processes; what comes of it, and in which order, does not depend on them."""

import collections
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
    with _pool(helpers, begin) as pool:
        try:
            for thing in things:
                is_busy = sum(not future.done() for _, future in flying) >= AHEAD * helpers
                flying.append((thing, _done(here(thing)) if is_busy else _begun(pool, there, here, thing)))
                while flying and (flying[0][1].done() or len(flying) > 2 * AHEAD * helpers):
                    yield _result(here, *flying.popleft())
            while flying:
                yield _result(here, *flying.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _begun(pool: "ProcessPoolExecutor", there: Callable[[T], R], here: Callable[[T], R], thing: T) -> "Future[R]":
    from concurrent.futures.process import BrokenProcessPool

    try:
        return pool.submit(there, thing)
    except (BrokenProcessPool, OSError):  # somebody has ended it, or allows no more of them
        return _done(here(thing))


def _done(result: R) -> "Future[R]":
    from concurrent.futures import Future

    future: Future[R] = Future()
    future.set_result(result)
    return future


def _result(here: Callable[[T], R], thing: T, future: "Future[R]") -> R:
    from concurrent.futures.process import BrokenProcessPool

    try:
        return future.result()
    except BrokenProcessPool:
        return here(thing)


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
