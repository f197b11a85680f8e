"""People who are suppressed get nothing of what is still pending for them, however they came onto the list."""

from collections.abc import Iterable

from sqlalchemy import text

from gewe_runner.ledger import connect, decide, rows
from gewe_runner.model import State
from tests.contract.plans import NOW, identity, messages, register, states
from tests.contract.test_runs import put


def withdraw(ledger: connect.Ledger, run: str, *ids: str) -> int:
    return withdraw_all(ledger, run, ids)


def withdraw_all(ledger: connect.Ledger, run: str, ids: Iterable[str]) -> int:
    with ledger.writing() as connection:
        return decide.withdraw(connection, run, ids, NOW)


def test_what_is_pending_for_the_suppressed_is_cancelled(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b", "c"))
    assert withdraw(ledger, run, "x", "b") == 1
    assert states(ledger, run) == {"a": "pending", "b": "cancelled", "c": "pending"}
    cancelled = next(record for record in rows.records(ledger, run) if record.to_wxid == "b")
    assert (cancelled.reason, cancelled.ended_at) == ("suppressed", NOW)


def test_what_has_left_is_left_as_it_is(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b", "c"))
    put(ledger, State.SENT, "a")
    put(ledger, State.UNKNOWN, "b")
    assert withdraw(ledger, run, "a", "b") == 0
    assert states(ledger, run) == {"a": "sent", "b": "unknown", "c": "pending"}


def test_other_runs_are_left_alone(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    other = register(ledger, messages("a"), identity("d2" * 32, edition="2"))
    assert withdraw(ledger, other, "a") == 1
    assert states(ledger, run) == {"a": "pending"}


def test_a_suppression_list_may_be_of_any_length(ledger: connect.Ledger) -> None:
    run = register(ledger, messages(*(f"id{number}" for number in range(1200))))
    assert withdraw_all(ledger, run, (f"id{number}" for number in range(0, 5000, 2))) == 600


def test_who_is_suppressed_by_hand_gets_nothing_of_any_run(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b"))
    second = register(ledger, messages("a", "b"), identity("d2" * 32, edition="2"))
    third = register(ledger, messages("a", "b"), identity("d3" * 32, edition="3"))
    with ledger.writing() as connection:
        connection.execute(text("UPDATE message SET state = 'sent' WHERE edition_id = 1"))
    with ledger.writing() as connection:
        assert decide.suppress(connection, "a", NOW) == 2
        assert decide.suppress(connection, "a", NOW) == 0
    assert states(ledger, first) == {"a": "sent", "b": "sent"}
    assert states(ledger, second) == states(ledger, third) == {"a": "cancelled", "b": "pending"}
    assert [one.reason for one in rows.records(ledger, second)] == ["suppressed", ""]


def test_nobody_is_withdrawn_twice(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    assert withdraw(ledger, run, "a") == 1
    assert withdraw(ledger, run, "a") == 0
