"""What people decide about runs and messages holds at once, is kept, and forgets nobody."""

import pytest
from sqlalchemy import text

from gewe_runner import errors
from gewe_runner.ledger import connect, decide, rows, runs
from gewe_runner.model import Message, Reason, RunState, State
from tests.contract.plans import NOW, identity, messages, register, settle, states
from tests.contract.test_runs import put

ANNA = decide.Who(name="anna", at=NOW)


def change(ledger: connect.Ledger, run: str, state: RunState) -> bool:
    with ledger.writing() as connection:
        return decide.put(connection, run, state, ANNA)


def resolve(ledger: connect.Ledger, run: str, was: State, became: State, to_wxid: str | None = None) -> int:
    with ledger.writing() as connection:
        return decide.resolve(connection, run, was, became, ANNA, to_wxid)


def state(ledger: connect.Ledger, run: str) -> str:
    with ledger.reading() as connection:
        return runs.info(connection, run).state


def readmit(ledger: connect.Ledger, run: str, plan: list[Message]) -> int:
    return settle(ledger, run, plan)


def test_a_run_is_paused_and_resumed(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    assert change(ledger, run, RunState.PAUSED)
    assert not change(ledger, run, RunState.PAUSED)
    assert state(ledger, run) == "paused"
    assert change(ledger, run, RunState.OPEN)
    assert state(ledger, run) == "open"


def test_a_paused_run_is_neither_joined_nor_superseded_by_its_own_plan(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    change(ledger, run, RunState.PAUSED)
    with pytest.raises(errors.StoppedError, match="is paused"):
        register(ledger, messages("a"))
    assert states(ledger, run) == {"a": "pending"}


def test_a_cancelled_run_cancels_what_is_pending_and_nothing_else(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b", "c"))
    put(ledger, "sent", "a")
    put(ledger, "sending", "b")
    change(ledger, run, RunState.CANCELLED)
    assert states(ledger, run) == {"a": "sent", "b": "sending", "c": "cancelled"}
    assert [one.reason for one in rows.records(ledger, run)][2] == "by the user"


def test_a_run_that_is_over_cannot_be_resumed(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    change(ledger, run, RunState.CANCELLED)
    with pytest.raises(errors.UsageError, match="is cancelled; it cannot become open"):
        change(ledger, run, RunState.OPEN)


def test_unknown_messages_are_closed_as_sent(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    put(ledger, "unknown")
    assert resolve(ledger, run, State.UNKNOWN, State.SENT) == 2
    assert set(states(ledger, run).values()) == {"sent"}


def test_not_sent_reopens_the_message_and_its_run(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    put(ledger, "unknown")
    with ledger.writing() as connection:
        runs.finish(connection, run, now=NOW, stopped="")
    assert resolve(ledger, run, State.UNKNOWN, State.PENDING, "a") == 1
    assert states(ledger, run) == {"a": "pending", "b": "unknown"}
    assert state(ledger, run) == "open"


def test_rejected_messages_are_opened_again(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    put(ledger, "rejected", "a")
    put(ledger, "unknown", "b")
    assert resolve(ledger, run, State.REJECTED, State.PENDING) == 1
    assert states(ledger, run) == {"a": "pending", "b": "unknown"}


def test_a_message_that_is_sure_cannot_be_resolved(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    put(ledger, "sent")
    assert resolve(ledger, run, State.UNKNOWN, State.PENDING) == 0
    assert states(ledger, run) == {"a": "sent"}


def test_the_run_that_holds_what_another_has_not_is_found(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b"))
    put(ledger, "rejected", "a")
    second = register(ledger, messages("a", "b", card="new"), identity("d2" * 32))
    with ledger.reading() as connection:
        assert decide.holder(connection, second, State.REJECTED) == first
        assert decide.holder(connection, second, State.REJECTED, "a") == first
        assert decide.holder(connection, second, State.REJECTED, "b") is None
        assert decide.holder(connection, second, State.UNKNOWN) is None
        assert decide.holder(connection, first, State.REJECTED) is None


def test_every_resolution_is_kept_with_who_and_when(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    put(ledger, "unknown")
    resolve(ledger, run, State.UNKNOWN, State.SENT)
    with ledger.reading() as connection:
        kept = connection.execute(text('SELECT at, "by", was, became FROM resolution')).one()
    assert tuple(kept) == (NOW, "anna", "unknown", "sent")


def test_what_was_not_sent_in_a_superseded_run_is_taken_up_by_the_newest(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b"))
    put(ledger, "unknown", "a")
    plan = messages("a", "b", card="new")
    second = register(ledger, plan, identity("d2" * 32))
    assert states(ledger, second) == {"b": "pending"}
    assert readmit(ledger, second, plan) == 0
    resolve(ledger, first, State.UNKNOWN, State.PENDING)
    assert states(ledger, first) == {"a": "cancelled", "b": "cancelled"}
    assert readmit(ledger, second, plan) == 1
    assert states(ledger, second) == {"a": "pending", "b": "pending"}
    assert Reason.UNRESOLVED not in [one.reason for one in rows.skips(ledger, second)]


def test_a_person_is_told_what_was_got_and_what_was_missed(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    put(ledger, "sent")
    register(ledger, messages("a", card="b"), identity("d2" * 32))
    with ledger.reading() as connection:
        told = [(card["state"], card["reason"]) for card in decide.person(connection, "a")]
    assert told == [("skipped", "already_sent"), ("sent", "")]


@pytest.mark.parametrize(("was", "became"), [(State.UNKNOWN, State.PENDING), (State.REJECTED, State.PENDING)])
def test_what_was_reopened_in_a_former_run_is_taken_up_when_the_newest_goes_on(
    ledger: connect.Ledger, was: State, became: State
) -> None:
    first = register(ledger, messages("a", "b"))
    put(ledger, was, "a")
    put(ledger, "sent", "b")
    with ledger.writing() as connection:
        runs.finish(connection, first, now=NOW, stopped="")
    plan = messages("a", "b", card="new")
    second = register(ledger, plan, identity("d2" * 32))
    resolve(ledger, first, was, became)
    assert register(ledger, plan, identity("d2" * 32)) == second
    assert readmit(ledger, second, plan) == 1
    assert states(ledger, second) == {"a": "pending"}
