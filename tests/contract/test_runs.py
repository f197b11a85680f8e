"""Plans become runs: they continue, supersede and respect what the ledger knows."""

import hypothesis
import pytest
import sqlalchemy
from hypothesis import strategies as st
from sqlalchemy import text

from gewe_runner import batches, errors
from gewe_runner.ledger import connect, decide, forget, judge, rows, runs
from gewe_runner.model import FrequencyCap, Message, Reason, Skip, State
from tests.contract.plans import NOW, identity, lay_over, messages, register, skip, states

DAY = 86_400_000


def put(ledger: connect.Ledger, state: str, to_wxid: str | None = None) -> None:
    """Bring messages into a state, as a send would have."""
    with ledger.writing() as connection:
        connection.execute(
            text(
                "UPDATE message SET state = :state, epoch = 1, started_at = :now "
                "WHERE to_wxid LIKE :who AND state <> 'cancelled'"
            ),
            {"state": state, "who": to_wxid or "%", "now": NOW},
        )


def info(ledger: connect.Ledger, run_id: str = "latest") -> object:
    with ledger.reading() as connection:
        return runs.info(connection, run_id)


def test_a_run_is_named_after_its_time_its_campaign_and_its_digest(ledger: connect.Ledger) -> None:
    assert register(ledger, messages("a")) == "20261201-0900-fruit-d1d1"


