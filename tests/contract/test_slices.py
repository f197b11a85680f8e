"""What a worker's slice writes: intent and outcome are one statement each, and keep what the lane's epoch promises."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy
from sqlalchemy import text

from gewe_runner.exchange import Claim, Intent, Mark, NoIntent, Outcome, Streaks, Want
from gewe_runner.ledger import connect, decide, parts, slices
from gewe_runner.model import RunState, State
from tests.contract.plans import messages, register, states

#: Long ago, since a claim refuses a ledger with requests of the future.
NOW = 1_600_000_000_000

PEOPLE = ("a", "b", "c")


@pytest.fixture
def ledger(laid_url: sqlalchemy.URL) -> Iterator[connect.Ledger]:
    opened = connect.open(laid_url, quick=2)
    yield opened
    opened.close()


@pytest.fixture
def run(ledger: connect.Ledger) -> str:
    """A run that the workers carry out."""
    found = register(ledger, messages(*PEOPLE))
    with ledger.writing() as connection:
        connection.execute(text("UPDATE run SET engine = 'procrastinate', waves = '[99]'"))
        connection.execute(text("INSERT INTO part (run_n, device) SELECT n, 'east' FROM run"))
    return found


@pytest.fixture
def own(ledger: connect.Ledger) -> slices.Slices:
    return slices.Slices(ledger, "sandbox")


@pytest.fixture
def claim(own: slices.Slices, run: str) -> Claim:
    return own.claim("east", "wx_east", now=own.now(), midnight=0)


def want(claim: Claim, run: str, limit: int = 99) -> Want:
    return Want(
        device="east", app_id="wx_east", epoch=claim.epoch, run=run, limit=limit, now=NOW, next_at=NOW + 6_000
    )  # fmt: skip


def mark(claim: Claim, stopped: str = "", failures: int = 0) -> Mark:
    return Mark(device="east", epoch=claim.epoch, streaks=Streaks(failures=failures), stopped=stopped)


def begin(own: slices.Slices, claim: Claim, run: str) -> Intent | NoIntent:
    (found,) = own.take([], [want(claim, run)], mark(claim), {})
    return found


def outcome(intent: Intent | NoIntent, state: State = State.SENT) -> Outcome:
    assert isinstance(intent, Intent)
    return Outcome(intent=intent, state=state, new_msg_id="7", ended_at=NOW + 300, next_at=NOW + 7_000)


def lane(ledger: connect.Ledger, *columns: str) -> tuple[object, ...]:
    with ledger.reading() as connection:
        return tuple(connection.exec_driver_sql(f"SELECT {', '.join(columns)} FROM lane").one())


def attempts(ledger: connect.Ledger) -> list[tuple[object, ...]]:
    with ledger.reading() as connection:
        rows = connection.exec_driver_sql("SELECT message_id, app_id, epoch, outcome FROM attempt ORDER BY id")
        return [tuple(row) for row in rows]


def test_an_intent_is_sending_noted_and_its_lane_put_off(
    ledger: connect.Ledger, own: slices.Slices, claim: Claim, run: str
) -> None:
    intent = begin(own, claim, run)
    assert isinstance(intent, Intent)
    assert (intent.seq, intent.to_wxid, intent.payload) == (1, "a", messages("a")[0].payload)
    assert states(ledger, run) == {"a": "sending", "b": "pending", "c": "pending"}
    assert attempts(ledger) == [(intent.message_id, "wx_east", claim.epoch, None)]
    assert lane(ledger, "next_at") == (NOW + 6_000,)


def test_nothing_is_begun_under_an_epoch_that_is_over(
    ledger: connect.Ledger, own: slices.Slices, claim: Claim, run: str
) -> None:
    own.claim("east", "wx_east", now=own.now(), midnight=0)
    assert begin(own, claim, run) is NoIntent.FENCED
    assert (set(states(ledger, run).values()), attempts(ledger), lane(ledger, "next_at")) == ({"pending"}, [], (0,))


def test_nothing_is_begun_by_a_lane_that_was_given_back(
    ledger: connect.Ledger, own: slices.Slices, claim: Claim, run: str
) -> None:
    own.release([claim])
    assert begin(own, claim, run) is NoIntent.FENCED
    assert attempts(ledger) == []


def test_beyond_its_wave_a_lane_has_nothing(own: slices.Slices, claim: Claim, run: str) -> None:
    assert own.take([], [want(claim, run, limit=0)], mark(claim), {}) == [NoIntent.EMPTY]


def test_of_a_run_that_is_paused_or_has_stopped_nothing_is_begun(
    ledger: connect.Ledger, own: slices.Slices, claim: Claim, run: str
) -> None:
    who = decide.Who(name="somebody", at=NOW)
    with ledger.writing() as connection:
        decide.put(connection, run, RunState.PAUSED, who)
    assert begin(own, claim, run) is NoIntent.CLOSED
    with ledger.writing() as connection:
        decide.put(connection, run, RunState.OPEN, who)
        parts.stop(connection, 1, "too many failures")
    assert begin(own, claim, run) is NoIntent.CLOSED
    assert attempts(ledger) == []


def test_a_message_that_is_about_to_be_withdrawn_is_passed_over(
    ledger: connect.Ledger, own: slices.Slices, claim: Claim, run: str
) -> None:
    with ledger.writing() as connection:
        decide.suppress(connection, "a", NOW)
        intent = begin(own, claim, run)
        assert isinstance(intent, Intent)
        assert intent.to_wxid == "b"


def test_an_outcome_is_kept_with_the_next_intent_and_what_the_lane_has_to_know(
    ledger: connect.Ledger, own: slices.Slices, claim: Claim, run: str
) -> None:
    first = outcome(begin(own, claim, run), State.REJECTED)
    (second,) = own.take([first], [want(claim, run)], mark(claim, failures=1), {})
    assert states(ledger, run) == {"a": "rejected", "b": "sending", "c": "pending"}
    own.take([outcome(second)], [], mark(claim, stopped="enough", failures=0), {})
    assert states(ledger, run) == {"a": "rejected", "b": "sent", "c": "pending"}
    assert [row[-1] for row in attempts(ledger)] == ["rejected", "sent"]
    assert lane(ledger, "next_at", "stopped", "failures_in_a_row") == (NOW + 7_000, "enough", 0)


def test_late_news_counts_and_leaves_the_lane_to_its_new_owner(
    ledger: connect.Ledger, own: slices.Slices, claim: Claim, run: str
) -> None:
    late = outcome(begin(own, claim, run))
    own.claim("east", "wx_east", now=own.now(), midnight=0)
    assert states(ledger, run)["a"] == "unknown"
    own.take([late], [], mark(claim, stopped="offline"), {})
    assert states(ledger, run)["a"] == "sent"
    assert lane(ledger, "next_at", "stopped") == (NOW + 6_000, "")


def test_a_share_of_failures_is_judged_before_the_next_message(
    ledger: connect.Ledger, own: slices.Slices, claim: Claim, run: str
) -> None:
    judges = {run: lambda outcomes, bad: f"{bad} of {outcomes}" if bad > 1 else ""}
    found: Intent | NoIntent = begin(own, claim, run)
    for _ in range(2):
        (found,) = own.take([outcome(found, State.REJECTED)], [want(claim, run)], mark(claim), judges)
    assert found is NoIntent.CLOSED
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT stopped FROM run").scalar_one() == "2 of 2"


def test_a_request_that_did_not_leave_is_judged_by_nobody(own: slices.Slices, claim: Claim, run: str) -> None:
    unsent = replace(outcome(begin(own, claim, run), State.PENDING), unsent=True)
    assert own.take([unsent], [], mark(claim), {run: lambda _outcomes, _bad: "never"}) == []
    assert isinstance(begin(own, claim, run), Intent)
