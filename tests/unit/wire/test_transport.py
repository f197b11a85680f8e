"""The transport's deadlines: what is late is ended, what is not is left alone."""

import socket
from collections.abc import Iterator

import pytest

from gewe_runner.wire import transport

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def watch() -> Iterator[transport.Watch]:
    made = transport.Watch(0.05)
    yield made
    made.close()


def test_a_late_answer_is_ended(watch: transport.Watch, pair: Pair) -> None:
    with watch.deadline() as deadline:
        deadline.start(pair[0])
        assert pair[0].recv(1) == b""
    assert deadline.passed


def test_deadlines_pass_one_after_the_other(watch: transport.Watch, pair: Pair) -> None:
    with watch.deadline() as first:
        first.start(pair[0])
        with watch.deadline() as second:
            second.start(pair[1])
            assert pair[0].recv(1) == b""
            assert pair[1].recv(1) == b""
    assert (first.passed, second.passed) == (True, True)
    assert first.due < second.due


def test_a_connection_whose_answer_came_in_time_is_left_alone(watch: transport.Watch, pair: Pair) -> None:
    with watch.deadline() as done:
        done.start(pair[0])
    other, theirs = socket.socketpair()
    with other, theirs, watch.deadline() as late:
        late.start(other)
        assert other.recv(1) == b""
    pair[1].sendall(b"x")
    assert pair[0].recv(1) == b"x"
    assert (done.passed, late.passed) == (False, True)


def test_nothing_is_counted_before_the_request_has_left(watch: transport.Watch, pair: Pair) -> None:
    with watch.deadline() as waiting, watch.deadline() as late:
        late.start(pair[0])
        assert pair[0].recv(1) == b""
    assert not waiting.passed
