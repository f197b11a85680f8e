"""Old runs lose their bulk, and nothing that says who was served, what is unsettled, or what counts against a limit."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from gewe_runner import errors
from gewe_runner.ledger import care, connect, counts, decide, export, forget, prune, rows, runs
from gewe_runner.model import FrequencyCap, Message, Reason, Skip, State
from tests.contract.plans import NOW, identity, lay_over, message, messages, register, skip, states
from tests.contract.test_lanes import begin, claim, outcome, own
from tests.contract.test_runs import put

DAY = 86_400_000

#: Long after everything that `old` does.
LATER = NOW + 100 * DAY


def plan() -> list[Message | Skip]:
    return [*messages("sent", "rejected", "unknown", "cancelled"), skip("held"), skip("too")]


def old(ledger: connect.Ledger) -> str:
    """A run that was finished, with a message in every state that it can leave; its id."""
    run = register(ledger, plan())
    mine = claim(ledger)
    for state in (State.SENT, State.REJECTED, State.UNKNOWN):
        ended = replace(outcome(begin(ledger, mine, run)), state=state, text="收到")
        own(ledger).step([ended], [])
    own(ledger).release([mine])
    with ledger.writing() as connection:
        decide.withdraw(connection, run, ["cancelled"], NOW)
        runs.finish(connection, run, now=NOW, stopped="")
    return run


def pruned(ledger: connect.Ledger, *, now: int = LATER, before: int = NOW + 10 * DAY) -> prune.Bulk:
    bulk = prune.look(ledger, before)
    prune.prune(ledger, bulk, before, now)
    return bulk


def tables(ledger: connect.Ledger, name: str) -> list[Mapping[str, Any]]:
    return [tree for tree in map(json.loads, export.lines(ledger)) if tree.get("table") == name]


def test_what_would_be_removed_is_told_first_and_nothing_is_changed(ledger: connect.Ledger) -> None:
    run = old(ledger)
    before = list(export.lines(ledger))
    bulk = prune.look(ledger, NOW + 10 * DAY)
    assert (bulk.runs, bulk.payloads, bulk.attempts, bulk.skips) == ([run], 3, 2, 2)
    assert bulk.characters > 50
    assert list(export.lines(ledger)) == before


def test_payloads_texts_attempts_and_skips_go_and_what_is_unknown_stays_whole(ledger: connect.Ledger) -> None:
    run = old(ledger)
    pruned(ledger)
    kept = {
        one["to_wxid"]: (one["payload"] == forget.NOTHING, one["gateway_text"]) for one in tables(ledger, "message")
    }
    assert kept == {
        "sent": (True, ""),
        "rejected": (True, ""),
        "cancelled": (True, ""),
        "unknown": (False, "收到"),
    }
    assert [one["outcome"] for one in tables(ledger, "attempt")] == ["unknown"]
    assert list(rows.skips(ledger, run)) == []
    assert not prune.look(ledger, LATER)


def test_who_was_served_stays_known(ledger: connect.Ledger) -> None:
    run = old(ledger)
    former = [one._replace(gateway_text="") for one in rows.records(ledger, run) if one.state != "unknown"]
    pruned(ledger)
    assert [one for one in rows.records(ledger, run) if one.state != "unknown"] == former
    _, overlay = lay_over(ledger, messages("sent", "rejected", "unknown", card="b"), identity("d2" * 32))
    assert (overlay.left, dict(overlay.skips)) == (0, {Reason.ALREADY_SENT: 1, Reason.UNRESOLVED: 2})


def test_the_same_plan_goes_on_with_its_run_and_sends_nothing(ledger: connect.Ledger) -> None:
    run = old(ledger)
    pruned(ledger)
    assert register(ledger, plan(), now=LATER) == run
    assert "pending" not in states(ledger, run).values()


def test_frequency_caps_hold(ledger: connect.Ledger) -> None:
    old(ledger)
    pruned(ledger)
    capped = identity("d2" * 32, edition="2", cap=FrequencyCap(messages=1, days=365))
    _, overlay = lay_over(ledger, messages("sent"), capped, now=LATER)
    assert dict(overlay.skips) == {Reason.FREQUENCY_CAP: 1}


@pytest.mark.parametrize("state", ["open", "paused"])
def test_a_run_that_is_not_over_is_left_alone(ledger: connect.Ledger, state: str) -> None:
    run = old(ledger)
    with ledger.writing() as connection:
        connection.execute(text("UPDATE run SET state = :state WHERE id = :run"), {"state": state, "run": run})
    assert not prune.look(ledger, LATER)


def test_a_younger_run_is_left_alone(ledger: connect.Ledger) -> None:
    old(ledger)
    assert not prune.look(ledger, NOW - 1)


def test_a_run_that_goes_on_meanwhile_is_left_alone(ledger: connect.Ledger) -> None:
    run = old(ledger)
    bulk = prune.look(ledger, LATER)
    with ledger.writing() as connection:
        connection.execute(text("UPDATE run SET state = 'open', finished_at = NULL"))
    prune.prune(ledger, bulk, LATER, LATER)
    assert len(list(rows.skips(ledger, run))) == 2
    assert {one["gateway_text"] for one in tables(ledger, "message")} >= {"收到"}


def test_whoever_may_be_taken_in_again_is_kept(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    put(ledger, "unknown")
    second = register(ledger, messages("a", "b", card="b"), identity("d2" * 32))
    put(ledger, "sent", "b")
    with ledger.writing() as connection:
        runs.finish(connection, second, now=NOW, stopped="")
        connection.execute(text("UPDATE run SET finished_at = :now"), {"now": NOW})
    pruned(ledger)
    assert [one.reason for one in rows.skips(ledger, second)] == [Reason.UNRESOLVED]


def test_a_pruned_run_still_counts_its_skips_and_says_that_it_was_pruned(ledger: connect.Ledger) -> None:
    run = old(ledger)
    pruned(ledger)
    with ledger.reading() as connection:
        info = runs.info(connection, run)
        assert counts.skips(connection, 1) == info.skips == {"holdout": 2}
    assert info.pruned_at == LATER
    assert info.planned == 4


def test_what_was_pruned_cannot_be_sent_again(ledger: connect.Ledger) -> None:
    run = old(ledger)
    pruned(ledger)
    who = decide.Who(name="anna", at=LATER)
    with ledger.writing() as connection:
        assert decide.resolve(connection, run, State.REJECTED, State.PENDING, who) == 0
        assert decide.resolve(connection, run, State.UNKNOWN, State.PENDING, who) == 1
    assert states(ledger, run) == {
        "sent": "sent",
        "rejected": "rejected",
        "unknown": "pending",
        "cancelled": "cancelled",
    }


def test_what_a_run_that_is_over_had_rejected_becomes_free_for_the_next_plan(ledger: connect.Ledger) -> None:
    run = old(ledger)
    with ledger.writing() as connection:
        connection.execute(text("UPDATE run SET state = 'superseded'"))
    pruned(ledger)
    with ledger.writing() as connection:
        who = decide.Who(name="anna", at=LATER)
        assert decide.resolve(connection, run, State.REJECTED, State.PENDING, who) == 1
    assert lay_over(ledger, messages("rejected", card="b"), identity("d2" * 32))[1].left == 1


def test_old_test_cards_go_and_young_ones_stay(ledger: connect.Ledger) -> None:
    old(ledger)
    columns = "device, app_id, epoch, holder, started_at, outcome"
    card = f"INSERT INTO attempt ({columns}) VALUES ('east', 'wx', 1, 'h', :at, :to)"
    with ledger.writing() as connection:
        for at, became in ((NOW, "sent"), (NOW, None), (LATER, "sent")):
            connection.execute(text(card), {"at": at, "to": became})
    pruned(ledger)
    assert [(one["started_at"], one["outcome"]) for one in tables(ledger, "attempt")][1:] == [
        (NOW, None),
        (LATER, "sent"),
    ]


def test_many_messages_are_pruned_a_few_at_a_time(ledger: connect.Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "_BATCH", 2)
    run = register(ledger, [*messages(*"abcde"), *map(skip, "vwxyz")])
    put(ledger, "sent")
    with ledger.writing() as connection:
        runs.finish(connection, run, now=NOW, stopped="")
    passed: list[int] = []
    prune.prune(ledger, prune.look(ledger, LATER), LATER, LATER, passed.append)
    assert passed == [2, 2, 1] * 2
    assert not prune.look(ledger, LATER)


def test_nobody_has_to_wait_for_the_space_to_be_given_back(ledger: connect.Ledger, kind: str) -> None:
    run = old(ledger)
    claim(ledger)
    if kind == "postgresql":  # there nobody has to anyway
        pruned(ledger)
        return
    with pytest.raises(errors.StoppedError, match="a send is going on through device east; nothing was removed"):
        pruned(ledger)
    assert len(list(rows.skips(ledger, run))) == 2


def test_space_is_given_back(ledger: connect.Ledger) -> None:
    payload = "x" * 2_000
    run = register(ledger, [message(seq, f"p{seq}")._replace(payload=f"{payload}{seq}") for seq in range(1, 1_001)])
    put(ledger, "sent")
    with ledger.writing() as connection:
        runs.finish(connection, run, now=NOW, stopped="")
    before = care.info(ledger)
    pruned(ledger)
    after = care.info(ledger)
    if after.database == "sqlite":
        assert after.size < before.size / 3
    assert after.messages == before.messages


def test_a_ledger_tells_its_size_by_table(ledger: connect.Ledger) -> None:
    old(ledger)
    found = care.info(ledger)
    assert set(found.sizes) >= {"message", "attempt", "run"}
    assert 0 < sum(found.sizes.values()) <= found.size
