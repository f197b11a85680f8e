"""Splits many checks among processes; what they find, and in which order, does not depend on how many there are."""

import contextlib
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, cast

from gewe_runner import watch
from gewe_runner.problems import Problems
from gewe_runner.watch import Watch

T = TypeVar("T")

#: Checks some things, one after the other, and adds what is wrong with them.
Check = Callable[[Sequence[T], Problems, Watch], None]

#: A process is worth its start where there are so many things for it.
WORTH = 16

#: The things are handed out in about so many parts: nobody waits long for the last one.
PARTS = 64


def over(
    things: Sequence[T], check: Check[T], problems: Problems, watched: Watch, processes: int | None = None
) -> None:
    """Check all things, and add what is wrong as if one were checked after the other.

    Args:
        processes: How many may do that, this one included; by default one for each core.
    """
    helpers = min(len(things) // WORTH, processes or _cores()) - 1
    if helpers < 1:
        check(things, problems, watched)
        return
    size = -(-len(things) // PARTS)
    parts = [things[start : start + size] for start in range(0, len(things), size)]

    def checked(number: int, watched: Watch) -> Problems:
        found = Problems(problems.keep)
        check(parts[number], found, watched)
        return found

    found = _found(len(parts), checked, watched, helpers)
    for number in range(len(parts)):
        # a part that a helper broke off is done here: what happens to it then happens as it would without helpers
        problems.take(found[number] if number in found else checked(number, watched))


def _found(count: int, checked: Callable[[int, Watch], Problems], watched: Watch, helpers: int) -> dict[int, Problems]:
    """The problems of each part by its number; not of those that a helper has broken off."""
    turns, fill = os.pipe()
    os.write(fill, bytes(range(count)))  # whoever reads a part's number does that part
    os.close(fill)
    started: dict[int, int] = {}
    try:
        with contextlib.suppress(OSError):  # no more processes are allowed: there are enough
            for _ in range(helpers):
                process, told = _start(lambda: {number: checked(number, watch.nobody) for number in _turns(turns)})
                started[process] = told
        found = {number: checked(number, watched) for number in _turns(turns)}
        for told in started.values():
            found |= _told(told)
        return found
    finally:
        os.close(turns)
        for process, told in started.items():
            os.close(told)
            os.kill(process, signal.SIGKILL)  # it has told all, or nobody wants to know any more
            os.waitpid(process, 0)


def _turns(turns: int) -> Iterator[int]:
    """The numbers of parts that nobody has begun, each taken when it is asked for; none for whom nobody waits."""
    waiting = os.getppid()
    while os.getppid() == waiting and (number := os.read(turns, 1)):
        yield number[0]


def _start(work: Callable[[], dict[int, Problems]]) -> tuple[int, int]:
    """A copy of this process that does the work and tells what came of it, and where it is told."""
    told, tell = os.pipe()
    process = os.fork()
    if process:
        os.close(tell)
        return process, told
    try:
        os.close(told)
        with open(tell, "wb") as file:  # noqa: PTH123 - it has no path
            file.write(pickle.dumps(work()))
    finally:
        os._exit(0)  # whatever went wrong; nothing of the other process is ended or written twice


def _told(told: int) -> dict[int, Problems]:
    """What a helper has told; nothing where it was ended before that."""
    with open(told, "rb", closefd=False) as file, contextlib.suppress(EOFError, pickle.UnpicklingError):
        return cast(dict[int, Problems], pickle.load(file))  # noqa: S301 - this program's own words
    return {}


def _cores() -> int:
    """The cores that this process may use; one where a copy of it could inherit a lock that nobody opens again."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" and threading.active_count() == 1 else 1
