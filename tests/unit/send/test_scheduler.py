"""Who sends when, and what an answer means for its lane and run; hours pass in a loop, not on a clock."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from gewe_runner.exchange import Claim, Intent, NoIntent, Outcome, Want
from gewe_runner.model import UNLIMITED, Device, Pace, State, StopWhen
from gewe_runner.pace import Usage
from gewe_runner.send.policy import LaneEffect, RunEffect, Verdict
from gewe_runner.send.scheduler import TRIES, Job, Lane, Scheduler

NOON = 1_796_097_600_000
SECOND, MINUTE = 1_000, 60_000
LATENCY = 300

SENT = Verdict(state=State.SENT, reason="sent")
REJECTED = Verdict(state=State.REJECTED, reason="refused", text="no")
UNKNOWN = Verdict(state=State.UNKNOWN, reason="no clear answer: timeout")
OFFLINE = Verdict(state=State.PENDING, lane=LaneEffect.STOP, reason="device offline or unknown", text="微信已离线")
OFTEN = Verdict(state=State.PENDING, lane=LaneEffect.REST, reason="too often", text="操作过于频繁")
TOKEN = Verdict(state=State.PENDING, run=RunEffect.STOP, reason="token refused", text="不可用或已过期")
UNSENT = Verdict(state=State.PENDING, retry=True, reason="not sent: connect", text="refused")


def lane(name: str, jobs: Sequence[Job], *, pace: Pace = UNLIMITED, usage: Usage | None = None) -> Lane:
    claim = Claim(device=name, epoch=1, last_start=None, rested_at=0, today=0, orphans=0)
    device = Device(name=name, app_id=f"wx_{name}", app_id_env=None, pace=pace)
    return Lane(device=device, app_id=f"wx_{name}", claim=claim, usage=usage or Usage(), jobs=jobs)


def job(run: str = "run", *, paces: Mapping[str, Pace], **more: Any) -> Job:
    return Job(id=run, paces=paces, **more)


@dataclass
class World:
    """A gateway and a ledger without either: queues of messages, answers by a function, time in jumps."""

    #: (run, device) → the seqs that are still to be sent.
    queues: dict[tuple[str, str], list[int]]
    answer: Callable[[Intent], Verdict] = lambda _: SENT
    now: int = NOON
    #: (device, when it began, run, seq)
    begun: list[tuple[str, int, str, int]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self, scheduler: Scheduler, most: int = 100_000) -> "World":
        scheduler.start(self.now)
        for _ in range(most):
            due = scheduler.next_due()
            if due is None:
                return self
            self.now = max(self.now, due)
            for want in scheduler.wants(self.now):
                self._begin(scheduler, want)
        raise AssertionError("the scheduler does not come to an end")

    def _begin(self, scheduler: Scheduler, want: Want) -> None:
        queue = self.queues.get((want.run, want.device), [])
        if not queue or queue[0] > want.limit:
            scheduler.began(want, NoIntent.EMPTY, self.now)
            return
        seq = queue.pop(0)
        intent = Intent(
            message_id=seq, attempt_id=len(self.begun), run=want.run, seq=seq, to_wxid=f"wxid_{seq}",
            device=want.device, epoch=want.epoch, payload="{}",
        )  # fmt: skip
        self.begun.append((want.device, self.now, want.run, seq))
        scheduler.began(want, intent, self.now)
        outcome = scheduler.answered(intent, self.answer(intent), self.now, self.now + LATENCY)
        self.outcomes.append(outcome)
        if outcome.state is State.PENDING:
            queue.insert(0, seq)

    def times(self, device: str) -> list[int]:
        return [at for name, at, _, _ in self.begun if name == device]

    def seqs(self, run: str = "run") -> list[int]:
        return [seq for _, _, of, seq in self.begun if of == run]


def one_lane(pace: Pace = UNLIMITED, **more: Any) -> Scheduler:
    return Scheduler(lanes=[lane("east", [job(paces={"east": pace}, **more)], pace=pace)])


def test_a_lane_sends_in_order_until_nothing_is_left() -> None:
    scheduler = one_lane()
    world = World({("run", "east"): [1, 2, 3]}).run(scheduler)
    assert world.seqs() == [1, 2, 3]
    assert (scheduler.stopped, scheduler.stops()) == ("", {})


def test_messages_are_spaced_evenly_not_in_bursts() -> None:
    ten = replace(UNLIMITED, per_minute=10)
    times = World({("run", "east"): [*range(1, 31)]}).run(one_lane(ten)).times("east")
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {6 * SECOND}


def test_the_gap_is_drawn_anew_after_every_message() -> None:
    draws = iter([2.0, 5.0, 3.0])
    paced = replace(UNLIMITED, gap_seconds=(2, 5))
    scheduler = Scheduler(lanes=[lane("east", [job(paces={"east": paced})], pace=paced)], draw=lambda *_: next(draws))
    times = World({("run", "east"): [1, 2, 3]}).run(scheduler).times("east")
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [2_300, 5_300]


def test_what_another_process_sent_today_counts() -> None:
    daily = replace(UNLIMITED, per_day=3, timezone="UTC")
    scheduler = Scheduler(
        lanes=[lane("east", [job(paces={"east": daily})], pace=daily, usage=Usage(today=2, counted_at=NOON))]
    )
    times = World({("run", "east"): [1, 2]}).run(scheduler).times("east")
    assert times[1] - times[0] > 3 * 3_600_000


@hypothesis.given(
    per_minute=st.integers(1, 30),
    per_half_hour=st.integers(1, 300),
    per_day=st.integers(1, 400),
    count=st.integers(2, 300),
)
@hypothesis.settings(max_examples=30)
def test_no_window_of_any_length_holds_more_than_is_allowed(
    per_minute: int, per_half_hour: int, per_day: int, count: int
) -> None:
    settings = Pace(
        per_minute=per_minute, per_half_hour=per_half_hour, per_day=per_day, quiet_hours=None, timezone="UTC"
    )
    times = World({("run", "east"): [*range(1, count + 1)]}).run(one_lane(settings)).times("east")
    assert len(times) == count
    for length, most in ((MINUTE, per_minute), (30 * MINUTE, per_half_hour)):
        for first, at in enumerate(times):
            assert sum(at <= other < at + length for other in times[first : first + most + 1]) <= most
    days: defaultdict[int, int] = defaultdict(int)
    for at in times:
        days[at // 86_400_000] += 1
    assert max(days.values()) <= per_day


def test_lanes_do_not_wait_for_each_other() -> None:
    slow = replace(UNLIMITED, per_minute=1)
    paces = {"east": slow, "west": UNLIMITED}
    both = job(paces=paces)
    scheduler = Scheduler(lanes=[lane(name, [both], pace=pace) for name, pace in paces.items()])
    world = World({("run", "east"): [1, 3], ("run", "west"): [2, 4, 5]}).run(scheduler)
    assert world.times("west")[-1] < world.times("east")[-1]


def test_the_limit_is_kept_over_all_lanes() -> None:
    paces = {"east": UNLIMITED, "west": UNLIMITED}
    scheduler = Scheduler(lanes=[lane(name, [job(paces=paces)]) for name in paces], limit=3)
    world = World({("run", "east"): [1, 2, 3], ("run", "west"): [4, 5, 6]}).run(scheduler)
    assert len(world.begun) == 3
    assert scheduler.stops() == {}


def test_a_refused_token_stops_everything() -> None:
    scheduler = one_lane()
    world = World({("run", "east"): [1, 2]}, answer=lambda _: TOKEN).run(scheduler)
    assert world.seqs() == [1]
    assert "token refused" in scheduler.stopped
    assert world.outcomes[0].state is State.PENDING


def test_an_offline_device_stops_its_lane_alone() -> None:
    paces = {"east": UNLIMITED, "west": UNLIMITED}
    scheduler = Scheduler(lanes=[lane(name, [job(paces=paces)]) for name in paces])
    world = World(
        {("run", "east"): [1, 2], ("run", "west"): [3, 4]},
        answer=lambda intent: OFFLINE if intent.device == "east" else SENT,
    ).run(scheduler)
    assert world.seqs() == [1, 3, 4]
    assert list(scheduler.stops()) == ["east"]


def test_too_often_rests_the_device_without_probing_and_goes_on_after_it() -> None:
    cool = replace(UNLIMITED, cool_down_minutes=60)
    answers = iter([OFTEN, SENT])
    world = World({("run", "east"): [1]}, answer=lambda _: next(answers)).run(one_lane(cool))
    first, second = world.times("east")
    assert second - first == 60 * MINUTE + LATENCY
    assert world.outcomes[0].resting_until == second


def test_too_often_stops_a_lane_that_has_no_cool_down() -> None:
    scheduler = one_lane()
    World({("run", "east"): [1]}, answer=lambda _: OFTEN).run(scheduler)
    assert "too often" in scheduler.stops()["east"]


def test_a_request_that_never_left_is_tried_three_times_with_growing_pauses() -> None:
    scheduler = one_lane()
    scheduler.draw = lambda *_: 1.0
    world = World({("run", "east"): [1]}, answer=lambda _: UNSENT).run(scheduler)
    first, second, third = world.times("east")
    assert (second - first, third - second) == (SECOND + LATENCY, 2 * SECOND + LATENCY)
    assert len(world.outcomes) == TRIES
    assert all(outcome.unsent and outcome.state is State.PENDING for outcome in world.outcomes)
    assert "cannot be reached" in scheduler.stopped


def test_an_answer_in_between_starts_the_count_of_tries_anew() -> None:
    answers = iter([UNSENT, UNSENT, SENT, UNSENT, UNSENT, SENT])
    scheduler = one_lane()
    world = World({("run", "east"): [1, 2]}, answer=lambda _: next(answers)).run(scheduler)
    assert [outcome.state for outcome in world.outcomes].count(State.SENT) == 2
    assert not scheduler.stopped


@pytest.mark.parametrize("bad", [REJECTED, UNKNOWN])
def test_failures_in_a_row_stop_their_lane(bad: Verdict) -> None:
    scheduler = one_lane(stop_when=StopWhen(failures_in_a_row=3))
    world = World({("run", "east"): [*range(1, 10)]}, answer=lambda _: bad).run(scheduler)
    assert world.seqs() == [1, 2, 3]
    assert "3 failures in a row" in scheduler.stops()["east"]


def test_a_success_ends_a_row_of_failures() -> None:
    scheduler = one_lane(stop_when=StopWhen(failures_in_a_row=3))
    World({("run", "east"): [*range(1, 10)]}, answer=lambda i: SENT if i.seq % 3 == 0 else REJECTED).run(scheduler)
    assert scheduler.stops() == {}


def test_too_large_a_share_of_failures_stops_the_run_from_twenty_outcomes_on() -> None:
    gates = StopWhen(failures_in_a_row=None, failure_percent=10)
    scheduler = one_lane(stop_when=gates)
    world = World({("run", "east"): [*range(1, 50)]}, answer=lambda i: REJECTED if i.seq in (3, 7) else SENT).run(
        scheduler
    )
    assert len(world.begun) == 20
    assert "10 % of the wave failed" in scheduler.stops()["run"]


def test_a_window_that_is_not_open_yet_is_not_waited_for() -> None:
    scheduler = one_lane(not_before=NOON + MINUTE)
    world = World({("run", "east"): [1]}).run(scheduler)
    assert world.begun == []
    assert "not open yet" in scheduler.stops()["run"]


def test_a_send_is_over_with_its_last_message_and_not_when_the_pace_allows_another() -> None:
    daily = replace(UNLIMITED, per_day=2, timezone="UTC")
    scheduler = one_lane(daily, pending={"east": 2}, not_after=NOON + MINUTE)
    scheduler.until = NOON + MINUTE
    world = World({("run", "east"): [1, 2]}).run(scheduler)
    assert world.now - NOON < MINUTE
    assert (len(world.begun), scheduler.stopped, scheduler.stops()) == (2, "", {})


def test_a_device_that_has_only_to_account_for_a_dead_sender_is_done_at_once() -> None:
    scheduler = one_lane(replace(UNLIMITED, per_minute=1), pending={"east": 0})
    assert World({}).run(scheduler).now == NOON


def test_waves_go_on_when_a_device_has_nothing_in_the_later_ones() -> None:
    paces = {"east": UNLIMITED, "west": UNLIMITED}
    waved = job(paces=paces, waves=(2, 4, 6), wave_wait=MINUTE, pending={"east": 1, "west": 5})
    scheduler = Scheduler(lanes=[lane(name, [waved]) for name in paces])
    world = World({("run", "east"): [1], ("run", "west"): [2, 3, 4, 5, 6]}).run(scheduler)
    assert sorted(world.seqs()) == [1, 2, 3, 4, 5, 6]


def test_nothing_begins_after_not_after() -> None:
    scheduler = one_lane(replace(UNLIMITED, per_minute=1), not_after=NOON + 90 * SECOND)
    world = World({("run", "east"): [1, 2, 3]}).run(scheduler)
    assert world.times("east") == [NOON, NOON + MINUTE]
    assert "window" in scheduler.stops()["run"]


def test_nothing_begins_after_the_time_that_was_given() -> None:
    scheduler = one_lane(replace(UNLIMITED, per_minute=1))
    scheduler.until = NOON + 90 * SECOND
    world = World({("run", "east"): [1, 2, 3]}).run(scheduler)
    assert world.times("east") == [NOON, NOON + MINUTE]
    assert "--until" in scheduler.stopped


def test_a_run_whose_window_is_shut_does_not_hold_up_the_next() -> None:
    later = job("later", paces={"east": UNLIMITED}, not_before=NOON + MINUTE)
    at_once = job("now", paces={"east": UNLIMITED})
    scheduler = Scheduler(lanes=[lane("east", [later, at_once])])
    world = World({("later", "east"): [1], ("now", "east"): [1]}).run(scheduler)
    assert [run for _, _, run, _ in world.begun] == ["now"]
    assert list(scheduler.stops()) == ["later"]


def test_a_wave_begins_when_the_one_before_is_over_on_every_device() -> None:
    slow = replace(UNLIMITED, per_minute=1)
    paces = {"east": slow, "west": UNLIMITED}
    waved = job(paces=paces, waves=(4, 8), wave_wait=10 * MINUTE)
    scheduler = Scheduler(lanes=[lane(name, [waved], pace=pace) for name, pace in paces.items()])
    world = World({("run", "east"): [1, 3, 5, 7], ("run", "west"): [2, 4, 6, 8]}).run(scheduler)
    ends = max(at for _, at, _, seq in world.begun if seq <= 4)
    begins = min(at for _, at, _, seq in world.begun if seq > 4)
    assert sorted(world.seqs()) == [*range(1, 9)]
    assert begins - ends >= 10 * MINUTE


def test_a_stopped_lane_holds_the_next_wave_back() -> None:
    paces = {"east": UNLIMITED, "west": UNLIMITED}
    waved = job(paces=paces, waves=(2, 4))
    scheduler = Scheduler(lanes=[lane(name, [waved]) for name in paces])
    world = World(
        {("run", "east"): [1, 3], ("run", "west"): [2, 4]},
        answer=lambda intent: OFFLINE if intent.device == "east" else SENT,
    ).run(scheduler)
    assert world.seqs() == [1, 2]


def test_the_share_of_failures_is_judged_wave_by_wave() -> None:
    gates = StopWhen(failures_in_a_row=None, failure_percent=50)
    scheduler = one_lane(stop_when=gates, waves=(15, 60))
    world = World({("run", "east"): [*range(1, 61)]}, answer=lambda i: REJECTED if i.seq <= 15 else SENT).run(scheduler)
    assert len(world.begun) == 60


def test_a_lane_taken_over_by_another_process_begins_nothing_more() -> None:
    scheduler = one_lane()
    scheduler.start(NOON)
    (want,) = scheduler.wants(NOON)
    scheduler.began(want, NoIntent.FENCED, NOON)
    assert scheduler.next_due() is None
    assert "another process" in scheduler.stops()["east"]


def test_a_run_that_somebody_paused_stops_and_says_so() -> None:
    scheduler = one_lane()
    scheduler.start(NOON)
    (want,) = scheduler.wants(NOON)
    scheduler.began(want, NoIntent.CLOSED, NOON)
    assert scheduler.next_due() is None
    assert "paused" in scheduler.stops()["run"]


def test_a_busy_lane_begins_nothing() -> None:
    scheduler = one_lane()
    scheduler.start(NOON)
    assert len(scheduler.wants(NOON)) == 1
    assert scheduler.wants(NOON + MINUTE) == []
