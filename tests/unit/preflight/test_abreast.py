"""Many things are done at once, and none is waited for in vain."""

import threading
import time

import pytest

from gewe_runner.preflight import abreast


def test_each_thing_comes_back_with_what_was_made_of_it() -> None:
    assert sorted(abreast.each(lambda n: n * n, range(50), 5)) == [(n, n * n) for n in range(50)]


def test_they_are_done_at_once() -> None:
    together = threading.Barrier(abreast.MOST)
    assert len(list(abreast.each(lambda _: together.wait(5), range(abreast.MOST), 5))) == abreast.MOST


def test_what_never_ends_is_given_up_on() -> None:
    never = threading.Event()
    begun = time.monotonic()
    done = list(abreast.each(lambda n: never.wait(60) if n == 1 else n, range(3), 0.2))
    assert sorted(done) == [(0, 0), (2, 2)]
    assert time.monotonic() - begun < 30
    never.set()


def test_a_bug_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        list(abreast.each(lambda n: 1 / n, [0], 5))


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(abreast.each(str, [], 5)) == []
