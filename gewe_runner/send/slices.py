"""A worker's slice: one lane, one request after the other, until it has to wait for long; synchronous throughout.

While it has to wait it does nothing, and no thread with it: it says for how long, and whoever drives it comes back.

It decides with the same scheduler as the local engine. What that one keeps in memory as long as a send lasts (counts
in a row, waves, why something stopped), the ledger keeps here, since the next slice may run on another host.
"""

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from gewe_runner import errors, pace
from gewe_runner.exchange import Claim, Intent, Mark, NoIntent, Outcome, Part, Streaks, Want
from gewe_runner.model import Device, Pace, Refusals
from gewe_runner.pace import Usage
from gewe_runner.send import gates, letters, policy
from gewe_runner.send.letters import AHEAD, Gateway, Letter, Withdrawn
from gewe_runner.send.scheduler import TRIES, Job, Lane, Scheduler

#: A lane that somebody else has is looked at again after so long (milliseconds).
COME_BACK = 2_000

#: A lane whose intents become durable too late, time after time, is left alone for so long: the ledger or this host is
#: overloaded, and no other run or host has to stop for that (milliseconds).
RELIEF = 10_000

#: How long an outcome is offered to a ledger that refuses: longer than a database needs to be started again (seconds).
RESCUE = 120

#: How long a lane is offered to be handed over: without that the housekeeping comes back to it (seconds).
PARTING = 10

#: Says by a wave's outcomes, and the bad ones among them, why its run must stop; empty: it need not.
Judge = Callable[[int, int], str]


class Ledger(Protocol):
    """What a slice needs of a ledger."""

    def claim(self, device: str, app_id: str, *, now: int, midnight: int) -> Claim: ...
    def parts(self, device: str) -> list[Part]: ...
    def take(
        self, outcomes: Sequence[Outcome], wants: Sequence[Want], mark: Mark, judges: Mapping[str, Judge]
    ) -> list[Intent | NoIntent]: ...
    def stop(self, run: str, reason: str) -> None: ...
    def hand_over(self, claim: Claim, mark: Mark, closed: Mapping[str, str], due: int | None, now: int) -> bool: ...
    def come_back(self, device: str, at: int) -> None: ...


class Watch(Protocol):
    """Who is told how it goes."""

    def note(self, outcome: Outcome) -> None:
        """An outcome is durable."""

    def lost(self, outcome: Outcome) -> None:
        """An outcome is given up, since the ledger does not take it."""

    def fenced(self, device: str) -> None:
        """A lane was taken over by somebody else."""


class Lanes:
    """The lanes that this process works on; of a device it never works on two slices at once."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._called: set[str] = set()
        self._lock = threading.Lock()

    def busy(self) -> list[str]:
        with self._lock:
            return sorted(self._busy)

    def call(self, devices: Iterable[str]) -> None:
        """Let the slices of these devices end instead of waiting: there is something new for them to do."""
        with self._lock:
            self._called |= self._busy.intersection(devices)

    def called(self, device: str) -> bool:
        return device in self._called

    @contextlib.contextmanager
    def alone(self, device: str) -> Iterator[bool]:
        """Whether nobody else here works on the device, as long as the context lasts."""
        with self._lock:
            free = device not in self._busy
            self._busy.add(device)
            if free:
                self._called.discard(device)
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._busy.discard(device)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What all slices of a worker share."""

    ledger: Ledger
    gateway: Gateway
    refusals: Refusals
    watch: Watch
    #: The profile's devices, and the appId of each that the environment gives one.
    devices: Mapping[str, Device]
    app_ids: Mapping[str, str]
    #: The run's job for one device; waves, opening and window are put in by the slice.
    job: Callable[[str, Device], Job]
    #: UTC epoch milliseconds by the clock that all hosts share.
    now: Callable[[], int]
    #: Set: end after the message in flight. Set as well: give up what the ledger does not take.
    stop: threading.Event = field(default_factory=threading.Event)
    give_up: threading.Event = field(default_factory=threading.Event)
    lanes: Lanes = field(default_factory=Lanes)
    #: Asked about a device before a slice's first message: why its lane may not go on, empty if it may.
    offline: Callable[[str], str] | None = None
    #: A lane that waits no longer stays with its slice (milliseconds).
    linger: int = 30_000
    #: A slice ends after so many messages, so that other lanes get their turn.
    messages: int = 20