def test_a_plan_with_the_same_digest_goes_on_with_its_run(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b"))
    put(ledger, "sent", "a")
    assert register(ledger, messages("a", "b")) == first
    assert states(ledger, first) == {"a": "sent", "b": "pending"}


def test_a_cancelled_run_is_not_rejoined(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a"))
    put(ledger, "cancelled")
    with ledger.writing() as connection:
        connection.execute(text("UPDATE run SET state = 'cancelled'"))
    second = register(ledger, messages("a"))
    assert second == f"{first}d"
    assert states(ledger, second) == {"a": "pending"}


def test_another_plan_supersedes_what_was_pending(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b"))
    put(ledger, "sent", "a")
    second = register(ledger, messages("a", "b", "c", card="b"), identity("d2" * 32))
    assert states(ledger, first) == {"a": "sent", "b": "cancelled"}
    assert states(ledger, second) == {"b": "pending", "c": "pending"}
    assert [(one.to_wxid, one.reason) for one in rows.skips(ledger, second)] == [("a", Reason.ALREADY_SENT)]


def test_what_was_reopened_in_a_run_that_is_over_is_superseded_as_well(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a"))
    put(ledger, "unknown")
    register(ledger, messages("b", card="b"), identity("d2" * 32))
    put(ledger, "pending", "a")
    third = register(ledger, messages("a", card="c"), identity("d3" * 32))
    assert (states(ledger, first), states(ledger, third)) == ({"a": "cancelled"}, {"a": "pending"})


@pytest.mark.parametrize("state", ["sending", "unknown", "rejected"])
def test_what_is_not_resolved_in_another_run_is_not_sent_again(ledger: connect.Ledger, state: str) -> None:
    register(ledger, messages("a"))
    put(ledger, state)
    second = register(ledger, messages("a", card="b"), identity("d2" * 32))
    assert [one.reason for one in rows.skips(ledger, second)] == [Reason.UNRESOLVED]


def test_a_new_edition_may_send_again(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    put(ledger, "sent")
    second = register(ledger, messages("a"), identity("d2" * 32, edition="2"))
    assert states(ledger, second) == {"a": "pending"}


def test_the_frequency_cap_counts_cards_of_every_campaign(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    put(ledger, "sent")
    capped = identity("d2" * 32, edition="2", cap=FrequencyCap(messages=1, days=7))
    _, overlay = lay_over(ledger, messages("a", "b"), capped, now=NOW + 6 * DAY)
    assert (overlay.left, dict(overlay.skips)) == (1, {Reason.FREQUENCY_CAP: 1})
    _, overlay = lay_over(ledger, messages("a", "b"), capped, now=NOW + 8 * DAY)
    assert overlay.left == 2


def test_the_cards_that_the_cap_counts_are_told_with_their_time(ledger: connect.Ledger) -> None:
    register(ledger, messages("a", "b"))
    put(ledger, "sent")
    register(ledger, messages("a"), identity("d2" * 32, edition="2"))
    forget.forget(ledger, "b", NOW)
    cap = FrequencyCap(messages=1, days=7)
    card = {"campaign": "fruit", "edition": "1", "device": "east", "state": "sent", "at": NOW}
    with ledger.reading() as connection:
        for who, now, expected in (("a", NOW + 6 * DAY, [card]), ("b", NOW, [card]), ("a", NOW + 8 * DAY, [])):
            assert judge.counted(connection, cap, who, now) == expected


def test_laying_over_changes_nothing_and_keeps_the_order(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    put(ledger, "sent", "a")
    lines, overlay = lay_over(ledger, [*messages("a", "b"), skip("z")], identity("d2" * 32))
    assert [(type(one), one.to_wxid) for one in lines] == [(Skip, "a"), (Message, "b"), (Skip, "z")]
    assert overlay.left == 1
    assert states(ledger, run) == {"a": "sent", "b": "pending"}


def test_laying_over_tells_the_same_card_from_another(ledger: connect.Ledger) -> None:
    register(ledger, messages("a", card="old"))
    put(ledger, "sent")
    assert lay_over(ledger, messages("a", card="old"), identity("d2" * 32))[1].same_card == 1
    assert lay_over(ledger, messages("a", card="new"), identity("d2" * 32))[1].same_card == 0


def test_a_registration_cut_short_leaves_no_trace(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b"))

    def torn() -> object:
        yield from messages("a", "c", card="b")
        raise OSError("the plan's file is gone")

    with pytest.raises(OSError, match="is gone"):
        register(ledger, torn(), identity("d2" * 32))  # type: ignore[arg-type]
    assert states(ledger, first) == {"a": "pending", "b": "pending"}
    assert info(ledger) == info(ledger, first)


def test_a_run_is_finished_when_nothing_is_pending_or_in_flight(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    put(ledger, "sent", "a")
    put(ledger, "unknown", "b")
    with ledger.writing() as connection:
        runs.finish(connection, run, now=NOW + 1, stopped="")
        assert runs.info(connection, run).state == "finished"


def test_a_run_with_pending_messages_stays_open_and_says_why(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    with ledger.writing() as connection:
        runs.finish(connection, run, now=NOW + 1, stopped="token refused")
        found = runs.info(connection, run)
    assert (found.state, found.stopped) == ("open", "token refused")


def test_a_run_is_found_by_a_unique_beginning(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    assert info(ledger, "20261201") == info(ledger, run) == info(ledger, "latest")


def test_a_beginning_that_two_runs_share_is_refused(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    register(ledger, messages("b"), identity("d2" * 32))
    with pytest.raises(errors.UsageError, match="more than one run"):
        info(ledger, "20261201")


@pytest.mark.parametrize("wrong", ["nope", "2026%", "_0261201"])
def test_a_run_that_is_not_there_is_a_usage_error(ledger: connect.Ledger, wrong: str) -> None:
    register(ledger, messages("a"))
    with pytest.raises(errors.UsageError, match="there is no run"):
        info(ledger, wrong)


def test_records_come_in_plan_order_over_several_reads(ledger: connect.Ledger) -> None:
    ids = [f"wxid_{number}" for number in range(2 * batches.SIZE + 3)]
    run = register(ledger, messages(*ids))
    assert [record.to_wxid for record in rows.records(ledger, run)] == ids


@hypothesis.given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["sent", "pending", "unknown"])), max_size=6)
)
@hypothesis.settings(max_examples=25, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_whatever_is_planned_no_identity_is_live_twice(ledger: connect.Ledger, steps: list[tuple[str, str]]) -> None:
    for number, (who, state) in enumerate(steps):
        register(ledger, messages(who, "x", card=str(number)), identity(f"{number:064d}"))
        put(ledger, state, who)
    with ledger.reading() as connection:
        live = connection.execute(
            sqlalchemy.text("SELECT count(*) FROM message WHERE state <> 'cancelled' GROUP BY edition_id, to_wxid")
        ).scalars()
        assert set(live) <= {1}
    with ledger.writing() as connection:
        runs.empty(connection)


def test_the_frequency_cap_holds_when_a_plan_is_registered_and_when_its_run_goes_on(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    put(ledger, "sent")
    capped = identity("d2" * 32, edition="2", cap=FrequencyCap(messages=1, days=7))
    run = register(ledger, messages("a", "b"), capped)
    assert states(ledger, run) == {"b": "pending"}
    assert [one.reason for one in rows.skips(ledger, run)] == [Reason.FREQUENCY_CAP]
    _, overlay = lay_over(ledger, messages("a", "b"), capped, now=NOW + 8 * DAY)
    assert (overlay.left, dict(overlay.skips)) == (1, {Reason.FREQUENCY_CAP: 1})


def test_what_a_plan_takes_the_place_of_is_counted(ledger: connect.Ledger) -> None:
    register(ledger, messages("a", "b"))
    put(ledger, "sent", "a")
    assert lay_over(ledger, messages("a"), identity("d2" * 32))[1].supersedes == 1
    assert lay_over(ledger, messages("a", "b"))[1].supersedes == 0


def test_an_emptied_ledger_knows_of_nothing(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    put(ledger, "unknown")
    with ledger.writing() as connection:
        decide.resolve(connection, run, State.UNKNOWN, State.SENT, decide.Who(name="anna", at=NOW))
        runs.empty(connection)
        assert runs.infos(connection) == []


def test_a_run_is_told_of_with_the_commonest_texts_of_its_refusals(ledger: connect.Ledger) -> None:
    texts = ["one", "two", "two", "three", "three", "three", "four", "five", "six", "seven"]
    run = register(ledger, messages(*(f"w{number}" for number in range(len(texts))), "sent"))
    put(ledger, "rejected", "w%")
    with ledger.writing() as connection:
        for number, said in enumerate(texts):
            row = {"said": said, "who": f"w{number}"}
            connection.execute(text("UPDATE message SET gateway_text = :said WHERE to_wxid = :who"), row)
    with ledger.reading() as connection:
        told = runs.told(connection, "latest")
        assert runs.info(connection, run).refusals == {}
    assert told.id == run
    # among equals the one that came first
    assert list(told.refusals.items()) == [("three", 3), ("two", 2), ("one", 1), ("four", 1), ("five", 1)]


def test_skips_come_in_their_order_over_several_reads(ledger: connect.Ledger) -> None:
    ids = [f"wxid_{number}" for number in range(2 * batches.SIZE + 3)]
    run = register(ledger, [skip(one) for one in ids])
    assert [one.to_wxid for one in rows.skips(ledger, run)] == ids


def test_a_paused_run_is_told_without_changing_anything(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    with ledger.reading() as connection:
        runs.unpaused(connection, identity())
    with ledger.writing() as connection:
        connection.execute(text("UPDATE run SET state = 'paused'"))
    with ledger.reading() as connection:
        with pytest.raises(errors.StoppedError, match=f"run {run} is paused"):
            runs.unpaused(connection, identity())
        runs.unpaused(connection, identity("d2" * 32))
