"""One owner per device, intents before requests, outcomes after: the behaviour that every ledger has to show."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from gewe_runner import errors
from gewe_runner.exchange import Claim, Intent, NoIntent, Outcome, Want
from gewe_runner.ledger import connect, holder, lanes, rows
from gewe_runner.model import State
from tests import program
from tests.contract.plans import NOW, identity, messages, register, settle, states


def own(ledger: connect.Ledger) -> lanes.Lanes:
    """The lanes as this process sees them, by the times that the tests say."""
    return lanes.Lanes(ledger, clock=lambda _: None)


def claim(ledger: connect.Ledger, now: int = NOW) -> Claim:
    return own(ledger).claim("east", "wx_east", now=now, midnight=NOW - 3_600_000)


def want(claim: Claim, run: str, *, now: int = NOW, limit: int = 99) -> Want:
    return Want(device="east", app_id="wx_east", epoch=claim.epoch, run=run, limit=limit, now=now, next_at=now + 6_000)


def begin(ledger: connect.Ledger, claim: Claim, run: str, *, now: int = NOW) -> Intent:
    (intent,) = own(ledger).step([], [want(claim, run, now=now)])
    assert isinstance(intent, Intent)
    return intent


def outcome(intent: Intent, state: State = State.SENT) -> Outcome:
    return Outcome(intent=intent, state=state, new_msg_id="9007199254740993", ended_at=NOW + 300, next_at=NOW + 6_000)


def hold(ledger: connect.Ledger, holder: str, heartbeat_at: int = NOW) -> None:
    with ledger.writing() as connection:
        connection.execute(
            text("UPDATE lane SET holder = :holder, heartbeat_at = :at"), {"holder": holder, "at": heartbeat_at}
        )


class Claiming:
    """Another process that claims the lane when it is told to, and holds it until its input ends."""

    SCRIPT = f"""
import sys
import sqlalchemy
from gewe_runner import errors
from gewe_runner.ledger import connect, lanes
mine = lanes.Lanes(connect.open(sqlalchemy.make_url(sys.argv[1])), clock=lambda _: None)
print("ready", flush=True)
sys.stdin.readline()
try:
    mine.claim("east", "wx_east", now={NOW}, midnight=0)
    print("held", flush=True)
except errors.LaneHeldError:
    print("refused", flush=True)