def work(device: str, tools: Tools) -> Generator[int, None, None]:
    """Send what the device may send now, then hand its lane over to the next slice.

    Yields:
        For how long to wait before it is driven on (milliseconds); it may go on sooner where it is to end.

    Raises:
        errors.LedgerError: the ledger refuses; the housekeeping comes back to the lane.
    """
    with tools.lanes.alone(device) as free:
        if not free:
            tools.ledger.come_back(device, tools.now() + COME_BACK)
            return
        settings = tools.devices.get(device)
        jobs = [_job(part, settings or _UNKNOWN, tools) for part in tools.ledger.parts(device)]
        try:
            now = tools.now()
            midnight = pace.day_start((settings or _UNKNOWN).pace, now)
            claim = tools.ledger.claim(device, tools.app_ids.get(device, ""), now=now, midnight=midnight)
        except errors.LaneHeldError:
            tools.ledger.come_back(device, tools.now() + COME_BACK)
            return
        slice_ = _Slice(_lane(device, settings, claim, jobs, tools), tools)
        try:
            yield from slice_.run()
        except GeneratorExit:
            # nobody drives it on, since the process is ending without its database: others take the lane over
            raise
        except BaseException:
            slice_.end()
            raise
        slice_.end()


_UNKNOWN = Device(name="", app_id=None, app_id_env=None, pace=Pace())


def _job(part: Part, device: Device, tools: Tools) -> Job:
    return replace(tools.job(part.run, device), waves=(part.limit,), opens=part.opens)


def _lane(device: str, settings: Device | None, claim: Claim, jobs: Sequence[Job], tools: Tools) -> Lane:
    streaks = claim.streaks
    lane = Lane(
        device=settings or replace(_UNKNOWN, name=device),
        app_id=tools.app_ids.get(device, ""),
        claim=claim,
        usage=Usage(last_start=claim.last_start, rested_at=claim.rested_at, today=claim.today, counted_at=tools.now()),
        jobs=jobs,
        failures_in_a_row=streaks.failures,
        unsent_in_a_row=streaks.unsent,
        withdrawn_in_a_row=streaks.withdrawn,
        stopped=claim.stopped,
    )
    if not lane.stopped and settings is None:
        lane.stopped = "the workers' profile has no such device"
    elif not lane.stopped and not lane.app_id:
        lane.stopped = "the workers' environment has no appId for it"
    return lane


