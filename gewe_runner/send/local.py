"""The local engine: one loop that decides and records, and threads that do nothing but wait for answers.

The loop is the ledger's only writer. Each round it puts the outcomes that have come in and the intents of
the lanes that are due into one transaction, so that durability is paid once for all of them; a lane that
waits is an entry in a heap.
"""

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gewe_runner import errors
from gewe_runner.exchange import Claim, Intent, NoIntent, Outcome, Want
from gewe_runner.model import Refusals, State
from gewe_runner.send import policy
from gewe_runner.send.answers import Answer
from gewe_runner.send.scheduler import Scheduler

#: A holder says so often that it is alive, in milliseconds.
HEARTBEAT = 5_000

#: An intent that took longer than this to become durable is not sent: somebody may have taken the lane over
#: while this process was frozen (seconds).
STALE_INTENT = 1.5

#: Requests that can be under way at once.
MOST_THREADS = 512


class Ledger(Protocol):
    """What the engine needs of a ledger."""

    def step(self, outcomes: Iterable[Outcome], wants: Sequence[Want]) -> list[Intent | NoIntent]: ...
    def heartbeat(self, now: int) -> None: ...
    def release(self, claims: Iterable[Claim]) -> None: ...


class Watch(Protocol):
    """Who is told how it goes."""

    def note(self, outcome: Outcome) -> None:
        """An outcome is durable."""

    def wait(self, until: int) -> None:
        """Nothing is in flight, and nothing is begun before that time (UTC epoch milliseconds)."""


class Gateway(Protocol):
    """What the engine needs of the gateway's client; `post` never raises."""

    def post(self, body: bytes) -> Answer: ...


@dataclass(frozen=True, slots=True)
class _Answered:
    intent: Intent
    answer: Answer
    started: int
    ended: int


class Stop:
    """A request to end: once, what is in flight is waited for; twice, it is dropped."""

    def __init__(self) -> None:
        self.asked = 0
        #: Whether an engine is there that heeds it.
        self.listening = False
        #: Answers, wake-up calls (None) and bugs; a SimpleQueue may be put to from a signal handler.
        self.inbox: queue.SimpleQueue[_Answered | Exception | None] = queue.SimpleQueue()

    def pause(self, why: errors.GeweRunnerError) -> None:
        """Wait a moment before trying again.

        Raises:
            errors.GeweRunnerError: `why`, when somebody asks to end meanwhile.
        """
        self.listening = True
        with contextlib.suppress(queue.Empty):
            self.inbox.get(timeout=1)
        if self.asked:
            raise why

    def ask(self) -> None:
        self.asked += 1
        self.inbox.put(None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """The parts that a send is carried out with."""

    ledger: Ledger
    gateway: Gateway
    #: Each device's appId by its name.
    app_ids: Mapping[str, str]
    refusals: Refusals
    stop: Stop
    watch: Watch
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000


@dataclass(kw_only=True, slots=True)
class Tally:
    """What an execution came to."""

    #: Outcomes of any kind.
    attempted: int = 0
    #: Messages left rejected or unknown.
    bad: int = 0


def deliver(scheduler: Scheduler, engine: Engine) -> Tally:
    """Send until nothing may be sent any more; `scheduler` says afterwards why it ended."""
    tally = Tally()
    engine.stop.listening = True
    pool = _Pool(engine)
    flying: dict[int, Intent] = {}
    beat = engine.now()
    scheduler.start(beat)
    answered: list[_Answered] = []
    while True:
        now = engine.now()
        outcomes = [_judge(scheduler, engine, one) for one in answered]
        for outcome in outcomes:
            del flying[outcome.intent.message_id]
        if engine.stop.asked > 1:
            outcomes += [scheduler.dropped(intent, now) for intent in flying.values()]
            flying.clear()
        wants = [] if engine.stop.asked else scheduler.wants(now)
        for intent in _step(scheduler, engine, outcomes, wants):
            flying[intent.message_id] = intent
            pool.send(intent, len(flying))
        for outcome in outcomes:
            tally.attempted += 1
            tally.bad += outcome.state in (State.REJECTED, State.UNKNOWN)
            engine.watch.note(outcome)
        due = None if engine.stop.asked else scheduler.next_due()
        if not flying and due is None:
            return tally
        if now - beat >= HEARTBEAT:
            beat = now
            engine.ledger.heartbeat(now)
        if not flying and due is not None:
            engine.watch.wait(due)
        answered = _wait(engine.stop.inbox, min(due or now + HEARTBEAT, beat + HEARTBEAT) - engine.now())


def _judge(scheduler: Scheduler, engine: Engine, one: _Answered) -> Outcome:
    verdict = policy.classify(one.answer, engine.refusals)
    return scheduler.answered(one.intent, verdict, one.started, one.ended)


def _step(scheduler: Scheduler, engine: Engine, outcomes: list[Outcome], wants: list[Want]) -> list[Intent]:
    """One transaction of the ledger; the intents whose requests may leave now."""
    if not outcomes and not wants:
        return []
    before = time.clock_gettime(_CLOCK)
    results = engine.ledger.step(outcomes, wants)
    now = engine.now()
    for want, result in zip(wants, results, strict=True):
        scheduler.began(want, result, now)
    intents = [result for result in results if isinstance(result, Intent)]
    if intents and time.clock_gettime(_CLOCK) - before > STALE_INTENT:
        engine.ledger.step([scheduler.withdrawn(intent, now) for intent in intents], [])
        return []
    return intents


def _wait(inbox: "queue.SimpleQueue[_Answered | Exception | None]", milliseconds: int) -> list[_Answered]:
    """The answers that have come in, at least one unless the time ran out or somebody called."""
    found: list[_Answered | Exception | None] = []
    try:
        found.append(inbox.get(timeout=max(milliseconds, 0) / 1000))
        while True:
            found.append(inbox.get_nowait())
    except queue.Empty:
        pass
    for one in found:
        if isinstance(one, Exception):
            raise one
    return [one for one in found if isinstance(one, _Answered)]


#: Goes on while the machine sleeps, where the system has such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class _Pool:
    """Threads that each carry one request at a time, started as they are needed.

    They are daemons: a program that is told twice to end must not wait for an answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._intents: queue.SimpleQueue[Intent] = queue.SimpleQueue()
        self._threads = 0

    def send(self, intent: Intent, under_way: int) -> None:
        """Hand a request to a free thread; `under_way` counts it and all others that have no answer yet."""
        self._intents.put(intent)
        if self._threads < min(under_way, MOST_THREADS):
            self._threads += 1
            threading.Thread(target=self._work, daemon=True, name=f"gateway-{self._threads}").start()

    def _work(self) -> None:
        engine = self._engine
        while True:
            intent = self._intents.get()
            started = engine.now()
            try:
                answer = engine.gateway.post(body(engine.app_ids[intent.device], intent.payload))
            except Exception as error:  # noqa: BLE001 - a bug in this thread must end the loop, not leave it waiting
                engine.stop.inbox.put(error)
                return
            engine.stop.inbox.put(_Answered(intent, answer, started, engine.now()))


def body(app_id: str, payload: str) -> bytes:
    """The request's body: the frozen payload with the appId put in, canonical like the payload itself."""
    return f'{{"appId":{json.dumps(app_id, ensure_ascii=False)},{payload[1:]}'.encode()
