"""Work is shared with other processes, and nobody can tell from what comes of it."""

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import connection, forkserver, popen_forkserver  # noqa: F401 - loaded before no file can be

import pytest

from gewe_runner import processes

HELPERS = 1

_begun: list[int] = []


def begin() -> None:
    _begun.append(os.getpid())


def here(number: int) -> tuple[int, bool]:
    return number, True


def there(number: int) -> tuple[int, bool]:
    """The number, and whether the process has begun as it should."""
    time.sleep(0.001 * (number % 3))
    return number, _begun == [os.getpid()]


def ended(number: int) -> tuple[int, bool]:
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return there(number)


def cut_off(number: int) -> tuple[int, object]:
    if number == 5:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return number, bytes(20_000_000)
    return there(number)


def stopped(number: int) -> tuple[int, bool]:
    if number == 5:
        os.kill(os.getpid(), signal.SIGSTOP)
    return there(number)


def faulty(number: int) -> tuple[int, bool]:
    return number // 0, True


def test_what_comes_of_things_keeps_their_order() -> None:
    found = list(processes.shared(range(200), here, there, HELPERS, begin))
    assert found == [(number, True) for number in range(200)]


def test_this_process_does_a_part_itself() -> None:
    done: list[int] = []

    def noted(number: int) -> tuple[int, bool]:
        done.append(number)
        return here(number)

    list(processes.shared(range(200), noted, there, HELPERS, begin))
    assert 0 < len(done) < 200


def test_what_a_process_had_that_was_ended_is_done_here() -> None:
    found = list(processes.shared(range(50), here, ended, HELPERS, begin))
    assert found == [(number, True) for number in range(50)]


def test_one_process_that_was_ended_keeps_no_other_from_working() -> None:
    done: list[int] = []

    def noted(number: int) -> tuple[int, bool]:
        done.append(number)
        return here(number)

    found = list(processes.shared(range(300), noted, ended, 2, begin))
    assert found == [(number, True) for number in range(300)]
    assert len(done) < 280


def test_what_a_process_had_begun_to_tell_when_it_was_ended_is_done_here() -> None:
    def things() -> Iterator[int]:
        for number in range(50):
            yield number
            time.sleep(0.3 * (number == 6))  # too long for what is told meanwhile to be heard

    found = list(processes.shared(things(), here, cut_off, HELPERS, begin))
    assert found == [(number, True) for number in range(50)]


def test_a_process_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.5)
    found = list(processes.shared(range(50), here, stopped, HELPERS, begin))
    assert found == [(number, True) for number in range(50)]
    assert not multiprocessing.active_children()


def test_where_no_process_can_be_started_all_is_done_here() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))  # a process wants pipes
    try:
        processes.expect()
        found = list(processes.shared(range(50), here, faulty, HELPERS, begin))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert found == [(number, True) for number in range(50)]


def test_what_goes_wrong_in_another_process_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(processes.shared(range(50), here, faulty, HELPERS, begin))


def test_things_are_read_no_further_than_they_are_under_way() -> None:
    read = 0

    def things() -> Iterator[int]:
        nonlocal read
        for number in range(10_000):
            read = number
            yield number

    found = processes.shared(things(), here, there, HELPERS, begin)
    for taken in range(100):
        next(found)
        assert read - taken <= 2 * processes.AHEAD * HELPERS + 1
    found.close()  # type: ignore[attr-defined]
    assert read < 200