class _Slice:
    """One lane while it is worked on."""

    def __init__(self, lane: Lane, tools: Tools) -> None:
        self._lane, self._tools = lane, tools
        now = tools.now()
        #: Of runs whose window is not open yet nothing is begun, but the lane has to come back for them.
        self._early = [job for job in lane.jobs if job.not_before > now]
        lane.jobs = [job for job in lane.jobs if job.not_before <= now]
        self._gates = {job.id: job.stop_when for job in lane.jobs}
        # a share is judged over the whole run, which only the ledger sees
        lane.jobs = [replace(job, stop_when=replace(job.stop_when, failure_percent=None)) for job in lane.jobs]
        self._scheduler = Scheduler(lanes=[lane])
        self._outcomes: list[Outcome] = []
        self._run = ""
        self._asked = False

    def run(self) -> Generator[int, None, None]:
        tools, scheduler = self._tools, self._scheduler
        scheduler.start(tools.now())
        begun = 0
        while True:
            now = tools.now()
            going = begun < tools.messages and not self._is_over()
            wants = scheduler.wants(now, ahead=AHEAD) if going else []
            if wants and self._ask(wants[0]):
                continue
            letter = self._step(wants)
            if letter is not None:
                begun += 1
                self._carry(letter)
                continue
            due = scheduler.next_due()
            if not going or due is None or due - tools.now() > tools.linger:
                return
            yield max(due - AHEAD - tools.now(), 0)

    def _is_over(self) -> bool:
        tools = self._tools
        return tools.stop.is_set() or bool(self._scheduler.stopped) or tools.lanes.called(self._lane.device.name)

    def _ask(self, want: Want) -> bool:
        """Before the slice's first message: look whether the device is offline."""
        if self._tools.offline is None or self._asked:
            return False
        self._asked = True
        self._scheduler.asked(want.device, self._tools.offline(want.device), self._tools.now())
        return True

    def end(self) -> None:
        """Hand the lane over, however the slice went."""
        tools, scheduler, claim = self._tools, self._scheduler, self._lane.claim
        overloaded = self._lane.withdrawn_in_a_row >= TRIES
        if overloaded:
            self._lane.withdrawn_in_a_row = 0
        elif scheduler.stopped and self._run:
            reason = "; ".join(filter(None, [scheduler.stopped, scheduler.hint]))
            self._insist(functools.partial(tools.ledger.stop, self._run, reason), PARTING)
        closed = {job.id: "its window (send.not_after) is over" for job in self._lane.jobs if scheduler.is_late(job.id)}
        now = tools.now()
        dues = [max(job.not_before, job.opens) for job in self._early]
        due = self._lane.due if scheduler.stopped else scheduler.next_due()
        if due is not None and not self._lane.stopped:
            dues.append(due + RELIEF if overloaded else due)
        held = self._insist(
            lambda: tools.ledger.hand_over(claim, self._mark(), closed, max(min(dues), now) if dues else None, now),
            PARTING,
        )
        if not held:
            tools.watch.fenced(claim.device)

    def _step(self, wants: list[Want]) -> Letter | None:
        """One transaction: the outcome that has come in, and the next intent."""
        if not self._outcomes and not wants:
            return None
        tools, asked = self._tools, letters.asked()
        judges = {
            run: functools.partial(gates.percent, limits)
            for run, limits in self._gates.items()
            if limits.failure_percent is not None
        }
        outcomes, self._outcomes = self._outcomes, []
        try:
            results = tools.ledger.take(outcomes, wants, self._mark(), judges)
        except errors.LedgerError:
            if outcomes:
                self._rescue(outcomes, judges)
            raise
        self._noted(outcomes)
        letter = None
        for want, result in zip(wants, results, strict=True):
            self._scheduler.began(want, result, tools.now())
            if isinstance(result, Intent):
                self._run = result.run
                letter = Letter(result, want.now, asked)
        return letter

    def _rescue(self, outcomes: Sequence[Outcome], judges: Mapping[str, Judge]) -> None:
        """Have the outcomes stored by themselves; if that cannot be either, let others know of them."""
        try:
            self._insist(lambda: self._tools.ledger.take(outcomes, [], self._mark(), judges))
        except errors.LedgerError:
            for outcome in outcomes:
                self._tools.watch.lost(outcome)
            raise
        self._noted(outcomes)

    def _carry(self, letter: Letter) -> None:
        tools = self._tools
        came = letters.carry(letter, tools.gateway, tools.app_ids, tools.now)
        if isinstance(came, Withdrawn):
            self._outcomes = [self._scheduler.withdrawn(came.intent, tools.now())]
        else:
            verdict = policy.classify(came.answer, tools.refusals)
            self._outcomes = [self._scheduler.answered(came.intent, verdict, came.started, came.ended)]

    def _noted(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self._tools.watch.note(outcome)

    def _mark(self) -> Mark:
        lane = self._lane
        streaks = Streaks(
            failures=lane.failures_in_a_row, unsent=lane.unsent_in_a_row, withdrawn=lane.withdrawn_in_a_row
        )
        return Mark(device=lane.device.name, epoch=lane.claim.epoch, streaks=streaks, stopped=lane.stopped)

    def _insist(self, write: Callable[[], bool | list[Intent | NoIntent] | None], patience: float = RESCUE) -> bool:
        """Write until the ledger takes it, or for as long as a database can be away; what `write` gave.

        What is not recorded stays `sending`, and whoever claims the lane next makes `unknown` of it.
        """
        give_up = time.monotonic() + patience
        while True:
            try:
                return write() is not False
            except errors.LedgerError:
                if time.monotonic() > give_up or self._tools.give_up.wait(0.5):
                    raise
