"""Decides which lane sends next, and what an answer means for its lane and run; time is handed in.

A lane is one device's queue with strictly one request at a time. Nothing here sleeps, sends or stores:
`local` carries out what is decided, and tests run years of it in a moment.
"""

import heapq
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gewe_runner import pace
from gewe_runner.exchange import Claim, Intent, NoIntent, Outcome, Want
from gewe_runner.model import Device, Pace, State, StopWhen
from gewe_runner.pace import Usage
from gewe_runner.send import gates
from gewe_runner.send.policy import LaneEffect, RunEffect, Verdict

#: Requests that never left are begun so often before the run stops.
TRIES = 3

#: The pause before the second try, in milliseconds; doubled for each further one, ±20 %.
BACKOFF = 1_000

_NO_LIMIT = pace.NEVER


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A run to be carried out, as far as the scheduler has to know it."""

    id: str
    #: The pace of each device while it sends for this run: the profile's, tightened by the campaign.
    paces: Mapping[str, Pace]
    stop_when: StopWhen = field(default_factory=StopWhen)
    #: The window, in UTC epoch milliseconds.
    not_before: int = 0
    not_after: int = _NO_LIMIT
    #: The last `seq` of each wave that is not over yet; the last one lets everything through.
    waves: tuple[int, ...] = (_NO_LIMIT,)
    #: The pause between two waves, in milliseconds.
    wave_wait: int = 0
    #: When the first of the waves may begin (UTC epoch milliseconds).
    opens: int = 0
    #: Messages that each device has pending; None: not known.
    pending: Mapping[str, int] | None = None


@dataclass(kw_only=True, slots=True)
class Lane:
    """One device's queue as this process drives it."""

    device: Device
    app_id: str
    claim: Claim
    usage: Usage
    #: The runs that have messages for the device, in their order.
    jobs: Sequence[Job]
    busy: bool = False
    due: int = 0
    failures_in_a_row: int = 0
    #: Requests in a row that did not leave.
    unsent_in_a_row: int = 0
    #: Intents in a row whose requests were held back.
    withdrawn_in_a_row: int = 0
    #: Why the lane begins nothing more though it has messages; empty while it goes on.
    stopped: str = ""


@dataclass(kw_only=True, slots=True)
class _Progress:
    """How far a job is."""

    job: Job
    #: The devices that send for it, and those among them that have nothing left within its wave.
    devices: set[str]
    empty: set[str] = field(default_factory=set)
    #: Messages that each device still has to bring to an end. The ledger is the judge of that, but it can be asked
    #: only when the pace lets the next message go, and nobody shall wait a night to hear that all is done.
    left: dict[str, int] = field(default_factory=dict)
    #: The devices whose next message would come after the window.
    late: set[str] = field(default_factory=set)
    wave: int = 0
    #: When the wave may begin.
    opens: int = 0
    #: Outcomes of the wave, and the bad ones among them.
    outcomes: int = 0
    bad: int = 0
    stopped: str = ""