sys.stdin.read()
"""

    def __init__(self, ledger: connect.Ledger) -> None:
        url = ledger.engine.url.render_as_string(hide_password=False)
        self._process = program.script(self.SCRIPT, url)
        self.pid = self._process.pid
        assert self.said() == "ready"

    def go(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def said(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.communicate(timeout=20)


@contextlib.contextmanager
def claiming(ledger: connect.Ledger) -> Iterator[Claiming]:
    other = Claiming(ledger)
    try:
        yield other
    finally:
        other.end()


def test_an_intent_is_sending_when_step_returns(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    intent = begin(ledger, claim(ledger), run)
    assert (intent.seq, intent.to_wxid) == (1, "a")
    assert states(ledger, run) == {"a": "sending", "b": "pending"}


def test_messages_are_begun_in_plan_order(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b", "c"))
    mine = claim(ledger)
    begun = [begin(ledger, mine, run).to_wxid for _ in range(3)]
    assert begun == ["a", "b", "c"]


def test_a_wave_holds_back_what_lies_behind_it(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    mine = claim(ledger)
    begin(ledger, mine, run)
    assert own(ledger).step([], [want(mine, run, limit=1)]) == [NoIntent.EMPTY]


def test_an_outcome_and_the_next_intent_share_a_transaction(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    mine = claim(ledger)
    first = begin(ledger, mine, run)
    (second,) = own(ledger).step([outcome(first)], [want(mine, run)])
    assert isinstance(second, Intent)
    assert states(ledger, run) == {"a": "sent", "b": "sending"}
    (record, _) = rows.records(ledger, run)
    assert record.new_msg_id == "9007199254740993"


def test_a_run_that_is_not_open_gives_nothing(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    mine = claim(ledger)
    with ledger.writing() as connection:
        connection.execute(text("UPDATE run SET state = 'paused'"))
    assert own(ledger).step([], [want(mine, run)]) == [NoIntent.CLOSED]


def test_whoever_claims_a_dead_owners_lane_finds_its_messages_unknown(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    begin(ledger, claim(ledger), run)
    hold(ledger, "elsewhere/1/1", NOW - holder.STALE - 1)
    assert claim(ledger).orphans == 1
    assert states(ledger, run) == {"a": "unknown", "b": "pending"}


def test_a_lane_of_a_living_owner_elsewhere_cannot_be_claimed(ledger: connect.Ledger) -> None:
    claim(ledger)
    hold(ledger, "elsewhere/4711/1", NOW - holder.STALE + 1)
    with pytest.raises(errors.LaneHeldError, match="process 4711 on elsewhere"):
        claim(ledger)


def test_a_lane_of_a_living_process_of_this_host_cannot_be_claimed(ledger: connect.Ledger) -> None:
    with claiming(ledger) as other:
        other.go()
        assert other.said() == "held"
        # However old its heartbeat: the process is there.
        with pytest.raises(errors.LaneHeldError, match=f"process {other.pid} on "):
            claim(ledger, NOW + 10 * holder.STALE)
    assert claim(ledger).epoch == 2


def test_of_processes_that_claim_at_once_one_gets_the_lane(ledger: connect.Ledger) -> None:
    with claiming(ledger) as first, claiming(ledger) as second:
        for one in (first, second):
            one.go()
        assert {first.said(), second.said()} == {"held", "refused"}


def test_a_process_that_this_host_cannot_see_is_judged_by_its_heartbeat(ledger: connect.Ledger) -> None:
    claim(ledger)
    # as a container of the same host name would be
    hold(ledger, f"{socket.gethostname()}/1/1@00000000", NOW - holder.STALE + 1)
    with pytest.raises(errors.LaneHeldError, match="process 1 on "):
        claim(ledger)
    hold(ledger, f"{socket.gethostname()}/1/1@00000000", NOW - holder.STALE - 1)
    assert claim(ledger).epoch == 2


def test_a_process_of_this_host_that_is_gone_holds_nothing(ledger: connect.Ledger) -> None:
    with claiming(ledger) as other:
        other.go()
        assert other.said() == "held"
    assert claim(ledger).epoch == 2


def test_nothing_is_claimed_while_the_ledger_has_a_request_from_the_future(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    mine = claim(ledger)
    begin(ledger, mine, run)
    with pytest.raises(errors.StoppedError, match="clock: the ledger has a request of device east"):
        claim(ledger, NOW - lanes.CLOCK - 1)
    assert claim(ledger, NOW - lanes.CLOCK).today == 1


def test_nothing_is_claimed_while_the_hosts_clocks_are_too_far_apart(ledger: connect.Ledger) -> None:
    ahead = lanes.Lanes(ledger, clock=lambda _: NOW + lanes.CLOCK + 1)
    with pytest.raises(errors.StoppedError, match="clock: this host's clock and the ledger's are 60 s apart"):
        ahead.claim("east", "wx_east", now=NOW, midnight=NOW)


def test_a_heartbeat_is_told_by_the_clock_that_the_hosts_share(ledger: connect.Ledger) -> None:
    shared = lanes.Lanes(ledger, clock=lambda _: NOW + 5_000)
    shared.claim("east", "wx_east", now=NOW, midnight=NOW)
    shared.heartbeat(NOW)
    with ledger.reading() as connection:
        assert connection.execute(text("SELECT heartbeat_at FROM lane")).scalar_one() == NOW + 5_000


def test_a_former_owner_is_fenced_out_before_its_next_request(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    former = claim(ledger)
    claim(ledger)
    assert own(ledger).step([], [want(former, run)]) == [NoIntent.FENCED]
    assert states(ledger, run) == {"a": "pending", "b": "pending"}


def test_a_late_answer_still_counts(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    intent = begin(ledger, claim(ledger), run)
    claim(ledger)
    assert states(ledger, run) == {"a": "unknown"}
    own(ledger).step([outcome(intent)], [])
    assert states(ledger, run) == {"a": "sent"}


def test_a_late_answer_does_not_undo_a_later_attempt(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    first = begin(ledger, claim(ledger), run)
    second_owner = claim(ledger)
    with ledger.writing() as connection:  # what `resolve --as not-sent` does
        connection.execute(text("UPDATE message SET state = 'pending'"))
    begin(ledger, second_owner, run)
    own(ledger).step([outcome(first, State.REJECTED)], [])
    assert states(ledger, run) == {"a": "sending"}


def test_a_message_that_never_left_is_pending_and_burdens_no_budget(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    intent = begin(ledger, claim(ledger), run)
    own(ledger).step([replace(outcome(intent, State.PENDING), unsent=True)], [])
    assert states(ledger, run) == {"a": "pending"}
    assert claim(ledger).today == 0


def test_a_claim_knows_the_attempts_of_the_day_and_when_the_device_may_go_on(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b"))
    mine = claim(ledger)
    own(ledger).step([outcome(begin(ledger, mine, run))], [])
    again = claim(ledger, NOW + 1_000)
    assert (again.today, again.last_start, again.rested_at) == (1, NOW, NOW + 6_000)


def test_attempts_of_the_same_app_id_under_another_name_count(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    own(ledger).step([outcome(begin(ledger, claim(ledger), run))], [])
    twin = own(ledger).claim("west", "wx_east", now=NOW, midnight=NOW - 3_600_000)
    assert twin.today == 1


def test_a_resting_device_rests_for_whoever_claims_it_next(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a"))
    intent = begin(ledger, claim(ledger), run)
    own(ledger).step([replace(outcome(intent, State.PENDING), resting_until=NOW + 3_600_000)], [])
    assert claim(ledger).rested_at == NOW + 3_600_000


def test_a_released_lane_is_free_for_everybody(ledger: connect.Ledger) -> None:
    mine = claim(ledger)
    own(ledger).release([mine])
    with ledger.reading() as connection:
        assert connection.execute(text("SELECT holder FROM lane")).scalar_one() is None


def test_a_former_owner_releases_nothing(ledger: connect.Ledger) -> None:
    former = claim(ledger)
    claim(ledger)
    own(ledger).release([former])
    with ledger.reading() as connection:
        assert connection.execute(text("SELECT holder FROM lane")).scalar_one() is not None


def test_one_identity_never_stands_in_two_runs(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a"))
    begin(ledger, claim(ledger), first)
    second = register(ledger, messages("a", card="b"), identity("d2" * 32))
    assert states(ledger, second) == {}


@pytest.mark.parametrize("over", ["superseded", "cancelled"])
def test_what_could_go_again_in_a_run_that_is_over_is_cancelled(ledger: connect.Ledger, over: str) -> None:
    run = register(ledger, messages("a"))
    intent = begin(ledger, claim(ledger), run)
    with ledger.writing() as connection:
        connection.execute(text("UPDATE run SET state = :over"), {"over": over})
    lanes.Lanes(ledger).step([replace(outcome(intent, State.PENDING), unsent=True)], [])
    assert states(ledger, run) == {"a": "cancelled"}


def test_a_request_in_flight_while_a_plan_took_its_runs_place_is_not_forgotten(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a"))
    intent = begin(ledger, claim(ledger), first)
    plan = messages("a", card="b")
    second = register(ledger, plan, identity("d2" * 32))
    lanes.Lanes(ledger).step([replace(outcome(intent, State.PENDING), unsent=True)], [])
    register(ledger, plan, identity("d2" * 32))
    assert settle(ledger, second, plan) == 1
    assert states(ledger, second) == {"a": "pending"}
