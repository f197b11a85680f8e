"""Shares a stream of work with other processes; what comes of it, and in which order, does not depend on them."""

import collections
import contextlib
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:  # takes long to load, and most work is too little for it
    from multiprocessing.connection import Connection

T = TypeVar("T")
R = TypeVar("R")

#: Things that are under way for each process: enough that none waits, few enough that memory does not grow.
AHEAD = 3

#: After how many seconds nobody waits any more for what another process takes milliseconds for.
PATIENCE = 30

#: Bytes on the way to a process, or from it: the most that a system allows to everybody.
PIPE = 1 << 20

#: What comes of talking to a process that somebody has ended, or that nobody may start.
_GONE = (OSError, EOFError, RuntimeError)


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
    flying: collections.deque[_Part[T, R]] = collections.deque()
    with contextlib.ExitStack() as parts:
        staff = [parts.enter_context(_Helper[T, R](there, begin)) for _ in range(helpers)]
        for thing in things:
            flying.append(_begun(thing, here, staff))
            for one in staff:
                one.hear()
            while flying and (flying[0].is_done or len(flying) > 2 * AHEAD * helpers):
                yield flying.popleft().result(here)
        while flying:
            yield flying.popleft().result(here)


def _begun(thing: T, here: Callable[[T], R], staff: "list[_Helper[T, R]]") -> "_Part[T, R]":
    part = _Part[T, R](thing)
    freest = min(staff, key=lambda one: one.load)
    if freest.load >= AHEAD or not freest.ask(part):
        part.done(True, here(thing))
    return part


class _Part(Generic[T, R]):
    """A thing, whoever does it, and what comes of it."""

    def __init__(self, thing: T) -> None:
        self.thing = thing
        #: Who is doing it; None: nobody, or nobody any more.
        self.helper: _Helper[T, R] | None = None
        self.is_done = False
        self._is_well = True
        self._outcome: Any = None

    def done(self, is_well: bool, outcome: Any) -> None:
        self.is_done, self._is_well, self._outcome = True, is_well, outcome

    def result(self, here: Callable[[T], R]) -> R:
        while not self.is_done and self.helper is not None:
            self.helper.hear(PATIENCE)
        if not self.is_done:
            return here(self.thing)
        if not self._is_well:
            raise self._outcome
        outcome: R = self._outcome
        return outcome


class _Helper(Generic[T, R]):
    """Another process. Whatever it does not do, whyever, is left to this one.

    There is no pool of the standard library here: one waits for ever for what a process had begun to tell when it was
    ended.
    """

    def __init__(self, there: Callable[[T], R], begin: Callable[[], object]) -> None:
        self._there = there
        #: What it is doing, and what it does next.
        self.asked: collections.deque[_Part[T, R]] = collections.deque()
        #: Where it is asked, and where it tells.
        self._line: tuple[Connection, Connection] | None = None
        with contextlib.suppress(*_GONE):
            self._start(begin)

    def __enter__(self) -> "_Helper[T, R]":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def load(self) -> int:
        """How much it has to do; of one that is gone, all that anybody may have."""
        return AHEAD if self._line is None else len(self.asked)

    def ask(self, part: "_Part[T, R]") -> bool:
        """Whether it does that part."""
        if self._line is None:
            return False
        try:
            self._line[0].send((self._there, part.thing))
        except _GONE:
            self._end()
            return False
        self.asked.append(part)
        part.helper = self
        return True

    def hear(self, seconds: float = 0) -> None:
        """Take what it has to tell, once that is there; to hear nothing for so long is to hear that it is gone."""
        try:
            while self.asked and self._line is not None:
                if not self._line[1].poll(seconds):
                    if seconds:
                        self._end()
                    return
                self.asked[0].done(*self._line[1].recv())
                self.asked.popleft()
                seconds = 0
        except Exception:  # noqa: BLE001 - it is gone, or what it says cannot be read
            self._end()

    def _start(self, begin: Callable[[], object]) -> None:
        import multiprocessing

        context = multiprocessing.get_context("forkserver")
        (told, tell), (asked, ask) = context.Pipe(duplex=False), context.Pipe(duplex=False)
        for end in (ask, tell):
            _widen(end)
        with asked, tell:
            self._process = context.Process(target=_help, args=(asked, tell, begin), daemon=True)
            self._process.start()
        self._line = ask, told

    def _end(self) -> None:
        if self._line is not None:
            for end in self._line:
                end.close()
            self._line = None
            self._process.kill()
            self._process.join()
        while self.asked:
            self.asked.popleft().helper = None


def _widen(end: "Connection") -> None:
    """Let a pipe take in about all that goes through it at once, where it can: nobody then waits for who listens."""
    import fcntl

    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(end.fileno(), fcntl.F_SETPIPE_SZ, PIPE)


def _help(ask: "Connection", tell: "Connection", begin: Callable[[], object]) -> None:
    """Do what is asked for until whoever asks is gone."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us is told, too, and ends us
        asked: queue.SimpleQueue[tuple[Callable[[Any], Any], Any]] = queue.SimpleQueue()
        told: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        # so that neither side ever waits for the other to listen
        threading.Thread(target=_until_gone, args=(lambda: asked.put(ask.recv()),), daemon=True).start()
        threading.Thread(target=_until_gone, args=(lambda: tell.send(told.get()),), daemon=True).start()
        begin()
        while True:
            there, thing = asked.get()
            try:
                told.put((True, there(thing)))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it was asked for
                told.put((False, error))
    finally:
        os._exit(1)


def _until_gone(step: Callable[[], object]) -> None:
    try:
        while True:
            step()
    finally:
        os._exit(1)