@dataclass(kw_only=True)
class Scheduler:
    """Everything that decides about a send, and nothing that carries it out.

    Args:
        lanes: The claimed lanes.
        limit: Begin at most so many messages.
        until: Begin nothing after that time, in UTC epoch milliseconds.
        draw: Gives a random number between two others; the gaps are drawn with it.
    """

    lanes: Iterable[Lane]
    limit: int = _NO_LIMIT
    until: int = _NO_LIMIT
    draw: Callable[[float, float], float] = random.uniform
    #: Why the whole send stopped, with what to do; empty while it goes on.
    stopped: str = ""
    hint: str = ""
    _lanes: dict[str, Lane] = field(default_factory=dict)
    _jobs: dict[str, _Progress] = field(default_factory=dict)
    _queue: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for lane in self.lanes:
            self._lanes[lane.device.name] = lane
            for job in lane.jobs:
                progress = self._jobs.setdefault(job.id, _Progress(job=job, devices=set()))
                progress.devices.add(lane.device.name)
                progress.left = dict(job.pending or {})

    def start(self, now: int) -> None:
        """Put every lane into the queue for its first message."""
        for progress in self._jobs.values():
            progress.opens = progress.job.opens
            if progress.job.not_before > now:
                progress.stopped = "its window (send.not_before) is not open yet"
            for device in [device for device, left in progress.left.items() if not left]:
                self._emptied(progress, device, now)
        for lane in self._lanes.values():
            self._plan(lane, now)

    def next_due(self) -> int | None:
        """When the next lane may send; None when none will."""
        if self.stopped or self.limit <= 0:
            return None
        while self._queue:
            due, device = self._queue[0]
            lane = self._lanes[device]
            if lane.due == due and not lane.busy and not lane.stopped:
                if due <= self.until:
                    return due
                self._expire()
                return None
            heapq.heappop(self._queue)
        return None

    def wants(self, now: int, *, ahead: int = 0, room: int = _NO_LIMIT) -> list[Want]:
        """The lanes that may send now, the longest due first; each is busy until `began` says otherwise.

        Args:
            ahead: Ask also for those that are due so soon (milliseconds): their requests have to wait until then.
            room: At most so many.
        """
        found: list[Want] = []
        while len(found) < min(self.limit, room):
            due = self.next_due()
            if due is None or due > now + ahead:
                break
            lane = self._lanes[heapq.heappop(self._queue)[1]]
            start = max(due, now)
            job = self._next_job(lane, start)
            if job is None:
                self._plan(lane, start)
                continue
            lane.busy = True
            found.append(
                Want(
                    device=lane.device.name,
                    app_id=lane.app_id,
                    epoch=lane.claim.epoch,
                    run=job.id,
                    limit=job.waves[self._jobs[job.id].wave],
                    now=start,
                    next_at=start + pace.interval(job.paces[lane.device.name]),
                )
            )
        return found

    def asked(self, device: str, stopped: str, now: int) -> None:
        """Let a lane go on whose want was held back to ask about its device, unless something speaks against it."""
        lane = self._lanes[device]
        turn, lane.busy, lane.stopped = lane.due, False, lane.stopped or stopped
        self._plan(lane, now)
        if lane.due == now <= self.until:
            # it keeps its turn before lanes that have not been asked about: a limit may leave one message only
            lane.due = turn
            heapq.heappush(self._queue, (turn, device))

    def began(self, want: Want, result: Intent | NoIntent, now: int) -> None:
        """Take note of what the ledger made of a want."""
        lane = self._lanes[want.device]
        if isinstance(result, Intent):
            self.limit -= 1
            lane.usage = _counted(lane, want.now)
            return
        lane.busy = False
        if result is NoIntent.FENCED:
            lane.stopped = "another process has taken the device over"
            return
        if result is NoIntent.CLOSED:
            self._jobs[want.run].stopped = "somebody paused or cancelled it, or sent a newer plan"
        self._emptied(self._jobs[want.run], want.device, now)
        self._plan(lane, now)

    def answered(self, intent: Intent, verdict: Verdict, started: int, ended: int) -> Outcome:
        """Judge an answer: what the message is now, when its lane goes on, and whether it does at all.

        Args:
            started, ended: When the request really left and was over.
        """
        lane, settings = self._lanes[intent.device], self._pace(intent)
        lane.busy, lane.withdrawn_in_a_row = False, 0
        rest = 0
        if verdict.retry:
            self.limit += 1
            lane.usage = replace(lane.usage, rested_at=ended + self._backoff(lane), today=lane.usage.today - 1)
        else:
            gap = self.draw(*settings.gap_seconds) if settings.gap_seconds else 0
            lane.usage = replace(lane.usage, last_start=started, rested_at=ended + round(gap * 1000))
        if verdict.lane is LaneEffect.REST and settings.cool_down_minutes:
            rest = ended + round(settings.cool_down_minutes * pace.MINUTE)
            lane.usage = replace(lane.usage, rested_at=rest)
        progress = self._jobs[intent.run]
        self._judge(lane, progress, verdict)
        if verdict.state is not State.PENDING and intent.device in progress.left:
            progress.left[intent.device] -= 1
            if progress.left[intent.device] <= 0:
                self._emptied(progress, intent.device, ended)
        self._plan(lane, ended)
        return Outcome(
            intent=intent,
            state=verdict.state,
            unsent=verdict.retry,
            reason=verdict.reason,
            text=verdict.text,
            msg_id=verdict.msg_id,
            new_msg_id=verdict.new_msg_id,
            create_time=verdict.create_time,
            ended_at=ended,
            took=ended - started,
            next_at=max(lane.usage.rested_at, started + pace.interval(settings)),
            resting_until=rest,
        )

    def withdrawn(self, intent: Intent, now: int) -> Outcome:
        """The outcome of an intent whose request is not let go, since it became durable too late."""
        lane = self._lanes[intent.device]
        self.limit += 1
        lane.withdrawn_in_a_row += 1
        if lane.withdrawn_in_a_row >= TRIES and not self.stopped:
            self.stopped = "the ledger takes too long to write: what it confirms late is not sent"
            self.hint = "look at its disk or its server, then run the same command again"
        lane.busy = False
        lane.usage = replace(lane.usage, rested_at=now + pace.interval(self._pace(intent)), today=lane.usage.today - 1)
        self._plan(lane, now)
        return Outcome(
            intent=intent,
            state=State.PENDING,
            unsent=True,
            reason="held back: this process was not running for a while",
            ended_at=now,
            next_at=lane.usage.rested_at,
        )

    def dropped(self, intent: Intent, now: int) -> Outcome:
        """The outcome of a request that nobody waits for any longer."""
        return Outcome(
            intent=intent,
            state=State.UNKNOWN,
            reason="the sender was ended while the request was in flight",
            ended_at=now,
            next_at=now + pace.interval(self._pace(intent)),
        )

    def stops(self) -> dict[str, str]:
        """Why lanes and runs stopped, by the device's name or the run's id."""
        found = {name: lane.stopped for name, lane in self._lanes.items() if lane.stopped}
        for run, progress in self._jobs.items():
            if progress.stopped:
                found[run] = progress.stopped
            elif progress.late:
                found[run] = f"its window (send.not_after) is over for {', '.join(sorted(progress.late))}"
        return found

    def is_late(self, run: str) -> bool:
        """Whether the window of the run is over before some lane may send again for it."""
        return bool(self._jobs[run].late)

    def _expire(self) -> None:
        self.stopped = "the time for this send (--until, --for) is over before the next message may go"
        self.hint = "run the same command again to go on"

    def _plan(self, lane: Lane, now: int) -> None:
        """Put the lane into the queue for the time at which it may send next."""
        if lane.busy or lane.stopped:
            return
        for job in self._waiting(lane):
            if self._start(lane, job, now) > job.not_after:
                self._jobs[job.id].late.add(lane.device.name)
        starts = [self._start(lane, job, now) for job in self._waiting(lane)]
        if starts:
            lane.due = min(starts)
            heapq.heappush(self._queue, (lane.due, lane.device.name))

    def _waiting(self, lane: Lane) -> list[Job]:
        """The jobs that may still have a message for the lane in their wave."""
        return [
            job
            for job in lane.jobs
            if not (progress := self._jobs[job.id]).stopped and lane.device.name not in progress.empty | progress.late
        ]

    def _start(self, lane: Lane, job: Job, now: int) -> int:
        earliest = max(now, self._jobs[job.id].opens)
        return pace.next_start(job.paces[lane.device.name], lane.usage, earliest)

    def _next_job(self, lane: Lane, now: int) -> Job | None:
        """The first of the jobs that may send now."""
        return next((job for job in self._waiting(lane) if self._start(lane, job, now) <= now), None)

    def _emptied(self, progress: _Progress, device: str, now: int) -> None:
        """A device has nothing left within the wave; after the last one has said so the next wave begins.

        A device whose lane has stopped never says so: what it left undone holds the next wave back.
        """
        progress.empty.add(device)
        if progress.empty != progress.devices or progress.wave + 1 >= len(progress.job.waves):
            return
        progress.wave += 1
        progress.opens = now + progress.job.wave_wait
        progress.outcomes = progress.bad = 0
        progress.empty = {name for name, left in progress.left.items() if left <= 0}
        for name in progress.devices - {device}:
            self._plan(self._lanes[name], now)

    def _pace(self, intent: Intent) -> Pace:
        return self._jobs[intent.run].job.paces[intent.device]

    def _backoff(self, lane: Lane) -> int:
        return round(BACKOFF * 2.0**lane.unsent_in_a_row * self.draw(0.8, 1.2))

    def _judge(self, lane: Lane, progress: _Progress, verdict: Verdict) -> None:
        """Stop what has to stop: the send, the run or the lane."""
        said = f"{verdict.reason}: {verdict.text}" if verdict.text else verdict.reason
        if verdict.retry:
            lane.unsent_in_a_row += 1
            if lane.unsent_in_a_row >= TRIES and not self.stopped:
                self.stopped = f"the gateway cannot be reached ({said})"
                self.hint = "check the gateway's address and the network, then run the same command again"
            return
        lane.unsent_in_a_row = 0
        if verdict.run is RunEffect.STOP and not self.stopped:
            self.stopped = said
            self.hint = verdict.hint
        rests = verdict.lane is LaneEffect.REST and progress.job.paces[lane.device.name].cool_down_minutes
        if verdict.lane is not LaneEffect.GO_ON and not rests:
            lane.stopped = said
        if verdict.state is not State.PENDING:
            self._count(lane, progress, bad=verdict.state is not State.SENT)

    def _count(self, lane: Lane, progress: _Progress, *, bad: bool) -> None:
        """The gates: too many failures in a row stop the lane, too large a share of them the run."""
        limits = progress.job.stop_when
        lane.failures_in_a_row = lane.failures_in_a_row + 1 if bad else 0
        progress.outcomes += 1
        progress.bad += bad
        lane.stopped = lane.stopped or gates.in_a_row(limits, lane.failures_in_a_row)
        progress.stopped = progress.stopped or gates.percent(limits, progress.outcomes, progress.bad)


def _counted(lane: Lane, now: int) -> Usage:
    """The lane's usage with a request that begins now."""
    settings = lane.device.pace
    same_day = pace.day_start(settings, now) == pace.day_start(settings, lane.usage.counted_at)
    return replace(lane.usage, last_start=now, counted_at=now, today=(lane.usage.today if same_day else 0) + 1)
