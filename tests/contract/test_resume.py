"""A run that goes on is told from the ledger: what is left, where its waves end, without going through its plan."""

import pytest

from gewe_runner.ledger import connect, counts, decide, enter, runs
from gewe_runner.model import FrequencyCap, Message, Reason, Skip, State
from gewe_runner.overlay import Overlay
from tests.contract.plans import NOW, identity, lay_over, message, messages, register, skip
from tests.contract.test_runs import put

STATES = ("sending", "sent", "rejected", "unknown")


def resumed(
    ledger: connect.Ledger, who: runs.Identity | None = None, withdrawn: tuple[int, ...] = ()
) -> Overlay | None:
    with ledger.reading() as connection:
        return runs.resumed(connection, who or identity(), withdrawn)


def places(ledger: connect.Ledger, run: str, *sizes: int) -> tuple[list[int], int]:
    with ledger.reading() as connection:
        return runs.places(connection, run, sizes)


def test_what_is_left_is_the_same_as_line_by_line(ledger: connect.Ledger) -> None:
    lines: list[Message | Skip] = [*messages("a", "b", "c", "d", "e"), message(6, "f", device="west"), skip("z")]
    register(ledger, lines)
    for who, state in zip("abcd", STATES, strict=True):
        put(ledger, state, who)
    found, laid = resumed(ledger), lay_over(ledger, lines)[1]
    assert found is not None
    assert (found.devices, found.skips, found.joins) == (laid.devices, laid.skips, laid.joins)
    assert (found.left, found.supersedes) == (2, 0)


def test_what_was_cancelled_is_not_left(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    with ledger.writing() as connection:
        decide.withdraw(connection, run, ["a"], NOW)
    found = resumed(ledger)
    assert found is not None
    assert found.left == 1


def test_messages_that_are_withdrawn_by_now_are_not_left(ledger: connect.Ledger) -> None:
    register(ledger, messages("a", "b", "c"))
    put(ledger, "sent", "a")
    found = resumed(ledger, withdrawn=(1, 2))
    assert found is not None
    assert dict(found.devices) == {"east": 1}


def test_who_was_capped_when_the_run_began_stays_so(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    put(ledger, "sent")
    capped = identity("d2" * 32, edition="2", cap=FrequencyCap(messages=1, days=7))
    register(ledger, messages("a", "b"), capped)
    found = resumed(ledger, capped)
    assert found is not None
    assert (found.left, dict(found.skips)) == (1, {Reason.FREQUENCY_CAP: 1})


def test_a_new_plan_is_told_line_by_line(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    assert resumed(ledger, identity("d2" * 32)) is None


def test_a_run_that_may_take_people_in_again_is_told_line_by_line(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    put(ledger, "unknown")
    register(ledger, messages("a", "b", card="b"), identity("d2" * 32))
    assert resumed(ledger, identity("d2" * 32)) is None


def test_messages_are_counted_by_state_and_device(ledger: connect.Ledger) -> None:
    register(ledger, [*messages("a", "b", "c"), message(4, "d", device="west")])
    put(ledger, "sent", "a")
    put(ledger, "sending", "d")
    with ledger.reading() as connection:
        found = counts.standing(connection, 1)
        assert counts.standing(connection, 2) == {}
    assert found == {("sent", "east"): 1, ("pending", "east"): 2, ("sending", "west"): 1}
    assert counts.states(found) == {**dict.fromkeys(map(str, State), 0), "sent": 1, "pending": 2, "sending": 1}
    assert counts.devices(found) == {"east": 2, "west": 0}


@pytest.mark.parametrize("state", ["pending", "sending"])
def test_a_wave_is_over_when_nothing_of_it_is_pending_or_in_flight(ledger: connect.Ledger, state: str) -> None:
    run = register(ledger, messages("a", "b", "c", "d"))
    for who in "abc":
        put(ledger, "sent", who)
    put(ledger, state, "c")
    assert places(ledger, run, 1, 2, 4)[0] == [4]
    put(ledger, state, "a")
    assert places(ledger, run, 1, 2, 4)[0] == [1, 2, 4]


def test_waves_count_messages_where_the_ledger_forbade_some(ledger: connect.Ledger) -> None:
    register(ledger, messages("a", "b"))
    put(ledger, "sent", "%")
    second = register(ledger, messages("a", "b", "c", "d", "e", card="b"), identity("d2" * 32))
    assert places(ledger, second, 1, 3)[0] == [3, 5]


def test_skips_are_counted_by_reason_whoever_decided(ledger: connect.Ledger) -> None:
    lines: list[Message | Skip] = [*messages("a", "b"), skip("z")]
    header = {"profile": "sandbox", "send": {}, "counts": {"skips": {"holdout": 1}}}
    for number, digest in enumerate(("d1", "d2"), 1):
        with ledger.registering() as piece:
            enter.new(piece, identity(digest * 32), header, lines, run_id=f"run-{number}", now=NOW)
            enter.settle(piece, f"run-{number}-{digest * 2}", lambda: lines, NOW)
        put(ledger, "sent", "a")
    with ledger.reading() as connection:
        assert counts.skips(connection, 1) == {"holdout": 1}
        assert counts.skips(connection, 2) == {"holdout": 1, "already_sent": 1}
